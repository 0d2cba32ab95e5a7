// npm run mutations [-- --seeds 1000] [--from 1] [--only PART-OF-NAME]
//
// Plants each mutation in a copy of the sources, runs the simulation over it from a seed on, and prints which seed found it. The unchanged code
// has to pass some seeds first, and in the end all that the slowest mutation needed. Exit code 1: it did not, or a mutation was not found.
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Mutation, mutations } from './mutations.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
/** A seed takes some fifty milliseconds; what takes so long goes round in circles. */
const HANG_MS = 60_000
const FIRST_VIOLATION = 'tests/simulation/mutations/first-violation.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
})
const seedCount = Number(values.seeds)
const firstSeed = Number(values.from)
const chosen = mutations.filter(({ name }) => name.includes(values.only))
if (
  !Number.isInteger(seedCount) ||
  seedCount < 1 ||
  !Number.isInteger(firstSeed) ||
  firstSeed < 1 ||
  chosen.length === 0
) {
  console.error('usage: npm run mutations [-- --seeds N] [--from N] [--only PART-OF-NAME]')
  process.exit(2)
}

interface Found {
  readonly seed?: number
  readonly violation?: string
}

function plant(folder: string, { name, edits }: Mutation): void {
  for (const { file, find, replace } of edits) {
    const path = join(folder, file)
    const source = readFileSync(path, 'utf8')
    if (source.split(find).length !== 2) throw new Error(`'${name}' no longer fits ${file}`)
    writeFileSync(
      path,
      source.replace(find, () => replace),
    )
  }
}

async function hunt(mutation: Mutation | undefined, seeds: number): Promise<Found> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-mutation-'))
  try {
    const tracked = execFileSync(
      'git',
      [
        'ls-files',
        '--cached',
        '--others',
        '--exclude-standard',
        'lib',
        'stores',
        'topology',
        'tests/simulation',
        'package.json',
      ],
      { cwd: ROOT, encoding: 'utf8' },
    )
    for (const file of tracked.trim().split('\n')) cpSync(join(ROOT, file), join(folder, file))
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    if (mutation !== undefined) plant(folder, mutation)
    const child = spawn(process.execPath, [FIRST_VIOLATION, String(firstSeed), String(firstSeed + seeds - 1)], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let output = ''
    let hangs = false
    const hang = () => {
      hangs = true
      child.kill('SIGKILL')
    }
    let timer = setTimeout(hang, HANG_MS)
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      clearTimeout(timer)
      timer = setTimeout(hang, HANG_MS)
    })
    const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve))
    clearTimeout(timer)
    const line = output.trim().split('\n').at(-1)
    // What does not even start has not been found by any check.
    if (line === undefined || line === '') throw new Error(`'${mutation?.name ?? 'the unchanged code'}' does not run`)
    const { begun, ...found } = JSON.parse(line) as Found & { readonly begun?: number }
    if (begun === undefined) return found
    return { seed: begun, violation: hangs ? 'it does not come to an end' : `the process ended with ${exitCode}` }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Seeds that the unchanged code passes before anything is planted. */
const FIRST_SEEDS = 20

async function requireToPass(seeds: number): Promise<void> {
  const { seed, violation } = await hunt(undefined, seeds)
  if (seed === undefined) return
  console.error(`the unchanged code fails at seed ${seed}: ${violation}`)
  process.exit(1)
}

await requireToPass(FIRST_SEEDS)
const waiting = [...chosen]
const found = new Map<string, Found>()
async function work(): Promise<void> {
  for (let mutation = waiting.shift(); mutation !== undefined; mutation = waiting.shift()) {
    const result = await hunt(mutation, seedCount)
    found.set(mutation.name, result)
    console.log(
      result.seed === undefined
        ? `NOT FOUND in ${seedCount} seeds: ${mutation.name}`
        : `seed ${result.seed}: ${mutation.name} (${result.violation})`,
    )
  }
}
await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, work))

const needed = Math.max(0, ...[...found.values()].map(({ seed }) => (seed === undefined ? 0 : seed + 1 - firstSeed)))
await requireToPass(needed)
const missed = [...found.values()].filter(({ seed }) => seed === undefined).length
console.log(`${found.size - missed} of ${found.size} found, within ${needed} seeds; the unchanged code passes them`)
process.exit(missed > 0 ? 1 : 0)
