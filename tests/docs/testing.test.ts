// The examples of docs/testing.md are programs of their own: they compile, and what they claim holds.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT } from '../tidy/sources.ts'
import { compile } from './compile.ts'
import { examplesOf } from './examples.ts'

// The compiler, and Node, read the whole library.
const HANGS_AFTER_MS = 120_000

const examples = examplesOf('docs/testing.md')
const doors = { millrace: 'lib/index.ts', 'millrace/testing': 'lib/testing/index.ts' }

/** The code with the files that a package's names stand for. */
function outside(code: string, nameOf: (path: string) => string): string {
  return Object.entries(doors).reduce(
    (text, [name, file]) => text.replaceAll(`from '${name}'`, `from ${JSON.stringify(nameOf(join(ROOT, file)))}`),
    code,
  )
}

it('there are examples of the driver and of the mock', () => {
  const text = examples.map(({ code }) => code).join('\n')
  expect(text).toContain('new TopologyTestDriver(')
  expect(text).toContain('new MockProcessorContext<')
})

it(
  'they compile',
  () => {
    const wrong = { title: 'a wrong type', code: `${examples[0]!.code}\nconst name: number = 'ada'` }
    const errors = compile(
      [...examples, wrong].map(({ title, code }) => ({ title, text: outside(code, (path) => path) })),
    )

    // The wrong one shows that the others were looked at.
    expect(errors).toEqual([expect.stringContaining('a wrong type(')])
  },
  HANGS_AFTER_MS,
)

describe('what they claim', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-testing-'))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const run = (code: string) => {
    const path = join(folder, 'example.ts')
    writeFileSync(
      path,
      outside(code, (file) => pathToFileURL(file).href),
    )
    const { status, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', path], {
      encoding: 'utf8',
    })
    return { status, stderr }
  }

  it.each(examples)('$title', ({ code }) => expect(run(code)).toEqual({ status: 0, stderr: '' }), HANGS_AFTER_MS)

  it(
    'is looked at',
    () => {
      const { status, stderr } = run(`${examples[1]!.code}\nassert.equal(context.committed(), false)`)
      expect({ status, failed: stderr.includes('AssertionError') }).toEqual({ status: 1, failed: true })
    },
    HANGS_AFTER_MS,
  )
})
