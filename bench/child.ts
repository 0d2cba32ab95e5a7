import { spawn } from 'node:child_process'

/**
 * Runs a program by this Node to its end, and returns the last line that it wrote to stdout.
 *
 * @throws Error naming the program, if it failed; what it wrote to stderr is on ours.
 */
export async function lastLine(program: string, args: readonly string[]): Promise<string> {
  // kafkajs sets timers in the past.
  const child = spawn(process.execPath, ['--disable-warning=TimeoutNegativeWarning', program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`)
  return text.trim().split('\n').at(-1)!
}
