// Forked by shared-wire.test.ts: produces one record to its parent's cluster, and stays if it is not told to close.
import { parentCluster } from '../../../../lib/client/memory/index.ts'
import { systemClock } from '../../../../lib/core/clock.ts'
import { silentLogger } from '../../../../lib/core/log.ts'
import { NO_HEADERS } from '../../../../lib/core/record.ts'

const context = { clientId: 'child', clock: systemClock, logger: silentLogger, requestTimeoutMs: 10_000 }
const client = parentCluster().connect(context)
const producer = client.producer({})
await producer.init()
producer.send('t', 0, Buffer.from('k'), Buffer.from([0, 255]), systemClock.now(), NO_HEADERS)
await producer.flush()
if (process.argv[2] === 'close') await client.close()
