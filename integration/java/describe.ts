import { describe } from '@jest/globals'
import { describeWithBroker } from '../broker/describe.ts'
import { missingForJava } from '../broker/java-engine.ts'

/**
 * `describeWithBroker` for tests that run Java's own clients, wherever the broker itself runs. Without Java they are skipped, and say so loudly; under
 * CI=true they fail.
 *
 * @example
 * await describeWithJava('records', (brokers) => {
 *   it('are read by Java', async () => {
 *     await using java = await JavaClients.start(brokers)
 *   })
 * })
 */
export async function describeWithJava(name: string, define: (bootstrap: string) => void): Promise<void> {
  const missing = await missingForJava()
  if (missing === undefined) {
    describeWithBroker(name, define)
    return
  }
  const problem = `The tests of '${name}' compare with Java's own clients and need Java 17 or later; here there is ${missing}.`
  if (process.env.CI === 'true') throw new Error(problem)
  console.error(`\n${'*'.repeat(100)}\n${problem} They are skipped.\n${'*'.repeat(100)}\n`)
  describe.skip(name, () => define(''))
}
