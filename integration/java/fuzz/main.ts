// Compares Millrace with Java Kafka Streams over random topologies and inputs: see tests/golden/README.md.
//
//   npm run fuzz:java -- --cases 1000 --seed 5    1000 cases, those of the seeds 5 to 1004
//   npm run fuzz:java -- --out FOLDER             where cases that differ are written; by default a folder that it names
//   npm run fuzz:java -- --no-shrink              leaves cases that differ as they are
//   npm run fuzz:java -- --check                  whether Java says here what it said when the cases of tests/data/oracle were recorded
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { missingForJava } from '../../broker/java-engine.ts'
import { JavaOracle } from '../java-oracle.ts'
import { type Difference, fuzzRun } from './fuzz-run.ts'
import { compareWithRecorded } from './same-as-recorded.ts'

const MAX_CASES = 1_000_000
const CASES_PER_LINE = 100

const settings = settingsGiven()
const missing = await missingForJava()
if (missing !== undefined) fail(`needs Java 17 or later; here there is ${missing}`)
await using java = await JavaOracle.start()
process.exitCode = await (settings.check ? check() : search())

function settingsGiven() {
  try {
    const { values } = parseArgs({
      options: {
        cases: { type: 'string', default: '200' },
        seed: { type: 'string', default: '1' },
        out: { type: 'string' },
        shrink: { type: 'boolean', default: true },
        check: { type: 'boolean', default: false },
      },
      allowNegative: true,
    })
    return { ...values, cases: wholeNumber('--cases', values.cases), seed: wholeNumber('--seed', values.seed) }
  } catch (error) {
    return fail((error as Error).message)
  }
}

function wholeNumber(option: string, text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1 || number > MAX_CASES) {
    throw new Error(`${option} must be a whole number from 1 to ${MAX_CASES}, not ${text}`)
  }
  return number
}

function fail(message: string): never {
  console.error(`${message}\nusage: npm run fuzz:java -- [--cases N] [--seed S] [--out FOLDER] [--no-shrink] | --check`)
  process.exit(2)
}

async function check(): Promise<number> {
  const { count, differences } = await compareWithRecorded(java)
  for (const difference of differences) console.log(difference)
  console.log(`${count} recorded cases, ${differences.length} with other results`)
  return differences.length === 0 ? 0 : 1
}

async function search(): Promise<number> {
  const { cases: count, seed: firstSeed, shrink: shrinks } = settings
  let folder = settings.out
  const found = ({ seed, recorded, problem }: Difference) => {
    folder ??= mkdtempSync(join(tmpdir(), 'millrace-fuzz-'))
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${recorded.name}.json`), JSON.stringify(recorded))
    console.log(`seed ${seed}: ${problem}`)
  }
  const progress = (done: number) => {
    if (done > 0 && done % CASES_PER_LINE === 0) console.error(`${done} of ${count}`)
  }
  const { ran, differ, rejected, refused } = await fuzzRun(java, { firstSeed, count, shrinks }, { found, progress })
  const reasons = [...rejected].sort(([, a], [, b]) => b - a)
  for (const [reason, times] of reasons) console.log(`Java rejects ${times}: ${reason}`)
  if (refused > 0) console.log(`Millrace refuses ${refused}`)
  if (differ.length > 0) console.log(`run these again: npm run test:golden -- ${folder}`)
  console.log(`${ran} cases, ${differ.length} differ`)
  return differ.length === 0 ? 0 : 1
}
