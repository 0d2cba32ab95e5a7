import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { scheduler } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { BrokerStartError } from './errors.ts'
import { runToEnd } from './run-command.ts'

export const KAFKA_VERSION = '4.3.1'

const CACHE_FOLDER = fileURLToPath(new URL('../../node_modules/.cache/millrace-broker/', import.meta.url))
const LOCK_POLL_MS = 200
const MAVEN_TIMEOUT_MS = 300_000

interface JarSet {
  /** Of the folder. */
  readonly name: string
  /** Maven's name of what is wanted, with all that it needs. */
  readonly artifact: string
}

const BROKER: JarSet = { name: `kafka-${KAFKA_VERSION}`, artifact: 'kafka_2.13' }
const STREAMS: JarSet = { name: `kafka-streams-${KAFKA_VERSION}`, artifact: 'kafka-streams' }
const TEST_DRIVER: JarSet = { name: `kafka-streams-test-utils-${KAFKA_VERSION}`, artifact: 'kafka-streams-test-utils' }

// Kafka logs through slf4j 1.7 and brings no binding of its own.
const pom = ({ artifact }: JarSet) => `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>millrace</groupId>
  <artifactId>test-${artifact}</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>${artifact}</artifactId>
      <version>${KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>2.25.4</version>
    </dependency>
  </dependencies>
</project>
`

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}

/** Whether this machine has the jars already, so that Maven is not needed. */
export async function hasKafkaJars(cacheFolder = CACHE_FOLDER): Promise<boolean> {
  return await exists(join(cacheFolder, BROKER.name))
}

/** The folder with the jars of the broker; Maven fetches them at the first call. */
export async function kafkaJars(cacheFolder = CACHE_FOLDER): Promise<string> {
  return await jarsOf(BROKER, cacheFolder)
}

/** The folder with the jars of Java Kafka Streams, for the tests that compare with it; Maven fetches them at the first call. */
export async function kafkaStreamsJars(cacheFolder = CACHE_FOLDER): Promise<string> {
  return await jarsOf(STREAMS, cacheFolder)
}

/** The folder with the jars of Java's TopologyTestDriver, and of the Streams that it drives; Maven fetches them at the first call. */
export async function kafkaTestDriverJars(cacheFolder = CACHE_FOLDER): Promise<string> {
  return await jarsOf(TEST_DRIVER, cacheFolder)
}

/**
 * The folder appears by a rename, complete or not at all, and one process at a time fetches: Maven's own repository
 * is not made for two writers.
 */
async function jarsOf(set: JarSet, cacheFolder: string): Promise<string> {
  const jars = join(cacheFolder, set.name)
  if (await exists(jars)) return jars
  await mkdir(cacheFolder, { recursive: true })
  const lock = join(cacheFolder, 'lock')
  while (!(await takeLock(lock))) {
    await scheduler.wait(LOCK_POLL_MS)
    if (await exists(jars)) return jars
  }
  try {
    if (!(await exists(jars))) await fetchJars(set, cacheFolder, jars)
    return jars
  } finally {
    await rm(lock, { force: true })
  }
}

/** The lock is a file that names its owner's process id; a lock whose owner has died is removed. */
async function takeLock(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const owner = Number(await readFile(lock, 'utf8').catch(() => ''))
  if (owner > 0 && !isAlive(owner)) await rm(lock, { force: true })
  return false
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function fetchJars(set: JarSet, cacheFolder: string, jars: string): Promise<void> {
  const folder = await mkdtemp(join(cacheFolder, 'fetching-'))
  try {
    await writeFile(join(folder, 'pom.xml'), pom(set))
    const args = ['-q', '-B', '-f', join(folder, 'pom.xml'), 'dependency:copy-dependencies', '-DincludeScope=runtime']
    const maven = await runToEnd(
      { command: 'mvn', args: [...args, `-DoutputDirectory=${folder}/jars`] },
      MAVEN_TIMEOUT_MS,
    )
    if (!maven.ok) {
      throw new BrokerStartError(
        `Maven could not fetch org.apache.kafka:${set.artifact}:${KAFKA_VERSION} (${maven.how}). Check that it reaches ` +
          `a repository, or set KAFKA_BROKERS to use a running cluster. It printed:\n${maven.output}`,
      )
    }
    await rename(join(folder, 'jars'), jars).catch(async (error) => {
      if (!(await exists(jars))) throw error // else another process was first, after breaking a dead owner's lock
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
