// Nothing ties the project to Linux: what can be seen in its text. What a platform does differently at run time is not tested here.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PUBLISHED, ROOT, sources } from './sources.ts'

const FOLDERS = [...PUBLISHED, 'examples', 'tools', 'bench', 'integration', 'tests']

const rules: readonly { readonly rule: string; readonly pattern: RegExp; readonly found: string }[] = [
  {
    rule: 'the path of a file URL comes from fileURLToPath or import.meta.dirname: its pathname is /C:/… on Windows',
    pattern: /import\.meta\.url\)\.pathname/,
    found: "new URL('a.ts', import.meta.url).pathname",
  },
  {
    rule: 'temporary files lie in os.tmpdir()',
    pattern: /(['"`])\/(?:tmp|var\/tmp)\b/,
    found: "mkdtempSync('/tmp/a-')",
  },
  {
    rule: 'class paths and the like are joined by path.delimiter',
    pattern: /PATH[^\n]*\.(?:join|split)\(':'\)/,
    found: "process.env.PATH.split(':')",
  },
]

describe.each(rules)('$rule', ({ pattern, found }) => {
  it('holds everywhere', () => {
    const lines = sources(FOLDERS)
      .filter(({ path }) => path !== 'tests/tidy/platforms.test.ts')
      .flatMap(({ path, text }) => text.split('\n').map((line) => `${path}: ${line.trim()}`))
    expect(lines.length).toBeGreaterThan(10_000)
    expect(lines.filter((line) => pattern.test(line))).toEqual([])
  })

  it('would be found', () => {
    expect(found).toMatch(pattern)
  })
})

describe('what is published', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

  it('excludes no platform', () => {
    expect(Object.keys(manifest)).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(?:os|cpu|libc)$/)]))
  })

  it('brings LevelDB ready-made for Linux, macOS and Windows', () => {
    const prebuilt = readdirSync(join(ROOT, 'node_modules/classic-level/prebuilds'))
    for (const platform of ['linux-x64', 'linux-arm64', 'darwin-x64+arm64', 'win32-x64'])
      expect(prebuilt).toContain(platform)
  })

  it('asks the kernel of Linux in one place, which can do without', () => {
    const asking = sources().filter(({ text }) => /['"`]\/(?:proc|sys|dev)\//.test(text))
    expect(asking.map(({ path }) => path)).toEqual(['stores/state-directory-owner.ts'])
  })

  it('has npm scripts that need no POSIX shell', () => {
    const commands = Object.values(manifest.scripts as Record<string, string>).flatMap((script) => script.split(' && '))
    expect(commands.length).toBeGreaterThan(10)
    expect(commands.filter((command) => !/^(?:node|npm|tsc|biome)(?: [\w@./:=-]+)*$/.test(command))).toEqual([])
  })
})

describe('file names', () => {
  const paths = readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => !/^(?:node_modules|dist|coverage|state)$|^\.git$/.test(entry.name))
    .flatMap((entry) =>
      entry.isDirectory()
        ? readdirSync(join(ROOT, entry.name), { recursive: true, encoding: 'utf8' }).map(
            (path) => `${entry.name}/${path}`,
          )
        : [entry.name],
    )
    .map((path) => path.replaceAll('\\', '/'))

  it('are allowed on Windows', () => {
    const refused = /[<>:"|?*\\]|[. ]$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i
    expect(paths.length).toBeGreaterThan(300)
    expect(paths.filter((path) => path.split('/').some((name) => refused.test(name)))).toEqual([])
  })

  it('differ in more than the case of their letters', () => {
    const folded = paths.map((path) => path.toLowerCase())
    expect(paths.filter((_, i) => folded.indexOf(folded[i]!) !== i)).toEqual([])
  })
})
