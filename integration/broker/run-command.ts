import { spawn } from 'node:child_process'

import type { Command } from './watched-processes.ts'

/** How a command that ran to its end went. */
export interface CommandResult {
  readonly ok: boolean
  /** 'exit code 1', 'SIGKILL', or why it could not be started. */
  readonly how: string
  /** What it wrote to stdout and stderr, in order. */
  readonly output: string
}

/** Runs a command without input and collects its output; killed after `timeoutMs`. Never throws. */
export async function runToEnd({ command, args }: Command, timeoutMs: number): Promise<CommandResult> {
  return await new Promise((resolve) => {
    const child = spawn(command, args, {
      env: process.env, // in a jest test process.env is a copy, which spawn would not look at by itself
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: AbortSignal.timeout(timeoutMs),
      killSignal: 'SIGKILL',
    })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
    const output = () => Buffer.concat(chunks).toString()
    child.once('error', (error) => resolve({ ok: false, how: error.message, output: output() }))
    child.once('close', (code, signal) =>
      resolve({ ok: code === 0, how: signal ?? `exit code ${code}`, output: output() }),
    )
  })
}
