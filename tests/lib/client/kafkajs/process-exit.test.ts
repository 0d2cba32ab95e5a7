// A process of its own, because only there one can see whether something keeps it alive, and what Node warns of.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { FakeBroker } from './fake-broker.ts'

const program = (brokers: string, answers: boolean) => `
import { kafkaWires } from '${new URL('../../../../lib/client/kafkajs/index.ts', import.meta.url)}'
import { silentLogger } from '${new URL('../../../../lib/core/log.ts', import.meta.url)}'
import { systemClock } from '${new URL('../../../../lib/core/clock.ts', import.meta.url)}'

const context = { clientId: 'test', clock: systemClock, logger: silentLogger, requestTimeoutMs: 60_000 }
const wires = kafkaWires({ brokers: ['${brokers}'], connectionTimeoutMs: 60_000 }, context)
const wire = wires.open('admin')
const request = { topics: [], allowAutoTopicCreation: false, includeTopicAuthorizedOperations: false }
const sent = wire.send('any', 'metadata', request).catch((error) => error.code)
if (${answers}) await sent
const usedBefore = process.cpuUsage()
await new Promise((resolve) => setTimeout(resolve, 300))
const used = process.cpuUsage(usedBefore)
await wire.close()
await sent
console.log(JSON.stringify({ idleCpuMs: (used.user + used.system) / 1000, left: process.getActiveResourcesInfo() }))
`

async function run(code: string): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'pipe'] })
  const killer = setTimeout(() => child.kill('SIGKILL'), 20_000)
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (bytes) => {
    stdout += bytes
  })
  child.stderr.on('data', (bytes) => {
    stderr += bytes
  })
  const [exitCode] = (await once(child, 'close')) as [number]
  clearTimeout(killer)
  return { exitCode, stdout, stderr }
}

describe('a closed wire', () => {
  it.each([
    { what: 'after it was used', answers: true },
    { what: 'while it connects', answers: false },
  ])('keeps no process alive, and Node has nothing to warn of: $what', async ({ answers }) => {
    const broker = await FakeBroker.start(answers ? {} : { greeting: 'silence' })
    try {
      const { exitCode, stdout, stderr } = await run(program(broker.address, answers))
      expect(stderr).toBe('')
      expect(exitCode).toBe(0)
      const { idleCpuMs, left } = JSON.parse(stdout) as { idleCpuMs: number; left: string[] }
      expect(left.filter((resource) => /TCP|Timeout|Immediate/.test(resource))).toEqual([])
      expect(idleCpuMs).toBeLessThan(150) // kafkajs's timer, let loose, takes all it can get
    } finally {
      await broker.close()
    }
  })
})
