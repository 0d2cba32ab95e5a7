// An instance as a process of its own. Started by InstanceProcess with its configuration as the one argument.
import { kafkaCluster, parentCluster } from '../../lib/index.ts'
import { startInstance } from './instance.ts'
import type { InstanceConfig, Report } from './reports.ts'

const config = JSON.parse(process.argv[2]!) as InstanceConfig
const report = (report: Report) => void process.send?.({ report }, undefined, {}, () => {})

// Ctrl-C goes to every process of the terminal: it is the parent that decides.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit(1))
const closing = new Promise<void>((resolve) => {
  process.on('message', (message) => {
    if ((message as { close?: boolean }).close === true) resolve()
  })
})

try {
  const supplier = config.brokers === null ? parentCluster() : kafkaCluster({ brokers: config.brokers })
  const instance = await startInstance(config, supplier, report)
  await closing
  await instance.close()
  process.send?.({ report: { kind: 'state', state: 'NOT_RUNNING' } }, undefined, {}, () => process.exit(0))
} catch (error) {
  const failed: Report = { kind: 'failed', message: `${(error as Error).name}: ${(error as Error).message}` }
  process.send?.({ report: failed }, undefined, {}, () => process.exit(1))
}
