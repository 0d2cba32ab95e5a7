import type { ChangelogPosition } from '../../stores/task-database.ts'

type Identity = Omit<ChangelogPosition, 'offset'>

/** What a changelog does not have any more of what a store has from it, or wrote to it; undefined: nothing, as far as its identity and its end tell. */
export function changelogLoss(
  position: ChangelogPosition,
  identity: Identity | undefined,
  end: number,
): string | undefined {
  return (
    identityLoss(position, identity) ??
    (position.offset > end ? `the store holds it up to offset ${position.offset}, and it ends at ${end}` : undefined)
  )
}

/** The same, of the topic alone; `now` undefined: the cluster does not have it. */
export function identityLoss(before: Identity, now: Identity | undefined): string | undefined {
  if (now === undefined) return 'the topic was deleted'
  if (before.clusterId !== now.clusterId) {
    return `the store was filled on the cluster ${before.clusterId}, and this is the cluster ${now.clusterId}`
  }
  return before.topicId === now.topicId
    ? undefined
    : `the topic was created anew (it has the id ${now.topicId}, and had ${before.topicId})`
}
