// A process of its own between whoever wants a broker and the broker's processes. Its only link to the parent is the IPC
// channel, which the system closes when the parent ends, however it ends: then everything started here is killed and
// the data is removed. `kill -9` of the parent leaves nothing behind.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, rmSync } from 'node:fs'

import type { Command, FromWatchdog, ToWatchdog } from './watched-processes.ts'

const folder = process.argv[2]!
const cleanup = JSON.parse(process.argv[3]!) as Command[]
const running = new Set<ChildProcess>()

function report(message: FromWatchdog): void {
  if (process.connected) process.send!(message, () => {}) // the parent may be gone: 'disconnect' follows
}

function run({ id, command, args, logFile }: ToWatchdog): void {
  const log = openSync(logFile, 'a')
  const child = spawn(command, args, { stdio: ['ignore', log, log] })
  closeSync(log)
  running.add(child)
  child.once('spawn', () => report({ type: 'started', id, pid: child.pid! }))
  child.once('error', (error) => report({ type: 'failed', id, reason: error.message }))
  child.once('exit', (code, signal) => {
    running.delete(child)
    report({ type: 'exited', id, how: signal ?? `exit code ${code}` })
  })
}

async function end(): Promise<void> {
  const exits = [...running].map((child) => once(child, 'exit'))
  for (const child of running) child.kill('SIGKILL')
  await Promise.all(exits)
  for (const { command, args } of cleanup) spawnSync(command, args, { stdio: 'ignore' })
  // A killed process may still be writing its last file.
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  process.exit(0)
}

process.on('message', run)
process.on('disconnect', end)
process.on('SIGTERM', end)
process.on('SIGINT', end)
