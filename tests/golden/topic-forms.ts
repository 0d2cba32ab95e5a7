// The exceptions that the recorded cases allow, topic by topic.
import type { ComparableRecord } from './comparable.ts'
import type { GoldenCase } from './golden-case.ts'

type Form = (records: readonly ComparableRecord[]) => readonly ComparableRecord[]

/** Headers of dead letters that hold Java's own texts: only that they are there counts. */
const JAVA_TEXTS = new Set(['__streams.errors.exception', '__streams.errors.message', '__streams.errors.stacktrace'])

/** Of the records that wait in a join of a stream with a table: written in their order. The other buffers are those of `suppress`. */
const JOIN_BUFFER = /-Buffer-changelog$/

/** How the records of a topic are written before they are compared. */
export function topicForms({ outputs }: GoldenCase, topic: string): Form {
  const records = outputs[topic] ?? []
  if (records.some(({ headers }) => headers.some(({ key }) => JAVA_TEXTS.has(key)))) return withoutJavaTexts
  // Java writes the changelogs of buffers without a timestamp: the producer would stamp them.
  if (!records.some(({ timestamp }) => timestamp === null)) return (each) => each
  return JOIN_BUFFER.test(topic) ? withoutTimestamps : (each) => byStepAndKey(withoutTimestamps(each))
}

const withoutTimestamps: Form = (records) => records.map((record) => ({ ...record, timestamp: -1 }))

const withoutJavaTexts: Form = (records) =>
  records.map((record) => ({
    ...record,
    headers: record.headers.map(([name, value]) => [name, JAVA_TEXTS.has(name) ? null : value]),
  }))

// Within one step Java writes in the order of a hash table.
const byStepAndKey: Form = (records) =>
  [...records].sort((a, b) => a.step - b.step || ((a.key ?? '') < (b.key ?? '') ? -1 : 1))
