// The examples of the documents compile as they stand: their types are inferred.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../tidy/sources.ts'
import { examplesOf } from './examples.ts'

const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')

const WRONG = { title: 'a wrong serde', code: "builder.stream('in', strings).to('out', { value: serdes.long() })" }

describe('the examples of the documents', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-docs-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('compile', () => {
    const examples = [...examplesOf('docs/dsl.md'), ...examplesOf('docs/from-java.md'), WRONG]
    examples.forEach(({ code }, i) => {
      writeFileSync(join(folder, `example-${i}.ts`), moduleOf(code))
    })

    const errors = compile(folder).replace(/^.*example-(\d+)\.ts/gm, (_, i) => examples[Number(i)]!.title)

    // The wrong one shows that the others were looked at.
    expect(errors.split('\n').filter((line) => line !== '' && !line.startsWith(' '))).toEqual([
      expect.stringContaining('a wrong serde(5,'),
    ])
  })
})

/** An example with what it finds in scope; its first line is line 5. */
function moduleOf(code: string): string {
  return `import { serdes, StreamRecord, StreamsBuilder, stores, windows, type KeyValueStore } from ${JSON.stringify(join(ROOT, 'lib/index.ts'))}
const builder = new StreamsBuilder()
const strings = { key: serdes.string(), value: serdes.string() }
const numbers = { key: serdes.string(), value: serdes.long() }
${code}
export { builder, numbers, StreamRecord, stores, strings, windows, type KeyValueStore }
`
}

/** What the compiler has to say of the modules in a folder. */
function compile(folder: string): string {
  const compilerOptions = {
    noUnusedLocals: false,
    allowImportingTsExtensions: true,
    rewriteRelativeImportExtensions: false,
    typeRoots: [join(ROOT, 'node_modules/@types')],
    types: ['node'],
  }
  const config = { extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: ['*.ts'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  return spawnSync(process.execPath, [TSC, '-p', folder], { encoding: 'utf8' }).stdout
}
