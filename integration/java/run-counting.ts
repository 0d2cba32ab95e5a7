// How Counting.java, an application of Java Kafka Streams, is run.
import { join } from 'node:path'
import { javaCommand } from '../broker/java-engine.ts'
import { kafkaStreamsJars } from '../broker/kafka-jars.ts'
import type { Command } from '../broker/watched-processes.ts'

const SETTINGS = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-Djava.net.preferIPv4Stack=true', '-Dlog4j2.level=WARN']

/** @param options - As NAME=VALUE. */
export async function javaCounting(options: readonly string[]): Promise<Command> {
  const program = join(import.meta.dirname, 'Counting.java')
  return {
    command: javaCommand(),
    args: [...SETTINGS, '-cp', join(await kafkaStreamsJars(), '*'), program, ...options],
  }
}
