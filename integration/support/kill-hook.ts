// Loaded by `node --import` before a program that runs Millrace: kills the process, as kill -9 does, at one step of a commit.
// MILLRACE_KILL_AT: sealed | ended | written; MILLRACE_KILL_TASK: the task whose commit it is.
import { subscribe } from 'node:diagnostics_channel'
import type { CommitStep } from '../../lib/runtime/commit-lane.ts'

subscribe('millrace:commit', (message) => {
  const { step, tasks } = message as CommitStep
  if (step === process.env.MILLRACE_KILL_AT && tasks.includes(process.env.MILLRACE_KILL_TASK!))
    process.kill(process.pid, 'SIGKILL')
})
