// The demo as somebody sees it who runs it: on the cluster inside it, in a terminal, with processes that are killed, and on a real Kafka.
import { spawnSync } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'
import { jest } from '@jest/globals'
import { placeOf } from '../examples/demo/cluster.ts'
import { flights, topicsOf } from '../examples/demo/topology.ts'
import { describeWithBroker } from './broker/describe.ts'
import { TestCluster, until } from './support/cluster.ts'
import { DemoProcess, type DemoProcessOptions } from './support/demo-process.ts'

// Each starts processes that load the whole library, up to four at once.
jest.setTimeout(120_000)

const ESCAPE = '\u001b'
/** The cursor and the screen of before. */
const GIVE_BACK = `${ESCAPE}[?25h${ESCAPE}[?1049l`
const PROMISES = [
  'every sum equals that of a plain loop over the flights',
  expect.stringMatching(/^no total ever fell or repeated: [\d,]+ results of [\d,]+ transactions read$/),
]

describe('the demo', () => {
  let demo: DemoProcess
  const run = (options: DemoProcessOptions) => {
    demo = new DemoProcess(options)
    return demo
  }
  afterEach(() => demo.close())

  it('without a terminal prints plain lines, the result and what it proves, and leaves nothing behind', async () => {
    const { lines } = await ended(run({ args: ['--records', '3000'] }), 0)
    expect(lines[0]).toBe('cluster: a cluster inside this process')
    expect(lines).toContainEqual(
      expect.stringMatching(/^ the 15 busiest of 1\d\d airports {2,}flights {2,}mean delay$/),
    )
    expect(lines.slice(-6)).toEqual([
      expect.stringMatching(/^3,000 flights in [\d.]+ s: [\d,]+ flights\/s, each through two topics$/),
      ...PROMISES,
      '',
      expect.stringMatching(/^next: npm run demo -- --instances 3 /),
      '',
    ])
    expect(demo.stdout).not.toContain(ESCAPE)
    expect(demo.stderr).toBe('')
    expect(demo.left).toEqual([])
  })

  it('prints its usage when asked', async () => {
    await ended(run({ args: ['--help'] }), 0)
    expect(demo.stdout).toMatch(/^usage: npm run demo -- \[options\]\n/)
  })

  it('refuses a wrong option with one line and code 2', async () => {
    await ended(run({ args: ['--instances', 'many'] }), 2)
    expect(demo.stdout).toBe('')
    expect(demo.stderr).toBe(
      "--instances is 'many', and must be a whole number from 1 to 8 (--help shows the options)\n",
    )
  })

  it.each([
    { signal: 'SIGINT', code: 130 },
    { signal: 'SIGTERM', code: 143 },
  ] as const)('ends with $code on $signal, and cleans up', async ({ signal, code }) => {
    run({ args: ['--records', '5000', '--rate', '50'] })
    await demo.shows(/flights counted/)
    expect(demo.left).not.toEqual([])
    demo.signal(signal)
    await ended(demo, code)
    expect(demo.stderr).toBe(`interrupted (${signal})\n`)
    expect(demo.left).toEqual([])
  })

  it('shares the work among three processes, survives a kill -9 of one, and every total is right', async () => {
    const { stdout } = await ended(run({ args: ['--instances', '3', '--records', '8000'] }), 0)
    const [, pids] = await demo.shows(/3 processes start, each with its own state \(pids ([\d, ]+)\)/)
    const [, victim, pid] = await demo.shows(/ ([abc]) killed with SIGKILL \(pid (\d+)\) while it ran .*totals \d/)
    expect(pids!.split(', ')).toContain(pid)
    const [, again] = await demo.shows(/starts again on the state directory that it left \(pid (\d+)\)/)
    expect(pids!.split(', ')).not.toContain(again)

    const story = [
      'processes share 8 tasks',
      'killed with SIGKILL',
      `the others have taken over the tasks of ${victim} and go on`,
      `${victim} starts again`,
      `${victim} is back with`,
      'flights/s, each through two topics',
    ]
    const order = story.map((event) => stdout.indexOf(event))
    expect(order).toEqual([...order].sort((a, b) => a - b))
    expect(order[0]).toBeGreaterThan(0)
    // It died in the middle of the work: others went on with what it had begun, and it with what they had.
    const restored = stdout.slice(order[1], order[4]).match(/ ([abc]) restored [\d,]+ records of totals/g)!
    expect(restored.some((line) => !line.startsWith(` ${victim}`))).toBe(true)
    expect(demo.lines.slice(-3)).toEqual([...PROMISES, ''])
    expect(stdout).not.toContain(ESCAPE)
    expect(demo.left).toEqual([])
  })

  it('fails with 1 when an instance dies that was not to die, and takes the others along', async () => {
    run({ args: ['--instances', '2'] })
    const [, victim, other] = await demo.shows(/\(pids (\d+), (\d+)\)/)
    process.kill(Number(victim), 'SIGKILL')
    await ended(demo, 1)
    expect(demo.stderr).toMatch(/^instance a failed: the process ended by itself \(SIGKILL\)/)
    expect(isAlive(Number(other))).toBe(false)
    expect(demo.left).toEqual([])
  })

  it('takes its instances along when it is killed itself', async () => {
    run({ args: ['--instances', '2'] })
    const [, ...pids] = await demo.shows(/\(pids (\d+), (\d+)\)/)
    await demo.shows(/share 8 tasks/)
    demo.signal('SIGKILL')
    await demo.exitCode()
    await until('its instances have ended', () => !pids.some((pid) => isAlive(Number(pid))))
  })
})

describeWithBroker('the demo on a real Kafka', (brokers) => {
  const topics = topicsOf('millrace-demo')
  let cluster: TestCluster
  let demo: DemoProcess
  beforeEach(async () => {
    cluster = new TestCluster()
    await removeDemo(cluster)
  })
  afterEach(async () => {
    await demo.close()
    await removeDemo(cluster)
    await cluster.close()
  })

  it('goes on after kill -9 where it was, and tells when a result is wrong', async () => {
    const args = ['--brokers', brokers, '--records', '3000']
    demo = new DemoProcess({ args: [...args, '--rate', '800'] })
    await demo.shows(/[1-9][\d,]* of 3,000 flights counted/)
    demo.signal('SIGKILL')
    await demo.exitCode()

    demo = demo.again({ args })
    await ended(demo, 0)
    expect(demo.stdout).toMatch(/ [\d,]+ flights were produced by earlier runs\n/)
    expect(demo.stdout).toMatch(/ changelog records had to be restored; the rest was on disk\n/)
    expect(demo.lines.slice(-3)).toEqual([...PROMISES, ''])

    // A flight that the plain loop has not: whoever compares must find it.
    const { client } = cluster
    const producer = client.producer({})
    await producer.init()
    const flight = { origin: 'ZZZ', destination: 'ORD', delayMin: 1, at: 978_000_000_000 }
    producer.send(
      topics.flights,
      placeOf(3_000).partition,
      null,
      flights.serialize(topics.flights, flight),
      flight.at,
      [],
    )
    await producer.flush()
    await producer.close()
    demo = demo.again({ args })
    await ended(demo, 1)
    expect(demo.stdout).toMatch(/WRONG:\n.*instead of[\s\S]*ZZZ: 1 flights, 1 min instead of nothing\n/)
  })

  it('kills one of its processes there too, and removes its topics at the end', async () => {
    demo = new DemoProcess({ args: ['--brokers', brokers, '--instances', '2', '--records', '6000', '--rate', '1000'] })
    await demo.shows(/processes share 8 tasks/)
    const own = await demoTopics(cluster)
    expect(own).toHaveLength(4)
    await ended(demo, 0)
    expect(demo.stdout).toMatch(/killed with SIGKILL[\s\S]*is back with/)
    expect(demo.lines.slice(-3)).toEqual([...PROMISES, ''])
    expect(demo.left).toEqual([])
    await until('its topics are gone', async () => (await demoTopics(cluster)).length === 0)
  })
})

const hasScript = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0
if (!hasScript) console.warn('No tests of the demo in a terminal: they need the program `script` of util-linux.')
const describeWithTerminal = hasScript ? describe : describe.skip

describeWithTerminal('the demo in a terminal', () => {
  let demo: DemoProcess
  const run = (options: DemoProcessOptions) => {
    demo = new DemoProcess({ ...options, terminal: true })
    return demo
  }
  afterEach(() => demo.close())

  it('shows a live view, gives the terminal back, and prints the result where it stays', async () => {
    await ended(run({ args: ['--records', '20000'] }), 0)
    const [view, after] = demo.stdout.split(GIVE_BACK)
    expect(view).toContain(`${ESCAPE}[?1049h${ESCAPE}[?25l`)
    expect(view).toContain('Kafka Streams for Node.js')
    expect(view).toMatch(/of 20,000 flights/)
    const shown = stripVTControlCharacters(after!)
    expect(shown.split('\r\n').slice(-5, -2)).toEqual([...PROMISES, ''])
  })

  it.each([
    { how: 'Ctrl-C', code: 130, says: /interrupted \(SIGINT\)/, env: {}, end: () => demo.type('\u0003') },
    {
      how: 'an error that nobody has caught',
      code: 1,
      says: /Error: boom/,
      env: { NODE_OPTIONS: `--import=data:text/javascript,process.stdin.once('data',()=>{throw(Error('boom'))})` },
      end: () => demo.type('\n'),
    },
  ])('gives the terminal back on $how', async ({ code, says, env, end }) => {
    run({ args: ['--records', '5000', '--rate', '50'], env })
    await demo.shows(/busiest/)
    end()
    await ended(demo, code)
    const [, after, ...more] = demo.stdout.split(GIVE_BACK)
    expect(after).toMatch(says)
    expect(after).not.toContain(`${ESCAPE}[?25l`)
    expect(more).toEqual([])
  })
})

async function demoTopics({ client }: TestCluster): Promise<readonly string[]> {
  return [...(await client.admin.listTopics()).keys()].filter((topic) => topic.startsWith('millrace-demo'))
}

// Topics of the same names, from earlier tests or runs against the same broker, would count as earlier runs.
async function removeDemo(cluster: TestCluster): Promise<void> {
  const left = await demoTopics(cluster)
  if (left.length > 0) await cluster.client.admin.deleteTopics(left)
  await until('nothing is left of earlier runs', async () => (await demoTopics(cluster)).length === 0)
}

async function ended(demo: DemoProcess, code: number): Promise<DemoProcess> {
  const exitCode = await demo.exitCode()
  if (exitCode !== code) throw new Error(`ended with ${exitCode}:\n${demo.stdout}\n${demo.stderr}`)
  return demo
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
