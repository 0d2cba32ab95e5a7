// Real flights through a real topology: number and mean delay of flights by airport, exactly once.
//
//   npm run demo                                                          on a cluster inside this process
//   npm run demo -- --instances 3                                         three processes, of which one is killed and comes back
//   npm run demo -- --brokers localhost:9092 [--state-dir DIR]            the same topology on Kafka; run again, it goes on where it was
import { readOptions, USAGE, UsageError } from './demo/options.ts'
import { isRight, resultLines } from './demo/result.ts'
import { Run } from './demo/run.ts'
import { sizeOf } from './demo/screen.ts'
import { Setting } from './demo/setting.ts'
import { eventText, isLive, LiveShow, PlainShow } from './demo/show.ts'

const { stdout } = process
const RESULT_COLUMNS = 100
const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const

const NEXT =
  '\nnext: npm run demo -- --instances 3     three processes; one is killed with SIGKILL in the middle and comes back'

class Interrupted extends Error {
  readonly exitCode: number

  constructor(signal: keyof typeof SIGNALS) {
    super(`interrupted (${signal})`)
    this.exitCode = 128 + SIGNALS[signal]
  }
}

/** The first signal ends the run in good order; the second at once. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const signal of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) {
    process.on(signal, () => {
      const reason = new Interrupted(signal)
      if (controller.signal.aborted) process.exit(reason.exitCode)
      controller.abort(reason)
    })
  }
  return controller.signal
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') {
    console.log(USAGE)
    return 0
  }
  const live = !options.plain && isLive(stdout, process.env)
  const show = live ? new LiveShow(stdout) : new PlainShow((line) => console.log(line))
  const setting = new Setting(options)
  try {
    const run = new Run(options, setting, interruption(), (event) => show.event(event))
    show.open(() => run.snapshot())
    const result = await run.result()
    show.close()
    // The view has gone, and the story with it.
    if (live && options.instances > 1) for (const event of result.events) console.log(eventText(event))
    const columns = live ? Math.min(sizeOf(stdout).columns, RESULT_COLUMNS) : RESULT_COLUMNS
    for (const line of resultLines(result, { columns, colour: live })) console.log(line)
    if (options.instances === 1 && options.brokers === undefined) console.log(NEXT)
    return isRight(result) ? 0 : 1
  } finally {
    show.close()
    await setting.close()
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  const hint = error instanceof UsageError ? ' (--help shows the options)' : ''
  console.error(`${error instanceof Error ? error.message : String(error)}${hint}`)
  // What was interrupted in the middle of a start may still hold connections.
  process.exit(error instanceof UsageError ? 2 : error instanceof Interrupted ? error.exitCode : 1)
}
