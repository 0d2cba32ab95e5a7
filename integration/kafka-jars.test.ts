// The jars of the test broker, fetched by Maven: complete or absent, whoever else fetches at the same time.
import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'

import { KAFKA_VERSION, kafkaJars } from './broker/kafka-jars.ts'

const hasMaven = spawnSync('mvn', ['-v']).status === 0
const describeWithMaven = hasMaven ? describe : describe.skip
const MAVEN_TIMEOUT_MS = 120_000

describeWithMaven('the jars of the test broker', () => {
  it(
    'are whole for several callers at once, also after one that died while fetching',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'millrace-jars-'))
      try {
        const dead = spawnSync(process.execPath, ['--version'])
        await writeFile(join(folder, 'lock'), String(dead.pid))
        const [first, second] = await Promise.all([kafkaJars(folder), kafkaJars(folder)])
        expect(second).toBe(first)
        expect(await readdir(first)).toContain(`kafka_2.13-${KAFKA_VERSION}.jar`)
        expect(await readdir(folder)).toEqual([`kafka-${KAFKA_VERSION}`])
      } finally {
        await rm(folder, { recursive: true })
      }
    },
    MAVEN_TIMEOUT_MS,
  )
})
