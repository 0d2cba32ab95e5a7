// What the Docker engine asks of the docker command, with one that only writes down what it was asked: the sequence of a
// start, a crash, a restart and a close, and the way back to Java when there is an engine but no image.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { environmentName, missingForDocker } from './broker/docker-engine.ts'
import { startBroker } from './broker/index.ts'

const FAKE_DOCKER = `#!/bin/sh
here=$(dirname "$0")
printf '%s\\n' "$*" >> "$here/calls"
case "$1" in
  image | pull) [ -e "$here/no-image" ] && { echo 'no route to the registry'; exit 1; } ;;
  run | start) echo $$ > "$here/$3.pid"; echo 'Kafka Server started'; exec sleep 60 ;;
  kill) kill -9 "$(cat "$here/$4.pid")" ;;
esac
exit 0
`

describe('the Docker engine of the test broker', () => {
  const path = process.env.PATH
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-docker-'))
    await writeFile(join(folder, 'docker'), FAKE_DOCKER, { mode: 0o755 })
    process.env.PATH = `${folder}:${path}`
  })
  afterEach(async () => {
    process.env.PATH = path
    await rm(folder, { recursive: true })
  })

  it('runs each node in a container that starts again with its data, and leaves none behind', async () => {
    const broker = await startBroker({ nodes: 3 })
    const [port] = broker.bootstrap.split(',').map((address) => address.split(':')[1])
    await broker.nodes[0]!.kill('SIGKILL')
    expect(broker.nodes[0]!.running).toBe(false)
    await broker.nodes[0]!.restart()
    await broker.close()

    const calls = (await readFile(join(folder, 'calls'), 'utf8')).trimEnd().split('\n')
    const name = /^network create (\S+)$/.exec(calls[2]!)![1]
    const runs = calls.filter((call) => call.startsWith('run '))
    expect(runs).toHaveLength(3)
    const first = runs.find((call) => call.includes(`--name ${name}-1 `))
    for (const expected of [
      `--network ${name} -p 127.0.0.1:${port}:${port} `,
      ' -e KAFKA_NODE_ID=1 ',
      `KAFKA_ADVERTISED_LISTENERS=CLIENT://127.0.0.1:${port},PEER://${name}-1:19092,`,
      `KAFKA_CONTROLLER_QUORUM_VOTERS=1@${name}-1:19093,2@${name}-2:19093,3@${name}-3:19093 `,
      ' -e KAFKA_DEFAULT_REPLICATION_FACTOR=3 ',
    ]) {
      expect(first).toContain(expected)
    }
    expect(calls.slice(6)).toEqual([
      `kill --signal SIGKILL ${name}-1`,
      `start --attach ${name}-1`,
      `rm --force --volumes ${name}-1 ${name}-2 ${name}-3`,
      `network rm ${name}`,
    ])
  })

  it('publishes further listeners, and passes their properties', async () => {
    const properties = { 'ssl.keystore.key': 'line 1\nline 2', 'plain.sasl.jaas.config': 'user_ada="pä\\ss";' }
    const broker = await startBroker({ listeners: [{ name: 'SASLTLS', protocol: 'SASL_SSL', properties }] })
    const port = broker.address('SASLTLS').split(':')[1]
    await broker.close()

    const run = (await readFile(join(folder, 'calls'), 'utf8')).split('\n').find((call) => call.startsWith('run '))
    for (const expected of [
      ` -p 127.0.0.1:${port}:${port} `,
      `,SASLTLS://0.0.0.0:${port} `,
      `,SASLTLS://127.0.0.1:${port} `,
      ',SASLTLS:SASL_SSL ',
      ' -e KAFKA_LISTENER_NAME_SASLTLS_SSL_KEYSTORE_KEY=line 1\\u000aline 2 ',
      ' -e KAFKA_LISTENER_NAME_SASLTLS_PLAIN_SASL_JAAS_CONFIG=user_ada="p\\u00e4\\u005css"; ',
    ]) {
      expect(run).toContain(expected)
    }
  })

  it('is not used when the image cannot be had', async () => {
    await writeFile(join(folder, 'no-image'), '')
    expect(await missingForDocker()).toContain('cannot be pulled (no route to the registry)')
  })

  it.each([
    ['node.id', 'KAFKA_NODE_ID'],
    ['log.dirs', 'KAFKA_LOG_DIRS'],
    ['with_underscore.and-dash', 'KAFKA_WITH__UNDERSCORE_AND___DASH'],
  ])('passes property %s as %s', (property, name) => {
    expect(environmentName(property)).toBe(name)
  })
})
