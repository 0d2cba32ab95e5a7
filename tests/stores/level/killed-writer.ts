// Commits without end, to be killed in the middle: each commit writes its number to every one of a hundred keys, and as position. Prints the
// number of each commit that is done.
import { openLevelTaskDatabase } from '../../../stores/level/index.ts'

const [directory] = process.argv.slice(2)
const database = await openLevelTaskDatabase({ directory: directory!, memoryBytes: 256 * 1024, readCacheBytes: 0 })
const rows = database.rows('s')
for (let commit = (database.position('s')?.offset ?? 0) + 1; ; commit++) {
  for (let i = 0; i < 100; i++) rows.put(Buffer.from(`key-${i}`), Buffer.from(`${commit}`.padEnd(500)))
  database.seal()
  await database.write(new Map([['s', { offset: commit, topicId: 't', clusterId: 'c' }]]))
  process.stdout.write(`${commit}\n`)
}
