// Flow: admin-offsets, admin-delete-records → [admin-per-leader] → one request per leader.
import { StreamsError } from '../core/errors.ts'
import { partitionKey, type TopicPartition } from '../core/record.ts'
import type { AdminParts } from './admin.ts'
import { type AclOperation, onTopic, unauthorized } from './authorization.ts'
import { BrokerResponseError } from './errors.ts'
import { errorCodes, errorName, isRetriable } from './protocol/error-codes.ts'
import { Retry, retrying } from './retry.ts'

/** What a leader answered, by partition key: an error code. */
export type LeaderAnswers = ReadonlyMap<string, number>

/**
 * Asks each partition's leader, all partitions of a leader in one request, and asks again for those whose leader has moved or does not answer.
 *
 * @param what - The operation as the subject of a sentence: `Reading offsets`.
 * @param operation - What the request takes on the topics.
 * @param ask - Sends one request; keeps the results of partitions that succeeded.
 * @param advice - By error code: the way out.
 */
export function perLeader<P extends TopicPartition>(
  { metadata, context }: AdminParts,
  what: string,
  operation: AclOperation,
  partitions: readonly P[],
  ask: (node: number, partitions: readonly P[], timeoutMs: number) => Promise<LeaderAnswers>,
  advice: ReadonlyMap<number, string> = new Map(),
): Promise<void> {
  const pending = new Map(partitions.map((each) => [partitionKey(each.topic, each.partition), each]))

  async function askLeader(node: number, asked: readonly P[], timeoutMs: number): Promise<Error | undefined> {
    let answers: LeaderAnswers
    try {
      answers = await ask(node, asked, timeoutMs)
    } catch (error) {
      if (!(error instanceof StreamsError) || error.recovery !== 'retry') throw error
      for (const { topic } of asked) metadata.invalidate(topic)
      return error
    }
    let cause: Error | undefined
    for (const { topic, partition } of asked) {
      const key = partitionKey(topic, partition)
      const code = answers.get(key) ?? errorCodes.UNKNOWN_TOPIC_OR_PARTITION
      if (code === errorCodes.NONE) pending.delete(key)
      else if (!isRetriable(code)) {
        const failed = `${what} of ${topic}-${partition}`
        throw unauthorized(failed, code, [onTopic(topic, operation)]) ?? refusal(failed, code, advice.get(code))
      } else {
        metadata.invalidate(topic)
        cause = new Error(`${topic}-${partition}: ${errorName(code)}`)
      }
    }
    return cause
  }

  return retrying(context, what, async ({ remainingMs, timeoutMs }) => {
    const byNode = new Map<number, P[]>()
    await Promise.all(
      [...pending.values()].map(async (each) => {
        const node = await metadata.leader(each.topic, each.partition, remainingMs)
        const group = byNode.get(node)
        if (group === undefined) byNode.set(node, [each])
        else group.push(each)
      }),
    )
    const causes = await Promise.all([...byNode].map(([node, asked]) => askLeader(node, asked, timeoutMs)))
    const cause = causes.find((each) => each !== undefined)
    return cause === undefined ? undefined : new Retry(cause)
  })
}

function refusal(what: string, code: number, advice: string | undefined): BrokerResponseError {
  const wayOut = advice === undefined ? '' : ` ${advice}`
  return new BrokerResponseError(errorName(code), code, `${what} failed: ${errorName(code)}.${wayOut}`)
}
