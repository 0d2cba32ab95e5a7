import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { messageOf } from '../../lib/core/errors.ts'
import { type SimulationResult, simulate } from '../../lib/testing/simulation/simulate.ts'
import { chosenOf, type RunOptions } from './options.ts'

const MAIN = fileURLToPath(new URL('../simulate.ts', import.meta.url))

/** Runs seeds one after the other in this process. */
export async function runSeeds(
  { from, seeds, guarantee, trace, stop }: RunOptions,
  onResult: (result: SimulationResult) => void,
): Promise<void> {
  for (let seed = from; seed < from + seeds; seed++) {
    const result = await runSeed(seed, guarantee, trace)
    onResult(result)
    if (stop && result.violations.length > 0) return
  }
}

/** Shares seeds out to as many processes, each a stretch of them. */
export async function runInProcesses(options: RunOptions, onResult: (result: SimulationResult) => void): Promise<void> {
  const share = Math.ceil(options.seeds / options.processes)
  const stretches = Array.from({ length: options.processes }, (_, i) => ({
    from: options.from + i * share,
    seeds: Math.min(share, options.seeds - i * share),
  })).filter(({ seeds }) => seeds > 0)
  const children = stretches.map(({ from, seeds }) =>
    spawn(process.execPath, [MAIN, '--worker', '--from', `${from}`, '--seeds', `${seeds}`, ...chosenOf(options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  )
  let isStopped = false
  const codes = await Promise.all(
    children.map(async (child) => {
      const exited = once(child, 'exit')
      for await (const line of createInterface({ input: child.stdout })) {
        if (isStopped) continue
        const result = JSON.parse(line) as SimulationResult
        onResult(result)
        if (!options.stop || result.violations.length === 0) continue
        isStopped = true
        for (const one of children) one.kill()
      }
      return (await exited)[0] as number | null
    }),
  )
  if (!isStopped && codes.some((code) => code !== 0))
    throw new Error(`a process of the simulation ended with ${codes.join(', ')}`)
}

async function runSeed(seed: number, guarantee: RunOptions['guarantee'], trace: boolean): Promise<SimulationResult> {
  try {
    const chosen = guarantee === undefined ? {} : { guarantee }
    return await simulate({ seed, ...chosen, ...(trace ? { trace: (line) => console.log(line) } : {}) })
  } catch (error) {
    const nothing = { faults: {}, crashPoints: {}, records: 0, duplicates: 0, virtualMs: 0 }
    return {
      seed,
      guarantee: guarantee ?? 'exactly_once',
      violations: [`the simulation failed: ${messageOf(error)}`],
      ...nothing,
    }
  }
}
