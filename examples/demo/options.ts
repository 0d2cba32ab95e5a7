// The command line of the demo.
import { parseArgs } from 'node:util'
import type { ProcessingGuarantee } from '../../lib/index.ts'

const MAX_INSTANCES = 8
const MAX_RECORDS = 5_000_000
const MAX_RATE = 1_000_000
/** One instance is shown at full speed; several slowly enough that one can be killed, missed and brought back in the middle. */
const DEFAULTS = {
  alone: { records: 200_000, rate: undefined },
  together: { records: 30_000, rate: 2_500 },
}

export const USAGE = `usage: npm run demo -- [options]

Counts real US flights by airport, with their mean delay, exactly once.

  --instances N         share the work among N processes (2 to ${MAX_INSTANCES}), kill one of them with SIGKILL and bring it back
  --brokers HOST:PORT   on this Kafka (several: with commas) instead of a cluster inside this process
  --state-dir DIR       with --brokers and one instance: where state is kept (default: the system's temporary folder);
                        run again, it goes on where it was
  --records N           how many flights; default ${DEFAULTS.alone.records}, with --instances ${DEFAULTS.together.records}
  --rate N              flights produced per second; default as fast as they are counted, with --instances ${DEFAULTS.together.rate}
  --at-least-once       the weaker guarantee, to compare: what a killed instance had not committed may count twice
  --plain               lines of text instead of the live view, as when the output is not a terminal
  --help                this text`

export interface DemoOptions {
  /** 1: in this process. More: processes of their own. */
  readonly instances: number
  /** Undefined: a cluster inside this process. */
  readonly brokers: readonly string[] | undefined
  readonly stateDir: string | undefined
  readonly records: number
  /** Flights a second; undefined: no limit. */
  readonly rate: number | undefined
  readonly guarantee: ProcessingGuarantee
  readonly plain: boolean
}

/** A command line that asks for something that is not there. The message is one line. */
export class UsageError extends Error {}

/** @throws UsageError */
export function readOptions(args: readonly string[]): DemoOptions | 'help' {
  const values = parse(args)
  if (values.help === true) return 'help'
  const instances = wholeNumber('instances', values.instances, 1, MAX_INSTANCES) ?? 1
  const brokers = values.brokers === undefined ? undefined : addresses(values.brokers)
  const stateDir = values['state-dir']
  if (stateDir !== undefined && (brokers === undefined || instances > 1)) {
    throw new UsageError('--state-dir goes with --brokers and one instance: everything else starts anew each time')
  }
  const defaults = instances === 1 ? DEFAULTS.alone : DEFAULTS.together
  return {
    instances,
    brokers,
    stateDir,
    records: wholeNumber('records', values.records, 1, MAX_RECORDS) ?? defaults.records,
    rate: wholeNumber('rate', values.rate, 1, MAX_RATE) ?? defaults.rate,
    guarantee: values['at-least-once'] === true ? 'at_least_once' : 'exactly_once',
    plain: values.plain ?? false,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        instances: { type: 'string' },
        brokers: { type: 'string' },
        'state-dir': { type: 'string' },
        records: { type: 'string' },
        rate: { type: 'string' },
        'at-least-once': { type: 'boolean' },
        plain: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    // Node adds advice about positional arguments, which the demo has none of.
    throw new UsageError((error as Error).message.split(/\.\s|\n/)[0]!)
  }
}

function wholeNumber(option: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= max) return value
  throw new UsageError(`--${option} is '${text}', and must be a whole number from ${min} to ${max}`)
}

function addresses(text: string): readonly string[] {
  const all = text.split(',')
  if (all.every((address) => /^.+:\d{1,5}$/.test(address))) return all
  throw new UsageError(`--brokers is '${text}', and must be HOST:PORT, or several with commas between them`)
}
