import { handlers } from '../../lib/runtime/error-handlers.ts'
import type { TestDriverOptions } from '../../lib/testing/index.ts'
import type { GoldenCase } from './golden-case.ts'

/** Settings of Java that say something about the topology and not about the driver: the topology is built with them. */
const OF_THE_TOPOLOGY = new Set(['topology.optimization', 'default.key.serde', 'default.value.serde'])

/** What stands for a setting, given its value. */
const OPTIONS: Readonly<Record<string, (value: string) => Partial<TestDriverOptions>>> = {
  'deserialization.exception.handler': (name) => ({ deserializationHandler: handlerOf(name) }),
  'processing.exception.handler': (name) => ({ processingHandler: handlerOf(name) }),
  'dsl.store.format': (storeFormat) => ({ storeFormat: storeFormat as 'headers' }),
  'errors.dead.letter.queue.topic.name': (deadLetterQueueTopic) => ({ deadLetterQueueTopic }),
}

const HANDLERS: Readonly<Record<string, (typeof handlers)[keyof typeof handlers]>> = {
  LogAndContinueExceptionHandler: handlers.logAndContinue,
  LogAndContinueProcessingExceptionHandler: handlers.logAndContinue,
}

/** The options that stand for Java's settings of a case. */
export function driverConfig({ name, config }: GoldenCase): Partial<TestDriverOptions> {
  const options: Partial<TestDriverOptions> = {}
  for (const [setting, value] of Object.entries(config)) {
    const option = OPTIONS[setting]
    if (option !== undefined) Object.assign(options, option(value))
    else if (!OF_THE_TOPOLOGY.has(setting)) throw new Error(`case '${name}': nothing stands for the setting ${setting}`)
  }
  return options
}

function handlerOf(name: string): (typeof handlers)[keyof typeof handlers] {
  const handler = HANDLERS[name]
  if (handler === undefined) throw new Error(`nothing stands for the handler ${name}`)
  return handler
}
