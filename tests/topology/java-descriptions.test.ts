// Texts of all kinds of topologies as Java Kafka Streams 4.3.1 gave them: nodes are declared as the text names them, then described again. That verbs
// make these nodes is for tests/golden to show.
import { TopologyDefinition } from '../../topology/definition.ts'
import { describeTopology } from '../../topology/describe.ts'
import { definitionOf } from './oracle/described.ts'
import { readGzipped } from './oracle/recorded.ts'

it('prints an empty topology', () => {
  expect(describeTopology(new TopologyDefinition())).toBe('Topologies:\n ')
})

describe('the order of nodes and neighbours in describe()', () => {
  it.each(readGzipped('descriptions.json.gz') as { name: string; text: string }[])('$name', ({ text }) => {
    expect(describeTopology(definitionOf(text))).toBe(text)
  })
})
