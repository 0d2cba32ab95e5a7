// docker/ without a Docker engine: the broker of compose.yml runs by Java under the properties that its image would make of its environment, the steps
// of the Dockerfile run in plain folders, and the word count that they build counts on that broker as compose.yml starts it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createdTopics, readCompose, wordCountOptions } from '../tests/docker/compose.ts'
import { missingForJava } from './broker/java-engine.ts'
import { freePorts } from './broker/ports.ts'
import { runToEnd } from './broker/run-command.ts'
import { TestCluster, until } from './support/cluster.ts'
import { type ComposeBroker, startComposeBroker } from './support/compose-broker.ts'
import { type BuiltImage, buildImage } from './support/dockerfile-run.ts'
import { finalCounts, writtenCounts } from './support/word-count-check.ts'

const compose = readCompose()
const options = wordCountOptions(compose)
/** The user 'node' of the image. */
const NODE_USER = 1_000
const isRoot = process.getuid?.() === 0

// The steps are those of a Linux image, and need its shell.
const why = process.platform === 'win32' ? 'no POSIX shell' : await missingForJava()
const describeHere = why === undefined ? describe : describe.skip

describeHere('docker/compose.yml and docker/Dockerfile', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-image-'))
  // Another user than the one who made it must get in.
  chmodSync(folder, 0o755)
  let broker: ComposeBroker
  let cluster: TestCluster
  let image: BuiltImage
  let counting: ChildProcess | undefined
  let stdout = ''
  let stderr = ''

  beforeAll(async () => {
    const [started, built] = [startComposeBroker(compose), buildImage(folder)]
    // What has been started must be known before the other's failure ends this.
    await Promise.allSettled([started, built])
    broker = await started
    image = await built
    cluster = new TestCluster(broker.advertised.HOST)
  }, 120_000)

  afterAll(async () => {
    counting?.kill('SIGKILL')
    await cluster?.close()
    await broker?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  /** As `docker compose up` does: as the image's user, with the command of compose.yml. */
  function startWordCount(): void {
    const state = join(image.root, image.volume)
    if (isRoot) chownSync(state, NODE_USER, NODE_USER)
    const args = { ...options, brokers: broker.advertised.CONTAINERS!, 'state-dir': state }
    const [, ...program] = image.entrypoint
    stdout = stderr = ''
    counting = spawn(
      join(image.root, 'usr/local/bin/node'),
      [...program, ...Object.entries(args).map(([name, value]) => `--${name}=${value}`)],
      {
        cwd: image.workdir,
        env: { ...image.env, HOME: state },
        stdio: ['ignore', 'pipe', 'pipe'],
        ...(isRoot && { uid: NODE_USER, gid: NODE_USER }),
      },
    )
    counting.stdout!.on('data', (chunk) => {
      stdout += chunk
    })
    counting.stderr!.on('data', (chunk) => {
      stderr += chunk
    })
  }

  async function untilRunning(): Promise<void> {
    await until('the word count is RUNNING', () => {
      if (counting!.exitCode !== null) throw new Error(`it ended with ${counting!.exitCode}: ${stderr}`)
      return stdout.includes('"state":"RUNNING"')
    })
  }

  /** As `docker stop` does. */
  async function stopWordCount(): Promise<number | null> {
    const closed = once(counting!, 'close')
    counting!.kill('SIGTERM')
    const [code] = await closed
    return code
  }

  it('calls the broker healthy when it takes connections', async () => {
    const [, command, ...args] = compose.services.broker.healthcheck!.test
    const healthy = async (address: string) => {
      const there = address.replace(':', '/')
      const adapted = args.map((arg) => arg.replace(/(?<=\/dev\/tcp\/).*/, there))
      return (await runToEnd({ command: command!, args: adapted }, 10_000)).ok
    }
    expect(await healthy(broker.advertised.CONTAINERS!)).toBe(true)
    const [closed] = await freePorts(1)
    expect(await healthy(`127.0.0.1:${closed}`)).toBe(false)
  })

  it('leaves tests, benchmarks and what developers need out of the image', () => {
    expect(readdirSync(image.workdir).sort()).toEqual(['dist', 'node_modules', 'package-lock.json', 'package.json'])
    expect(readdirSync(join(image.workdir, 'dist')).sort()).toEqual(['examples', 'lib', 'stores', 'topology'])
    for (const name of ['jest', 'typescript', '@biomejs', 'js-yaml'])
      expect({ name, there: existsSync(join(image.workdir, 'node_modules', name)) }).toEqual({ name, there: false })
  })

  it('counts exactly once on its broker, ends with 0 on SIGTERM, and goes on with the state on its volume', async () => {
    const { topics, partitions } = createdTopics(compose)
    await cluster.client.admin.createTopics(topics.map((topic) => ({ topic, partitionCount: partitions })))
    const group = options['application-id']!
    const caughtUp = () => cluster.caughtUp(group, [options.input!, `${group}-counts-repartition`])

    startWordCount()
    await untilRunning()
    await cluster.produceLines(options.input!, ['mill race mill', 'race'])
    await caughtUp()
    expect(await stopWordCount()).toBe(0)
    expect(readdirSync(join(image.root, image.volume, group)).sort()).toContain('1_0')

    startWordCount()
    await untilRunning()
    const restored = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === 'restored')
    expect(restored).toHaveLength(partitions)
    // Nothing had to be read back from the changelog.
    expect(restored.reduce((sum, { records }) => sum + records, 0)).toBe(0)
    await cluster.produceLines(options.input!, ['mill'])
    await caughtUp()
    expect(await stopWordCount()).toBe(0)

    const counts = finalCounts(await writtenCounts(cluster, options.output!))
    expect(counts).toEqual(
      new Map([
        ['mill', 3],
        ['race', 2],
      ]),
    )
  }, 90_000)
})
