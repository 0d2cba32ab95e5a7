// The examples of the documents do what they say, and no verb is without one.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as millrace from '../../lib/index.ts'
import { ROOT } from '../tidy/sources.ts'
import { examplesOf } from './examples.ts'
import { runExample } from './run-example.ts'

const DOCUMENT = 'docs/dsl.md'

describe.each([DOCUMENT, 'docs/from-java.md'])('%s', (path) => {
  it.each(examplesOf(path))('$title', async (example) => {
    expect(example.steps.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['in', 'out']))
    await runExample(example)
  })
})

describe(DOCUMENT, () => {
  it('shows the chart that describe() gives', () => {
    const { StreamsBuilder, serdes } = millrace
    const builder = new StreamsBuilder()
    builder
      .stream('lines', { key: serdes.string(), value: serdes.string(), name: 'lines' })
      .groupBy((line) => line, { name: 'by-word', key: serdes.string() })
      .count({ store: 'counts', name: 'count' })
      .toStream({ name: 'updates' })
      .to('counts', { name: 'counts' })

    const chart = builder.build().describe({ format: 'mermaid' })

    expect(readFileSync(join(ROOT, DOCUMENT), 'utf8')).toContain(`\`\`\`mermaid\n${chart}\`\`\`\n`)
  })

  it.each([
    millrace.StreamsBuilder,
    millrace.KStream,
    millrace.KGroupedStream,
    millrace.TimeWindowedKStream,
    millrace.SessionWindowedKStream,
    millrace.CogroupedKStream,
    millrace.TimeWindowedCogroupedKStream,
    millrace.SessionWindowedCogroupedKStream,
    millrace.KTable,
    millrace.KGroupedTable,
    millrace.Topology,
  ])('has a heading for each verb of %p', ({ prototype }) => {
    const headings = readFileSync(join(ROOT, DOCUMENT), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('#'))
      .join('\n')
    const verbs = Object.getOwnPropertyNames(prototype).filter((name) => !['constructor', 'physical'].includes(name))
    expect(verbs.filter((verb) => !headings.includes(`\`${verb}\``))).toEqual([])
  })
})
