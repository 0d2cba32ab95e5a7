// npm run build: compiles the library into dist/, with types, from nothing.
import { rmSync } from 'node:fs'
import { join } from 'node:path'

import { ROOT, run, TSC } from './run.ts'

rmSync(join(ROOT, 'dist'), { recursive: true, force: true })
try {
  run(process.execPath, [TSC, '-p', 'tsconfig.build.json'])
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}
