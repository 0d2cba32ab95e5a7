// Commits until the disk refuses, and says how: run with a limit on the size of files.
import { openLevelTaskDatabase } from '../../../stores/level/index.ts'

const ROWS = 200
const MAX_COMMITS = 10_000

process.on('SIGXFSZ', () => {})
const directory = process.argv[2]!
try {
  const database = await openLevelTaskDatabase({ directory, memoryBytes: 8 * 1024 * 1024, readCacheBytes: 0 })
  for (let commit = 1; commit < MAX_COMMITS; commit++) {
    for (let i = 0; i < ROWS; i++)
      database.rows('s').put(Buffer.from(`key-${i}`), Buffer.from(String(commit).padStart(50)))
    database.seal()
    await database.write(new Map([['s', { offset: commit, topicId: 't', clusterId: 'c' }]]))
    process.stdout.write(`${commit}\n`)
  }
} catch (error) {
  const { code, message } = error as Error & { code: string }
  process.stdout.write(`${JSON.stringify({ code, message })}\n`)
}
process.exit(0)
