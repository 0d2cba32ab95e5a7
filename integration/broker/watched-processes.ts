import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { BrokerStartError } from './errors.ts'

export interface Command {
  readonly command: string
  readonly args: readonly string[]
}

export interface ToWatchdog extends Command {
  readonly id: number
  readonly logFile: string
}

export type FromWatchdog =
  | { readonly type: 'started'; readonly id: number; readonly pid: number }
  | { readonly type: 'failed'; readonly id: number; readonly reason: string }
  | { readonly type: 'exited'; readonly id: number; readonly how: string }

/** A process started by the watchdog. */
export interface WatchedProcess {
  readonly pid: number
  /** Why the process ended ('SIGKILL', 'exit code 1'); undefined while it runs. */
  readonly endedBy: string | undefined
  /** Resolves once the process has ended, with the reason. */
  readonly ended: Promise<string>
}

/**
 * Starts processes that cannot outlive this one: see watchdog.ts. `folder` is removed with them.
 *
 * Holding one does not keep this process alive, except while it waits for a start or for `close()`.
 */
export class WatchedProcesses {
  readonly #watchdog: ChildProcess
  #nextId = 0

  /** `cleanup` are commands to run, in order, after the processes were killed and before the folder is removed. */
  constructor(folder: string, cleanup: readonly Command[]) {
    this.#watchdog = fork(
      fileURLToPath(new URL('./watchdog.ts', import.meta.url)),
      [folder, JSON.stringify(cleanup)],
      // Detached: a Ctrl-C in the terminal is for the parent, which then closes in its own order.
      { detached: true, stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [], env: process.env },
    )
    this.#watchdog.setMaxListeners(0)
    this.#watchdog.unref()
    this.#watchdog.channel?.unref()
  }

  /** Output of both kinds is appended to `logFile`. */
  async start(command: Command, logFile: string): Promise<WatchedProcess> {
    const id = this.#nextId++
    const request: ToWatchdog = { ...command, id, logFile }
    return await this.#holding(
      new Promise<WatchedProcess>((resolve, reject) => {
        const ended = Promise.withResolvers<string>()
        let started: { pid: number; endedBy: string | undefined; ended: Promise<string> } | undefined
        const onMessage = (message: FromWatchdog) => {
          if (message.id !== id) return
          if (message.type === 'started') {
            started = { pid: message.pid, endedBy: undefined, ended: ended.promise }
            resolve(started)
          } else {
            this.#watchdog.off('message', onMessage)
            if (message.type === 'failed') {
              reject(new BrokerStartError(`'${command.command}' did not start: ${message.reason}`))
            } else if (started !== undefined) {
              started.endedBy = message.how
              ended.resolve(message.how)
            }
          }
        }
        this.#watchdog.on('message', onMessage)
        this.#watchdog.once('exit', () => reject(new BrokerStartError('The watchdog of the broker has ended')))
        this.#watchdog.send(request)
      }),
    )
  }

  /** Waits with this process kept alive by it. */
  async #holding<T>(work: Promise<T>): Promise<T> {
    this.#watchdog.ref()
    this.#watchdog.channel?.ref()
    try {
      return await work
    } finally {
      this.#watchdog.channel?.unref()
      this.#watchdog.unref()
    }
  }

  /** Kills every process (SIGKILL), cleans up and removes the folder. May be called twice. */
  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#watchdog
    if (exitCode !== null || signalCode !== null) return
    const exited = once(this.#watchdog, 'exit')
    if (this.#watchdog.connected) this.#watchdog.disconnect()
    await this.#holding(exited)
  }
}
