import { serdes } from '../../lib/serde/index.ts'
import { stores } from '../../stores/stores.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { Topology } from '../../topology/topology.ts'
import { strings } from './support/strings.ts'

const asMermaid = (topology: Topology) => topology.describe({ format: 'mermaid' })

describe("describe({ format: 'mermaid' })", () => {
  it('draws nodes in frames of sub-topologies, topics between them, and stores', () => {
    const builder = new StreamsBuilder()
    builder
      .stream(['lines', 'more'], { ...strings, name: 'in' })
      .groupBy((word) => word, { name: 'by-word', key: serdes.string() })
      .count({ store: 'counts', name: 'count' })
      .toStream({ name: 'updates' })
      .to('out', { name: 'exit' })

    expect(asMermaid(builder.build())).toBe(
      `flowchart TD
  subgraph subtopology0["Sub-topology 0"]
    node0["in"]
    node1["by-word"]
    node2["by-word-repartition-filter"]
    node3["by-word-repartition-sink"]
  end
  subgraph subtopology1["Sub-topology 1"]
    node4["by-word-repartition-source"]
    node5["count"]
    node6["updates"]
    node7["exit"]
    store0[("counts")]
  end
  topic0[/"more"/]
  topic1[/"lines"/]
  topic2[/"by-word-repartition"/]
  topic3[/"out"/]
  topic0 --> node0
  topic1 --> node0
  node0 --> node1
  node1 --> node2
  node2 --> node3
  node3 --> topic2
  topic2 --> node4
  node4 --> node5
  node5 -.- store0
  node5 --> node6
  node6 --> node7
  node7 --> topic3
`,
    )
  })

  it('draws a shared store once, and a topic that is written and read once', () => {
    const builder = new StreamsBuilder()
    builder.addStateStore(stores.keyValue('limits', strings))
    const create = (context: any) => ({ process: (record: any) => context.forward(record) })
    builder
      .stream('a', strings)
      .process({ stores: ['limits'], create, name: 'first', ...strings })
      .to('b')
    builder.stream('b', strings).process({ stores: ['limits'], create, name: 'second' })

    const lines = asMermaid(builder.build()).split('\n')

    expect(lines.filter((line) => line.includes('"limits"'))).toEqual(['    store0[("limits")]'])
    expect(lines.filter((line) => line.includes('-.-'))).toHaveLength(2)
    expect(lines.filter((line) => line.includes('"b"'))).toEqual(['  topic1[/"b"/]'])
    expect(lines.filter((line) => line.includes('topic1 -->') || line.includes('--> topic1'))).toHaveLength(2)
  })

  it('draws global stores in frames of their own', () => {
    const builder = new StreamsBuilder()
    const limits = builder.globalTable('limits', { ...strings, store: 'limits', name: 'global' })
    builder
      .stream('in', strings)
      .join(
        limits,
        (value) => value,
        (left, right) => left + right,
      )
      .foreach(() => {})

    const chart = asMermaid(builder.build())

    expect(chart).toContain(
      `  subgraph subtopology0["Sub-topology 0: global store"]
    node0["global-source"]
    node1["global"]
    store0[("limits")]
  end
`,
    )
    expect(chart).toContain('  subgraph subtopology1["Sub-topology 1"]\n')
  })

  it('draws a topic for each sink that chooses by record', () => {
    const topology = new Topology()
      .addSource('in', { topics: 'in', ...strings })
      .addSink('one', { parents: 'in', topic: (value) => value, ...strings })
      .addSink('two', { parents: 'in', topic: (value) => value, ...strings })

    expect(asMermaid(topology).match(/topic\d\[\/"chosen by record"\/\]/g)).toEqual([
      'topic1[/"chosen by record"/]',
      'topic2[/"chosen by record"/]',
    ])
  })

  it('draws a pattern of topics, with what Mermaid does not take in quotes as codes', () => {
    const topology = new Topology().addSource('in', { topics: /a"<b>#\d+/, ...strings })

    expect(asMermaid(topology)).toContain('  topic0[/"#47;a#34;#60;b#62;#35;#92;d#43;#47;"/]\n  topic0 --> node0\n')
  })

  it.each(['end', 'subgraph', '__more__', '-', '1.', 'o-x', 'style'])(
    'takes %s for a name, not for its syntax',
    (name) => {
      const topology = new Topology().addSource(name, { topics: name, ...strings })

      expect(asMermaid(topology)).toBe(
        `flowchart TD
  subgraph subtopology0["Sub-topology 0"]
    node0["${name}"]
  end
  topic0[/"${name}"/]
  topic0 --> node0
`,
      )
    },
  )

  it('rejects other formats', () => {
    expect(() => new Topology().describe({ format: 'svg' as 'text' })).toThrow(
      /describe\(\): format must be 'text' or 'mermaid', but is svg/,
    )
  })
})
