import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../tidy/sources.ts'

const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')

/** A TypeScript module by the name that its errors show. */
export interface Module {
  readonly title: string
  readonly text: string
}

/** The public door, as modules outside of the project name it. */
export const DOOR = JSON.stringify(join(ROOT, 'lib/index.ts'))
/** As DOOR, that of tests: `millrace/testing`. */
export const TESTING_DOOR = JSON.stringify(join(ROOT, 'lib/testing/index.ts'))

/** What the compiler has to say of the modules, as strict as the project: `title(line,column): error …`, one a line. */
export function compile(modules: readonly Module[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-docs-'))
  try {
    modules.forEach(({ text }, i) => {
      writeFileSync(join(folder, `example-${i}.ts`), text)
    })
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(CONFIG))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const { stdout } = spawnSync(process.execPath, [TSC, '-p', folder], { encoding: 'utf8' })
    // What is wrong with the library itself is not theirs to say.
    const own = stdout.matchAll(/^\S*\bexample-(\d+)\.ts(.*)$/gm)
    return [...own].map(([, i, problem]) => `${modules[Number(i)]!.title}${problem}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const CONFIG = {
  extends: join(ROOT, 'tsconfig.json'),
  compilerOptions: {
    noUnusedLocals: false,
    allowImportingTsExtensions: true,
    rewriteRelativeImportExtensions: false,
    typeRoots: [join(ROOT, 'node_modules/@types')],
    types: ['node'],
  },
  include: ['*.ts'],
}
