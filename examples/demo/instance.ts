// One instance of the application: this is what a service would do, and the reports are for the view.
import { type ClientSupplier, KafkaStreams, type Logger, silentLogger } from '../../lib/index.ts'
import type { InstanceConfig, Report } from './reports.ts'
import { airportDelays, topicsOf } from './topology.ts'
import { watchPartitions } from './watched-tasks.ts'

const COUNTERS_EVERY_MS = 100

export interface RunningInstance {
  close(): Promise<void>
}

/** Starts an instance; resolves when its tasks take records. */
export async function startInstance(
  config: InstanceConfig,
  supplier: ClientSupplier,
  report: (report: Report) => void,
): Promise<RunningInstance> {
  const { brokers: _, ...settings } = config
  const topics = topicsOf(config.applicationId)
  const client = watchPartitions(supplier, (owned) =>
    report({
      kind: 'tasks',
      tasks: owned.map(({ topic, partition }) => ({
        stage: topic === topics.flights ? 'flights' : 'totals',
        partition,
      })),
    }),
  )
  const logger = reportingLogger(report)
  const streams = new KafkaStreams(airportDelays(topics), { ...settings, client, logger })
  streams.on('state', ({ to }) => report({ kind: 'state', state: to }))
  streams.on('restored', ({ partition, records, ms }) => report({ kind: 'restored', partition, records, ms }))
  streams.on('error', (error) => report({ kind: 'failed', message: `${error.name}: ${error.message}` }))
  const counters = () => {
    const { recordsProcessed, commits } = streams.metrics()
    report({ kind: 'counters', processed: recordsProcessed, commits })
  }
  const timer = setInterval(counters, COUNTERS_EVERY_MS)
  try {
    await streams.start()
  } catch (error) {
    clearInterval(timer)
    throw error
  }
  return {
    async close() {
      clearInterval(timer)
      await streams.close()
      counters()
    },
  }
}

function reportingLogger(report: (report: Report) => void): Logger {
  const at = (level: 'warn' | 'error') => (fields: object, message: string) => {
    const { err, cause } = fields as { err?: Error; cause?: unknown }
    const why = err?.message ?? cause
    report({ kind: 'log', level, message: why === undefined ? message : `${message}: ${why}` })
  }
  return { ...silentLogger, warn: at('warn'), error: at('error') }
}
