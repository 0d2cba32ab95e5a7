// Once for a run of the integration tests: MILLRACE_BROKERS is the bootstrap address that they use.
import { findBroker, NoBrokerEngineError, type TestBroker } from './index.ts'

declare global {
  var millraceTestBroker: TestBroker | undefined
}

/** Brokers of tests live for seconds: compiling their code in full costs half of the processor's time, and pays for benchmarks only. */
const QUICK_START = '-XX:TieredStopAtLevel=1'

/** Without any way to get a broker: fails under CI=true; otherwise says loudly what is missing (see describe.ts). */
export default async function globalSetup(): Promise<void> {
  process.env.MILLRACE_BROKER_JVM ??= QUICK_START
  try {
    const broker = await findBroker()
    globalThis.millraceTestBroker = broker
    process.env.MILLRACE_BROKERS = broker.bootstrap
  } catch (error) {
    if (!(error instanceof NoBrokerEngineError) || process.env.CI === 'true') throw error
    console.error(`\n${'*'.repeat(100)}\n${error.message}\n${'*'.repeat(100)}\n`)
  }
}
