import { type Recovery, StreamsError } from '../core/errors.ts'

/** A test asked a TestOutputTopic for a record, and the topology has written none that was not read before. */
export class NoOutputRecordError extends StreamsError {
  readonly code = 'STREAMS_NO_OUTPUT_RECORD'
  readonly recovery: Recovery = 'fail'
  readonly topic: string

  constructor(topic: string) {
    super(
      `Topic '${topic}' has no record that was not read before. What is piped into a test driver has to be awaited before its output is read; ` +
        'isEmpty() says whether there is any.',
    )
    this.topic = topic
  }
}

/** What was piped into a test driver sets off records without end: the topology writes to a topic that it reads. */
export class EndlessTopologyError extends StreamsError {
  readonly code = 'STREAMS_ENDLESS_TOPOLOGY'
  readonly recovery: Recovery = 'fail'

  constructor(records: number) {
    super(
      `More than ${records} records have come of one call of the test driver: the topology feeds itself. ` +
        'What it writes to a topic that it reads has to come to an end for each record; if it does, raise maxRecordsPerCall.',
    )
  }
}
