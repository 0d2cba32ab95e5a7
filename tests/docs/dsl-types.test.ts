// The examples of the documents compile as they stand: their types are inferred.
import { compile, DOOR } from './compile.ts'
import { examplesOf } from './examples.ts'

// The compiler reads the whole library.
const HANGS_AFTER_MS = 120_000

const WRONG = { title: 'a wrong serde', code: "builder.stream('in', strings).to('out', { value: serdes.long() })" }

it(
  'the examples of the documents compile',
  () => {
    const examples = [...examplesOf('docs/dsl.md'), ...examplesOf('docs/from-java.md'), WRONG]

    const errors = compile(examples.map(({ title, code }) => ({ title, text: moduleOf(code) })))

    // The wrong one shows that the others were looked at.
    expect(errors).toEqual([expect.stringContaining('a wrong serde(5,')])
  },
  HANGS_AFTER_MS,
)

/** An example with what it finds in scope; its first line is line 5. */
function moduleOf(code: string): string {
  return `import { serdes, StreamRecord, StreamsBuilder, stores, Topology, windows, type KeyValueStore } from ${DOOR}
const builder = new StreamsBuilder()
const strings = { key: serdes.string(), value: serdes.string() }
const numbers = { key: serdes.string(), value: serdes.long() }
${code}
export { builder, numbers, StreamRecord, stores, strings, Topology, windows, type KeyValueStore }
`
}
