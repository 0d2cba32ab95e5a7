import type { IsolationLevel } from '../../client.ts'
import type { RequestOf, ResponseOf } from '../../protocol/apis.ts'
import { errorCodes } from '../../protocol/error-codes.ts'
import { answer, type BrokerState, type Handler } from '../broker-state.ts'
import { partitionFor } from './partition-for.ts'

type Wanted = RequestOf<'listOffsets'>['topics'][number]['partitions'][number]
type Found = ResponseOf<'listOffsets'>['topics'][number]['partitions'][number]

const LATEST = -1
const EARLIEST = -2
const NONE = -1

/** Finds the log start, the log end as the isolation level shows it, or the first offset at or after a time. */
export function listOffsets(state: BrokerState): Handler<'listOffsets'> {
  return answer(({ isolationLevel, topics }, { node }) => ({
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((wanted) => {
        const isolation = isolationLevel === 1 ? 'read_committed' : 'read_uncommitted'
        return find(state, name, wanted, node, isolation)
      }),
    })),
  }))
}

function find(state: BrokerState, topic: string, wanted: Wanted, node: number, isolation: IsolationLevel): Found {
  const { partitionIndex, timestamp } = wanted
  const log = partitionFor(state, topic, partitionIndex, node, wanted.currentLeaderEpoch)
  const nothing = { partitionIndex, errorCode: errorCodes.NONE, timestamp: NONE, offset: NONE, leaderEpoch: NONE }
  if (typeof log === 'number') return { ...nothing, errorCode: log }
  const { leaderEpoch } = log
  if (timestamp === LATEST) return { ...nothing, offset: log.endFor(isolation), leaderEpoch }
  if (timestamp === EARLIEST) return { ...nothing, offset: log.logStartOffset, leaderEpoch }
  // Other special times belong to later versions of the request.
  if (timestamp < 0) return { ...nothing, errorCode: errorCodes.UNSUPPORTED_VERSION }
  const found = log.findTimestamp(timestamp)
  if (found === undefined || found.offset >= log.endFor(isolation)) return nothing
  return { ...nothing, ...found, leaderEpoch }
}
