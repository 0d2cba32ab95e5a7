// Fills a store, wipes it, says so, and waits to be killed: most likely before the old rows are cleared.
import { openLevelTaskDatabase } from '../../../stores/level/index.ts'

const [directory] = process.argv.slice(2)
const database = await openLevelTaskDatabase({ directory: directory!, memoryBytes: 8 * 1024 * 1024, readCacheBytes: 0 })
const rows = database.rows('s')
for (let i = 0; i < 100_000; i++) rows.put(Buffer.from(`key-${i}`), Buffer.from('old'))
database.seal()
await database.write(new Map([['s', { offset: 1, topicId: 't', clusterId: 'c' }]]))
await database.wipe('s')
process.stdout.write('wiped\n')
setInterval(() => {}, 1_000)
