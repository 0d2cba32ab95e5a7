import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root folder of the project. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The TypeScript compiler of the project, run by Node. */
export const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')

/**
 * Runs a command to its end and returns what it wrote to stdout.
 *
 * @throws Error with everything that it wrote, if it failed.
 */
export function run(command: string, args: readonly string[], cwd = ROOT): string {
  // On Windows npm is a script, which only a shell runs.
  const shell = command === 'npm' && process.platform === 'win32'
  const line = [command, ...args.map((arg) => `"${arg}"`)].join(' ')
  const { status, signal, stdout, stderr, error } = spawnSync(shell ? line : command, shell ? [] : args, {
    cwd,
    shell,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 << 20,
  })
  if (status === 0) return stdout
  const how = error?.message ?? signal ?? `exit code ${status}`
  throw new Error(`${command} ${args.join(' ')} failed (${how}):\n${stdout}${stderr}`)
}
