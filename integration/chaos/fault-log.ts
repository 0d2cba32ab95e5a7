import { appendFileSync, copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../lib/core/clock.ts'

/** What was done to whom, when, and how it is known to have happened. */
export class FaultLog {
  /** How often each kind of fault has been seen to happen. */
  readonly counts = new Map<string, number>()
  readonly lines: string[] = []
  readonly #folder: string
  readonly #startMs = systemClock.monotonicMs()

  constructor(folder: string) {
    this.#folder = folder
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0)
  }

  get seconds(): number {
    return (systemClock.monotonicMs() - this.#startMs) / 1_000
  }

  /** @param proof - Undefined: it did not come to pass. */
  happened(kind: string, target: string, proof: string | undefined): void {
    if (proof !== undefined) this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
    this.note(`${target}: ${kind}: ${proof ?? 'did not come to pass'}`)
  }

  /** Copies a file that goes when the run ends. Returns where to. */
  keep(file: string, name: string): string {
    const copy = join(this.#folder, `${name}-${Math.round(this.seconds)}.log`)
    copyFileSync(file, copy)
    return copy
  }

  note(text: string): void {
    const line = `${new Date().toISOString()} ${this.seconds.toFixed(1).padStart(6)} s  ${text}`
    this.lines.push(line)
    appendFileSync(join(this.#folder, 'faults.log'), `${line}\n`)
  }
}
