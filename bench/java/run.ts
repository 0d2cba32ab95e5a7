// node bench/java/run.ts --case … : builds the Java benchmark with Maven when its sources have changed, then runs it
// once: Kafka Streams, with the options of Options.java; as `run.ts client …` the clients alone, with those of
// ClientOptions.java; as `run.ts restore …` the restore of a store, see Restore.java. stdout is one JSON line.
import { spawnSync } from 'node:child_process'
import { globSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const FOLDER = import.meta.dirname
const TARGET = join(FOLDER, 'target')
const BUILT = join(TARGET, 'built')
const { JAVA_HOME } = process.env
const JAVA = JAVA_HOME ? join(JAVA_HOME, 'bin', 'java') : 'java'

function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** Builds unless the last build that succeeded is newer than every source. */
function build(): void {
  const sources = [join(FOLDER, 'pom.xml'), ...globSync(join(FOLDER, 'src', '**', '*.java'))]
  const newestMs = Math.max(...sources.map(modifiedMs))
  if (modifiedMs(BUILT) > newestMs) return
  // Maven's output goes to stderr: stdout is for the result.
  const { status, error } = spawnSync('mvn', ['-q', '-B', '-f', FOLDER, 'compile'], { stdio: ['ignore', 2, 2] })
  if (status !== 0) {
    console.error(`Maven did not build the Java benchmark (${error?.message ?? `exit code ${status}`})`)
    process.exit(1)
  }
  writeFileSync(BUILT, '')
}

build()
const classPath = [join(TARGET, 'classes'), join(TARGET, 'lib', '*')].join(delimiter)
const options = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', classPath]
const args = process.argv.slice(2)
const PROGRAMS = new Map([
  ['client', 'millrace.bench.ClientBench'],
  ['restore', 'millrace.bench.Restore'],
])
const named = PROGRAMS.get(args[0] ?? '')
const program = named === undefined ? ['millrace.bench.Main', ...args] : [named, ...args.slice(1)]
const { status, error } = spawnSync(JAVA, [...options, ...program], {
  stdio: ['ignore', 'inherit', 'inherit'],
})
if (error !== undefined) console.error(`Java did not start: ${error.message}`)
process.exitCode = status ?? 1
