import { sleep, type Timer } from '../core/clock.ts'
import type { ClientContext } from './client.ts'
import { GroupFailure } from './group-failure.ts'
import type { GroupRequests } from './group-requests.ts'
import { backOffMs } from './outage.ts'

/** How long a closing member tries to leave, in milliseconds. If the coordinator is away it drops the member at the session time-out. */
export const LEAVE_PATIENCE_MS = 3_000

/** Leaves the group, as far as that is possible soon. Never throws. */
export async function leaveGroup(requests: GroupRequests, memberId: string, context: ClientContext): Promise<void> {
  const { clock, logger } = context
  const untilMs = clock.monotonicMs() + LEAVE_PATIENCE_MS
  for (let attempt = 1; ; attempt++) {
    const leftMs = Math.max(1, untilMs - clock.monotonicMs())
    const failure = await withPatience(requests.leave(memberId, leftMs), context, leftMs)
    if (failure === undefined || failure.kind !== 'outage') return
    const delayMs = backOffMs(attempt)
    if (clock.monotonicMs() + delayMs >= untilMs) {
      const { groupId } = requests.identity
      logger.warn(
        { group: groupId, err: failure.error },
        'Could not leave the group: it waits for the session time-out',
      )
      return
    }
    await sleep(clock, delayMs)
  }
}

// The timer is cancelled with the answer: it would keep the process alive.
async function withPatience(
  leaving: Promise<GroupFailure | undefined>,
  { clock }: ClientContext,
  limitMs: number,
): Promise<GroupFailure | undefined> {
  let timer: Timer | undefined
  const outOfPatience = new Promise<GroupFailure>((resolve) => {
    timer = clock.setTimer(limitMs, () =>
      resolve(new GroupFailure('outage', new Error(`no answer within ${LEAVE_PATIENCE_MS} ms`))),
    )
  })
  try {
    return await Promise.race([leaving, outOfPatience])
  } finally {
    timer?.cancel()
  }
}
