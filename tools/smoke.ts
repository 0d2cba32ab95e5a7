// What a user gets: packs the built library, installs the tarball in an empty folder, and uses it there, outside of the
// sources and of this project's node_modules. Needs dist/ (npm run build). Prints each thing that it checked.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ROOT, run, TSC } from './run.ts'

interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

const REQUIRED_FILES = [
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
  'package.json',
  'dist/lib/index.js',
  'dist/lib/index.d.ts',
  'dist/lib/testing/index.js',
  'dist/lib/testing/index.d.ts',
]
const ALLOWED_FOLDERS = ['dist/lib/', 'dist/topology/', 'dist/stores/', 'docs/']

// Types must resolve for a strict user who does not skip the check of our declarations.
const TYPED_USER = `import { KafkaStreams, StreamsBuilder, serdes } from 'millrace'
import * as testing from 'millrace/testing'

const builder = new StreamsBuilder()
builder
  .stream('lines', { key: serdes.string(), value: serdes.string() })
  .filter((value) => value.length > 0)
  .to('out', { key: serdes.string(), value: serdes.string() })
export const streams: KafkaStreams = new KafkaStreams(builder.build(), { applicationId: 'typed', brokers: ['localhost:9092'] })
export { testing }
`
const TYPED_USER_CONFIG = {
  compilerOptions: {
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable'],
    module: 'nodenext',
    strict: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules', '@types')],
  },
  files: ['typed-user.ts'],
}

function pack(folder: string): Packed {
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder])) as [Packed]
  const paths = packed.files.map(({ path }) => path)
  const missing = REQUIRED_FILES.filter((path) => !paths.includes(path))
  if (missing.length > 0) throw new Error(`The tarball lacks ${missing.join(', ')}`)
  const stray = paths.filter(
    (path) => !REQUIRED_FILES.includes(path) && !ALLOWED_FOLDERS.some((f) => path.startsWith(f)),
  )
  if (stray.length > 0) throw new Error(`The tarball has what no user needs: ${stray.join(', ')}`)
  return packed
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-smoke-'))
try {
  const { filename, files } = pack(folder)
  console.log(`ok: npm pack makes ${filename} of ${files.length} files, the required ones and no others`)

  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'smoke', private: true, type: 'module' }))
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', join(folder, filename)], folder)
  console.log('ok: it installs in an empty folder')

  copyFileSync(join(ROOT, 'tools', 'smoke-user.mjs'), join(folder, 'user.mjs'))
  process.stdout.write(run(process.execPath, ['user.mjs'], folder))

  writeFileSync(join(folder, 'typed-user.ts'), TYPED_USER)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TYPED_USER_CONFIG))
  run(process.execPath, [TSC, '-p', folder], folder)
  console.log('ok: its types resolve for a strict TypeScript user')
} catch (error) {
  console.error(`not ok: ${(error as Error).message}`)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
