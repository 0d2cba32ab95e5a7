// Forked by shared-wire.test.ts: produces one record to its parent's cluster, and stays.
import { parentCluster } from '../../../../lib/client/memory/index.ts'
import { systemClock } from '../../../../lib/core/clock.ts'
import { silentLogger } from '../../../../lib/core/log.ts'
import { NO_HEADERS } from '../../../../lib/core/record.ts'

const context = { clientId: 'child', clock: systemClock, logger: silentLogger, requestTimeoutMs: 10_000 }
const producer = parentCluster().connect(context).producer({})
await producer.init()
producer.send('t', 0, Buffer.from('k'), Buffer.from([0, 255]), systemClock.now(), NO_HEADERS)
await producer.flush()
