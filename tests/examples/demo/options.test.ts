import { readOptions, UsageError } from '../../../examples/demo/options.ts'

const ALONE = {
  instances: 1,
  brokers: undefined,
  stateDir: undefined,
  records: 200_000,
  rate: undefined,
  guarantee: 'exactly_once',
  plain: false,
}

describe('the command line of the demo', () => {
  it.each([
    { args: [], options: ALONE },
    { args: ['--instances', '3'], options: { ...ALONE, instances: 3, records: 30_000, rate: 2_500 } },
    { args: ['--instances=2', '--rate=9', '--records=8'], options: { ...ALONE, instances: 2, records: 8, rate: 9 } },
    {
      args: ['--brokers', 'a:9092,[::1]:9093', '--state-dir', 'here', '--plain'],
      options: { ...ALONE, brokers: ['a:9092', '[::1]:9093'], stateDir: 'here', plain: true },
    },
    { args: ['--at-least-once'], options: { ...ALONE, guarantee: 'at_least_once' } },
  ])('$args', ({ args, options }) => {
    expect(readOptions(args)).toEqual(options)
  })

  it.each([[['--help']], [['-h']], [['--help', '--rate', 'fast']]])('%p asks for help', (args) => {
    expect(readOptions(args)).toBe('help')
  })

  it.each([
    { args: ['--speed'], problem: "Unknown option '--speed'" },
    { args: ['now'], problem: "Unexpected argument 'now'" },
    { args: ['--records'], problem: "Option '--records <value>' argument missing" },
    { args: ['--instances', '0'], problem: "--instances is '0', and must be a whole number from 1 to 8" },
    { args: ['--instances', '9'], problem: "--instances is '9', and must be a whole number from 1 to 8" },
    { args: ['--records', '1e3'], problem: "--records is '1e3', and must be a whole number from 1 to 5000000" },
    { args: ['--rate=-1'], problem: "--rate is '-1', and must be a whole number from 1 to 1000000" },
    { args: ['--rate', ''], problem: "--rate is '', and must be a whole number from 1 to 1000000" },
    {
      args: ['--brokers', 'localhost'],
      problem: "--brokers is 'localhost', and must be HOST:PORT, or several with commas between them",
    },
    {
      args: ['--state-dir', 'x'],
      problem: '--state-dir goes with --brokers and one instance: everything else starts anew each time',
    },
    {
      args: ['--state-dir', 'x', '--brokers', 'a:1', '--instances', '2'],
      problem: '--state-dir goes with --brokers and one instance: everything else starts anew each time',
    },
  ])('refuses $args in one line', ({ args, problem }) => {
    expect(() => readOptions(args)).toThrow(new UsageError(problem))
  })
})
