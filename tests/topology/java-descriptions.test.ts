// Names, numbers, sub-topologies and the text of describe() are compared with what Java Kafka Streams 4.3.1 gave.
import { TopologyDefinition } from '../../topology/definition.ts'
import { describeTopology } from '../../topology/describe.ts'
import { randomTopology } from '../golden/random-topology.ts'
import { definitionOf } from './oracle/described.ts'
import { readGzipped, recordedCase, recordedNames } from './oracle/recorded.ts'
import { topologies } from './oracle/topologies.ts'

describe('describe() of the same topology as in Java', () => {
  it.each([...topologies.keys()])('%s', (name) => {
    const { topologyDescription } = recordedCase(name)

    expect(topologies.get(name)!().describe()).toBe(topologyDescription)
  })

  it.each(recordedNames('random-'))('%s', (name) => {
    const { topology, topologyDescription } = recordedCase(name)

    expect(randomTopology(topology!.nodes).describe()).toBe(topologyDescription)
  })

  it('prints an empty topology', () => {
    expect(describeTopology(new TopologyDefinition())).toBe('Topologies:\n ')
  })
})

// Texts of all kinds of topologies, also with verbs that are not there yet: nodes are declared as the text names them, then described again.
describe('the order of nodes and neighbours in describe()', () => {
  it.each(readGzipped('descriptions.json.gz') as { name: string; text: string }[])('$name', ({ text }) => {
    expect(describeTopology(definitionOf(text))).toBe(text)
  })
})
