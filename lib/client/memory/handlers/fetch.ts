import type { IsolationLevel } from '../../client.ts'
import type { RequestOf, ResponseOf } from '../../protocol/apis.ts'
import { errorCodes } from '../../protocol/error-codes.ts'
import type { BrokerState, Handler } from '../broker-state.ts'
import { partitionFor } from './partition-for.ts'

type FetchRequest = RequestOf<'fetch'>
type FetchResponse = ResponseOf<'fetch'>
type WantedPartition = FetchRequest['topics'][number]['partitions'][number]
type FetchedPartition = FetchResponse['topics'][number]['partitions'][number]

/** `fetch.max.bytes` of a broker. */
const MAX_RESPONSE_BYTES = 55 * 1024 * 1024
const NO_BYTES = Buffer.alloc(0)

/**
 * Answers as soon as `minBytes` can be read, or a partition has an error; otherwise parks until then, or until `maxWaitMs` have passed.
 */
export function fetch(state: BrokerState): Handler<'fetch'> {
  return (request, { node }, respond) => {
    if (request.sessionEpoch > 0) {
      // Every response says that there is no session, so nobody can continue one.
      respond({ throttleTimeMs: 0, errorCode: errorCodes.FETCH_SESSION_ID_NOT_FOUND, sessionId: 0, topics: [] })
      return undefined
    }
    const response = read(state, request, node)
    if (request.maxWaitMs > 0 && isWorthWaiting(request, response)) return park(state, request, node, respond)
    respond(response)
    return undefined
  }
}

function park(
  state: BrokerState,
  request: FetchRequest,
  node: number,
  respond: (response: FetchResponse) => void,
): () => void {
  const unwatch: (() => void)[] = []
  let isOver = false
  let isLookDue = false
  const forget = (): void => {
    isOver = true
    timer.cancel()
    for (const stop of unwatch) stop()
  }
  const complete = (): void => {
    if (isOver) return
    forget()
    respond(read(state, request, node))
  }
  const timer = state.clock.setTimer(request.maxWaitMs, complete)
  // One look for all that one request changes, after it.
  const onChange = (): void => {
    if (isLookDue) return
    isLookDue = true
    queueMicrotask(() => {
      isLookDue = false
      if (!isOver && isReady(state, request, node)) complete()
    })
  }
  for (const { name, partitions } of request.topics) {
    for (const { partition } of partitions) {
      const log = state.topics.partition(name, partition)
      if (log !== undefined) unwatch.push(log.watch(onChange))
    }
  }
  return forget
}

function isWorthWaiting(request: FetchRequest, response: FetchResponse): boolean {
  const partitions = response.topics.flatMap((topic) => topic.partitions)
  const sizeBytes = partitions.reduce((sum, { records }) => sum + (records?.length ?? 0), 0)
  const hasError = partitions.some(({ errorCode }) => errorCode !== errorCodes.NONE)
  return partitions.length > 0 && !hasError && sizeBytes < request.minBytes
}

// Asked at each change, so nothing is read: what could be read is added up.
function isReady(state: BrokerState, request: FetchRequest, node: number): boolean {
  const isolation = isolationOf(request)
  let availableBytes = 0
  for (const { name, partitions } of request.topics) {
    for (const wanted of partitions) {
      const log = partitionFor(state, name, wanted.partition, node, wanted.currentLeaderEpoch)
      if (typeof log === 'number' || wanted.fetchOffset < log.logStartOffset) return true
      availableBytes += Math.min(log.availableBytes(wanted.fetchOffset, isolation), wanted.partitionMaxBytes)
    }
  }
  return availableBytes >= request.minBytes
}

function read(state: BrokerState, request: FetchRequest, node: number): FetchResponse {
  let leftBytes = Math.min(request.maxBytes, MAX_RESPONSE_BYTES)
  let isFirst = true
  const topics = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((wanted) => {
      const fetched = readPartition(state, request, name, wanted, node, leftBytes, isFirst)
      const sizeBytes = fetched.records?.length ?? 0
      leftBytes = Math.max(0, leftBytes - sizeBytes)
      // Limits give way for one batch only, so that a reader never stands still.
      if (sizeBytes > 0) isFirst = false
      return fetched
    }),
  }))
  return { throttleTimeMs: 0, errorCode: errorCodes.NONE, sessionId: 0, topics }
}

function readPartition(
  state: BrokerState,
  request: FetchRequest,
  topic: string,
  wanted: WantedPartition,
  node: number,
  leftBytes: number,
  isFirst: boolean,
): FetchedPartition {
  const { partition, fetchOffset } = wanted
  const log = partitionFor(state, topic, partition, node, wanted.currentLeaderEpoch)
  if (typeof log === 'number') return failed(partition, log)
  if (fetchOffset < log.logStartOffset || fetchOffset > log.logEndOffset) {
    return failed(partition, errorCodes.OFFSET_OUT_OF_RANGE)
  }
  const isolation = isolationOf(request)
  const maxBytes = Math.min(wanted.partitionMaxBytes, leftBytes)
  const { records, abortedTransactions } = log.read(fetchOffset, maxBytes, isolation, isFirst)
  return {
    partitionIndex: partition,
    errorCode: errorCodes.NONE,
    highWatermark: log.logEndOffset,
    lastStableOffset: log.lastStableOffset,
    logStartOffset: log.logStartOffset,
    abortedTransactions: isolation === 'read_committed' ? abortedTransactions : null,
    preferredReadReplica: -1,
    records,
  }
}

function isolationOf(request: FetchRequest): IsolationLevel {
  return request.isolationLevel === 1 ? 'read_committed' : 'read_uncommitted'
}

function failed(partitionIndex: number, errorCode: number): FetchedPartition {
  return {
    partitionIndex,
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    abortedTransactions: null,
    preferredReadReplica: -1,
    records: NO_BYTES,
  }
}
