// The examples in docstrings compile, with streams and tables in scope that are called like what they hold.
import { compile, DOOR, type Module, TESTING_DOOR } from './compile.ts'
import { type DocstringExample, docstringExamples } from './docstrings.ts'

// The compiler reads the whole library.
const HANGS_AFTER_MS = 120_000

/** Where the public door's docstrings are. */
const PUBLIC = [
  'topology/',
  'stores/store',
  'lib/serde/',
  'lib/runtime/',
  'lib/core/errors.ts',
  'lib/kafka-streams.ts',
  'lib/testing/mock-',
  'lib/testing/t',
]

/** Files whose examples begin with tables rather than streams. */
const OF_TABLES = ['topology/ktable.ts', 'topology/kgrouped-table.ts', 'topology/options.ts', 'lib/serde/windowed.ts']

it(
  'the examples in docstrings compile',
  () => {
    const examples = docstringExamples(PUBLIC)
    const wrong = { path: 'topology/kstream.ts', line: 0, code: "clicks.to('out', { value: serdes.long() })" }

    const errors = compile([SCOPE, ...[...examples, wrong].map(moduleOf)])

    // The wrong one shows that the others were looked at.
    expect(errors).toEqual([expect.stringContaining('topology/kstream.ts:0(4,')])
    expect(examples.length).toBeGreaterThan(100)
  },
  HANGS_AFTER_MS,
)

/** An example with what it finds in scope; its first line is line 4. */
function moduleOf({ path, line, code }: DocstringExample): Module {
  const scope = OF_TABLES.includes(path) ? TABLES : path.startsWith('lib/testing/') ? TESTING : ''
  const text = `import { deadLetterOf, handlers, KafkaStreams, serdes, StreamRecord, StreamsBuilder, StreamsError, stores, timestamps, Topology, windows } from ${DOOR}
import type { DeserializationHandler, KeyValueStore, KStream, KTable, Processor, ProcessingHandler, ProductionHandler, Serde, SessionStore, TopicChooser, VersionedKeyValueStore, Windowed, WindowStore } from ${DOOR}
export async function example(${scope}): Promise<Processor<string, string, string, string> | undefined> {{
${code}
}
return undefined }
`
  return { title: `${path}:${line}`, text }
}

const TABLES = `
  { clicksByPage, orders, users, addresses, photos, debits, credits, products, items, servers, perMinute, hourly, visits }: Tables`.trim()

const TESTING = '{ driver, words, MockProcessorContext, TopologyTestDriver }: Testing'

const SCOPE: Module = {
  title: 'scope',
  text: `import type { KafkaStreams, KStream, KTable, Processor, ProcessorContext, StreamRecord, StreamsBuilder, Topology, Windowed } from ${DOOR}
import type * as testing from ${TESTING_DOOR}
declare global {
  interface Line { product: string; quantity: number }
  interface Order { customer: string; country: string; test: boolean; total: number; productId: string; lines: Line[] }
  interface Sale extends Order { country: string }
  interface Flight { at: number; origin: string; destination: string; delayMin: number }
  interface Airport { city: string }
  interface Click { user: string; page: string }
  interface Impression { campaign: string }
  interface Attributed extends Click, Impression {}
  interface Payment { amount: number; score: number; requestId: string }
  interface Happening { name: string }
  interface Numbered { n?: number; version?: number }
  interface Cart { items: string[]; lastPage: string }
  interface PageView { page: string }
  interface Stats { n: number; sum: number }
  interface Reading { celsius: number }
  interface Load { n: number; sum: number }
  interface Shipment extends Order { address: string }
  interface PricedOrder extends Order { price: number }

  const builder: StreamsBuilder
  const topology: Topology
  const context: ProcessorContext<string, string>
  const log: { debug(fields: object, text: string): void }
  const pager: { send(alert: string): Promise<void> }
  const NO_PHOTO: string
  const streams: KafkaStreams
  const record: StreamRecord<string, string>
  const order: StreamRecord<string, Order>
  const at: number
  const numbers: { key: import(${DOOR}).Serde<string>; value: import(${DOOR}).Serde<number> }
  function lookUp(key: string): Promise<number>
  function createTopics(): Promise<void>
  function createCounter(context: ProcessorContext<string, number>): Processor<string, string, string, number>
  function expect(actual: unknown): { toBe(it: unknown): void; toEqual(it: unknown): void; toMatchObject(it: unknown): void }

  const words: KStream<string, string>
  const lines: KStream<string, string>
  const alerts: KStream<string, string>
  const added: KStream<string, string>
  const temperatures: KStream<string, number>
  const readings: KStream<string, number>
  const bids: KStream<string, number>
  const booked: KStream<string, number>
  const billed: KStream<string, number>
  const goals: KStream<string, string>
  const likes: KStream<string, string>
  const orders: KStream<string, Order>
  const webOrders: KStream<string, Order>
  const shopOrders: KStream<string, Order>
  const payments: KStream<string, Payment>
  const clicks: KStream<string, Click>
  const visits: KStream<string, Click>
  const impressions: KStream<string, Impression>
  const events: KStream<string, Happening>
  const flights: KStream<string, Flight>
  const requests: KStream<string, { id: string }>
  const responses: KStream<string, { text: string }>
  const customers: KTable<string, { country: string }>
  const airports: import(${DOOR}).GlobalKTable<string, Airport>

  interface Tables {
    readonly clicksByPage: KTable<string, number>
    readonly orders: KTable<string, Order>
    readonly users: KTable<string, { city: string }>
    readonly addresses: KTable<string, string>
    readonly photos: KTable<string, string>
    readonly debits: KTable<string, number>
    readonly credits: KTable<string, number>
    readonly products: KTable<string, { price: number; title: string }>
    readonly items: KTable<string, { product: string; count: number }>
    readonly servers: KTable<string, { region: string; load: number }>
    readonly perMinute: KTable<Windowed<string>, number>
    readonly hourly: KTable<Windowed<string>, number>
    readonly visits: KTable<Windowed<string>, number>
  }

  interface Testing {
    readonly driver: testing.TopologyTestDriver
    readonly words: testing.TestInputTopic<string, string>
    readonly MockProcessorContext: typeof testing.MockProcessorContext
    readonly TopologyTestDriver: typeof testing.TopologyTestDriver
  }
}
`,
}
