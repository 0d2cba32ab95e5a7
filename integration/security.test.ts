// Connections with TLS and SASL, ACLs, and what becomes of secrets, on a real broker. One broker serves all of it: it takes seconds to start.
import { afterAll, afterEach, beforeAll } from '@jest/globals'
import { describeWithBroker } from './broker/describe.ts'
import { describeAuthentication } from './security/authentication.ts'
import { describeAuthorization } from './security/authorization.ts'
import { SecurityBench } from './security/bench.ts'

describeWithBroker('a secured broker', () => {
  let bench: SecurityBench
  beforeAll(async () => {
    bench = await SecurityBench.open()
  }, 120_000)
  afterEach(() => bench.settle())
  afterAll(() => bench?.close())

  describeAuthentication(() => bench)
  describeAuthorization(() => bench)
})
