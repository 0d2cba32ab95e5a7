/** No broker could be started; the message says what was tried and how to go on. */
export class BrokerStartError extends Error {
  readonly code: string = 'BROKER_START'
  override readonly name: string = 'BrokerStartError'
}

/** Neither Docker nor Java is there to run a broker with. */
export class NoBrokerEngineError extends BrokerStartError {
  override readonly code = 'BROKER_NO_ENGINE'
  override readonly name = 'NoBrokerEngineError'

  constructor(reasons: readonly string[]) {
    super(
      'No Kafka broker to test with. Any one of these is enough:\n' +
        '  - KAFKA_BROKERS=host:port,... names a running cluster;\n' +
        '  - a running Docker engine;\n' +
        '  - Java 17 or later and Maven on the PATH.\n' +
        `What was found: ${reasons.join('; ')}.`,
    )
  }
}
