import { describe } from '@jest/globals'

/**
 * `describe` for tests that talk to a broker: skipped when there is no way to get one, which global-setup.ts has then
 * said loudly (under CI=true it has failed the run instead).
 *
 * @example
 * describeWithBroker('a transactional producer', (brokers) => {
 *   it('commits', async () => {
 *     const kafka = new Kafka({ brokers: brokers.split(',') })
 *   })
 * })
 */
export function describeWithBroker(name: string, define: (bootstrap: string) => void): void {
  const bootstrap = process.env.MILLRACE_BROKERS
  if (bootstrap) describe(name, () => define(bootstrap))
  else describe.skip(name, () => define(''))
}
