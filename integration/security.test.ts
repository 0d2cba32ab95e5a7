// Connections with TLS and SASL, ACLs, and what becomes of secrets, on a real broker. One broker serves all of it: it takes seconds to start.
import { afterAll, afterEach, beforeAll } from '@jest/globals'
import { describeWithBroker } from './broker/describe.ts'
import { describeAuthentication } from './security/authentication.ts'
import { describeAuthorization } from './security/authorization.ts'
import { SecurityBench } from './security/bench.ts'
import { describeSecrets } from './security/secrets.ts'
import { describeSessions } from './security/sessions.ts'

describeWithBroker('a secured broker', () => {
  let bench: SecurityBench
  beforeAll(async () => {
    // kafkajs looks at these when a client is made: it logs all that it can.
    process.env.KAFKAJS_LOG_LEVEL = 'DEBUG'
    process.env.KAFKAJS_DEBUG_PROTOCOL_BUFFERS = '1'
    process.env.KAFKAJS_DEBUG_EXTENDED_PROTOCOL_BUFFERS = '1'
    bench = await SecurityBench.open()
  }, 120_000)
  afterEach(() => bench.settle())
  afterAll(async () => {
    for (const name of Object.keys(process.env)) if (name.startsWith('KAFKAJS_')) delete process.env[name]
    await bench?.close()
  })

  describeAuthentication(() => bench)
  describeSessions(() => bench)
  describeAuthorization(() => bench)
  describeSecrets(() => bench)
})
