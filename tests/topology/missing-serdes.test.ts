// Every verb that needs a serde: build() names the node that needs it, the option to give it in, and the verb that could have given it.
import type { KGroupedStream } from '../../topology/kgrouped-stream.ts'
import type { KStream } from '../../topology/kstream.ts'
import type { KTable } from '../../topology/ktable.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { windows } from '../../topology/windows.ts'
import { strings } from './support/strings.ts'

/** What verbs are called on. Of `bare` nothing is known, of `known` both serdes. */
interface Inputs {
  readonly builder: StreamsBuilder
  readonly known: KStream<string, string>
  readonly grouped: KGroupedStream<string, string>
  readonly bare: KStream<string, string>
  readonly bareKeys: KStream<string, string>
  readonly bareValues: KStream<string, string>
  readonly bareGrouped: KGroupedStream<string, string>
  readonly table: KTable<string, string>
  readonly bareTable: KTable<string, string>
}

function inputs(): Inputs {
  const builder = new StreamsBuilder()
  const known = builder.stream('in', { ...strings, name: 'in' })
  const bareValues = known.mapValues((value) => value, { name: 'made-values' })
  return {
    builder,
    known,
    grouped: known.groupByKey(),
    bare: known.map((value, key) => [key, value], { name: 'made' }),
    bareKeys: known.map((value, key) => [key, value], { name: 'made-keys', value: strings.value }),
    bareValues,
    bareGrouped: bareValues.groupByKey(),
    table: builder.table('table', { ...strings, name: 'table' }),
    bareTable: builder
      .table('other', { ...strings, name: 'other' })
      .mapValues((value) => value, { name: 'made-entries' }),
  }
}

const within = windows.join({ withinMs: 1 })
const tumbling = windows.tumbling({ sizeMs: 1 })
const session = windows.session({ inactivityGapMs: 1 })
const first = (left: any) => left
const zero = () => 0
const pair = (value: string, key: string) => [key, value] as const
const create = () => ({ process() {} })
const store: any = { name: 's' }

// As of code without types: what the compiler would ask for is missing.
const named: any = { name: 'n' }
const keyOnly: any = { key: strings.key, name: 'n' }
const valueOnly: any = { value: strings.value, name: 'n' }

type Case = readonly [verb: string, option: string, node: RegExp, verbs: (inputs: Inputs) => unknown]

const cases: readonly Case[] = [
  ['stream', 'key', /^n$/, ({ builder }) => builder.stream('x', valueOnly)],
  ['stream', 'value', /^n$/, ({ builder }) => builder.stream('x', keyOnly)],
  ['table', 'key', /^n-source$/, ({ builder }) => builder.table('x', valueOnly)],
  ['table', 'value', /^n-source$/, ({ builder }) => builder.table('x', keyOnly)],
  ['globalTable', 'key', /^n/, ({ builder }) => builder.globalTable('x', valueOnly)],
  ['globalTable', 'value', /^n/, ({ builder }) => builder.globalTable('x', keyOnly)],
  ['addGlobalStore', 'key', /^n/, ({ builder }) => builder.addGlobalStore(store, 'x', { ...valueOnly, create })],
  ['addGlobalStore', 'value', /^n/, ({ builder }) => builder.addGlobalStore(store, 'x', { ...keyOnly, create })],
  ['to', 'key', /^n$/, ({ bareKeys }) => bareKeys.to('x', named)],
  ['to', 'value', /^n$/, ({ bareValues }) => bareValues.to('x', named)],
  ['repartition', 'key', /^n-repartition-sink$/, ({ bareKeys }) => bareKeys.repartition(named)],
  ['repartition', 'value', /^n-repartition-sink$/, ({ bareValues }) => bareValues.repartition(named)],
  ['toTable', 'key', /./, ({ bareKeys }) => bareKeys.toTable(named)],
  ['toTable', 'value', /^n$/, ({ bareValues }) => bareValues.toTable({ name: 'n', store: 's' })],
  ['distinct', 'key', /./, ({ bareKeys }) => bareKeys.distinct({ name: 'n', withinMs: 1 })],
  ['distinct', 'idSerde', /^n$/, ({ known }) => known.distinct({ name: 'n', withinMs: 1, id: (value) => value })],
  ['groupBy', 'key', /^n-repartition-sink$/, ({ known }) => known.groupBy(first, named).count()],
  [
    'groupByKey',
    'value',
    /^n-repartition-sink$/,
    ({ bare }) => bare.groupByKey({ name: 'n', key: strings.key }).count(),
  ],
  ['reduce', 'value', /^n$/, ({ bareGrouped }) => bareGrouped.reduce(first, named)],
  ['aggregate', 'value', /^n$/, ({ grouped }) => grouped.aggregate(zero, first, named)],
  ['reduce', 'value', /^n$/, ({ bareGrouped }) => bareGrouped.windowedBy(tumbling).reduce(first, named)],
  ['aggregate', 'value', /^n$/, ({ grouped }) => grouped.windowedBy(tumbling).aggregate(zero, first, named)],
  ['reduce', 'value', /^n$/, ({ bareGrouped }) => bareGrouped.windowedBy(session).reduce(first, named)],
  ['aggregate', 'value', /^n$/, ({ grouped }) => grouped.windowedBy(session).aggregate(zero, first, first, named)],
  ['aggregate', 'value', /^n/, ({ grouped }) => grouped.cogroup(first).aggregate(zero, named)],
  ['aggregate', 'value', /^n/, ({ grouped }) => grouped.cogroup(first).windowedBy(tumbling).aggregate(zero, named)],
  [
    'aggregate',
    'value',
    /^n/,
    ({ grouped }) => grouped.cogroup(first).windowedBy(session).aggregate(zero, first, named),
  ],
  ['join', 'left', /^n/, ({ bareValues, known }) => bareValues.join(known, first, { within, name: 'n' })],
  ['join', 'right', /^n/, ({ bareValues, known }) => known.join(bareValues, first, { within, name: 'n' })],
  ['join', 'key', /^n/, ({ bareKeys, known }) => bareKeys.join(known, first, { within, name: 'n' })],
  ['leftJoin', 'right', /^n/, ({ bareValues, known }) => known.leftJoin(bareValues, first, { within, name: 'n' })],
  ['outerJoin', 'right', /^n/, ({ bareValues, known }) => known.outerJoin(bareValues, first, { within, name: 'n' })],
  ['join', 'key', /^n-repartition-sink$/, ({ bareKeys, table }) => bareKeys.join(table, first, named)],
  [
    'leftJoin',
    'left',
    /^n-repartition-sink$/,
    ({ bare, table }) => bare.leftJoin(table, first, { name: 'n', key: strings.key }),
  ],
  ['filter', 'value', /^n$/, ({ bareTable }) => bareTable.filter(() => true, { name: 'n', store: 's' })],
  ['filterNot', 'value', /^n$/, ({ bareTable }) => bareTable.filterNot(() => true, { name: 'n', store: 's' })],
  ['mapValues', 'value', /^n$/, ({ table }) => table.mapValues(first, { name: 'n', store: 's' })],
  [
    'transformValues',
    'value',
    /^n$/,
    ({ table }) => table.transformValues({ name: 'n', store: 's', create: () => ({ transform: first }) }),
  ],
  ['join', 'value', /^n$/, ({ table, bareTable }) => table.join(bareTable, first, { name: 'n', store: 's' })],
  ['leftJoin', 'value', /^n$/, ({ table, bareTable }) => table.leftJoin(bareTable, first, { name: 'n', store: 's' })],
  ['outerJoin', 'value', /^n$/, ({ table, bareTable }) => table.outerJoin(bareTable, first, { name: 'n', store: 's' })],
  ['joinOnForeignKey', 'value', /^n/, ({ table, bareTable }) => bareTable.joinOnForeignKey(table, first, first, named)],
  ['joinOnForeignKey', 'value', /^n/, ({ table, bareTable }) => table.joinOnForeignKey(bareTable, first, first, named)],
  [
    'leftJoinOnForeignKey',
    'value',
    /^n/,
    ({ table, bareTable }) => table.leftJoinOnForeignKey(bareTable, first, first, named),
  ],
  ['groupBy', 'key', /^n-sink$/, ({ table }) => table.groupBy(pair, { value: strings.value }).count(named)],
  [
    'groupBy',
    'value',
    /^n-sink$/,
    ({ table }) => table.groupBy(pair, { key: strings.key }).reduce(first, first, named),
  ],
  ['aggregate', 'value', /^n$/, ({ table }) => table.groupBy(pair, strings).aggregate(zero, first, first, named)],
  [
    'suppress',
    'value',
    /^n$/,
    ({ bareTable }) => bareTable.suppress({ until: 'time-limit', timeLimitMs: 1, name: 'n' }),
  ],
]

// Their options are of the result, or have no serdes: what they need is to be given above.
const TAKES_NONE = /OnForeignKey$|^suppress$/

describe('a serde that is missing', () => {
  it.each(cases)('%s(): %s', (verb, option, node, verbs) => {
    const given = inputs()
    verbs(given)

    const error = thrown(() => given.builder.build())

    expect(error).toMatchObject({ code: 'STREAMS_MISSING_SERDE', node: expect.stringMatching(node), option })
    expect(error.message).toContain(`Pass { ${option}: serde } ${TAKES_NONE.test(verb) ? 'there' : `to ${verb}()`}`)
  })

  it('is said with the verb that made what it is for', () => {
    const { bareValues, builder } = inputs()
    bareValues.to('out', named)

    expect(() => builder.build()).toThrow(/Its values were made by 'made-values' \(mapValues\), which was given none/)
  })

  it('is none where nothing is written or stored', () => {
    const { bare, builder } = inputs()
    bare
      .filter(() => true)
      .selectKey(first)
      .mapValues(first)
      .merge(bare)
      .peek(first)
      .foreach(first)

    expect(() => builder.build()).not.toThrow()
  })
})

function thrown(call: () => unknown): any {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
