// On a Node that is too old, the import says so, and not what it stumbles over.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OLDEST_NODE, requireNode } from '../../../lib/core/node-version.ts'
import { PUBLISHED, ROOT, sources } from '../../tidy/sources.ts'

it('the oldest version is the one that package.json names', () => {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  expect(engines.node).toBe(`>=${OLDEST_NODE}`)
})

it.each(['22.15.0', '22.16.3', '24.0.0', '100.1.0'])('%s will do', (version) => {
  expect(() => requireNode(version)).not.toThrow()
})

it.each(['18.20.8', '20.19.0', '22.14.9', '22.9.0'])('%s is refused', (version) => {
  expect(() => requireNode(version)).toThrow(
    expect.objectContaining({
      code: 'STREAMS_UNSUPPORTED_NODE',
      message: `Millrace needs Node.js 22.15 or later, and this is ${version}. Install a later Node.js.`,
    }),
  )
})

it.each(['lib/index.ts', 'lib/testing/index.ts'])('%s says so before anything else', (door) => {
  const script = `
    Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } })
    import(${JSON.stringify(new URL(`../../../${door}`, import.meta.url).href)}).then(
      () => console.log('imported'),
      (error) => console.log(error.code),
    )`
  expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }).trim()).toBe('STREAMS_UNSUPPORTED_NODE')
})

// A name that a module does not have fails while modules are linked, before any of them runs.
it('what came to Node with that version is not imported by name', () => {
  const late = /import \{[^}]*\b(?:zstd\w*|ZstdCompress|ZstdDecompress)\b[^}]*\} from 'node:zlib'/
  expect("import { constants, zstdCompressSync } from 'node:zlib'").toMatch(late)
  const published = sources(PUBLISHED)
  expect(published.some(({ text }) => text.includes("from 'node:zlib'"))).toBe(true)
  expect(published.filter(({ text }) => late.test(text)).map(({ path }) => path)).toEqual([])
})
