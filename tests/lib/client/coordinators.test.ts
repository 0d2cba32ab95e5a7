import { describe, expect, it } from '@jest/globals'
import { Coordinators } from '../../../lib/client/coordinators.ts'
import { errorCodes } from '../../../lib/client/protocol/error-codes.ts'
import { VirtualClock } from '../../../lib/core/clock.ts'
import { silentLogger } from '../../../lib/core/log.ts'
import { ScriptedWire } from './scripted-wire.ts'

function response(nodeId: number, errorCode = 0, errorMessage: string | null = null) {
  return { throttleTimeMs: 0, errorCode, errorMessage, nodeId, host: 'broker', port: 9092 }
}

function setUp() {
  const clock = new VirtualClock()
  const wire = new ScriptedWire()
  const context = { clientId: 'test', clock, logger: silentLogger, requestTimeoutMs: 2_000 }
  return { clock, wire, coordinators: new Coordinators(wire, context) }
}

describe('coordinators', () => {
  it('asks once for each group and each transactional id, and remembers', async () => {
    const { clock, wire, coordinators } = setUp()
    const found = Promise.all([
      coordinators.find('group', 'x'),
      coordinators.find('group', 'x'),
      coordinators.find('transaction', 'x'),
    ])
    await clock.advance(0)
    const [group, transaction] = [wire.take('findCoordinator'), wire.take('findCoordinator')]
    expect([group.request, transaction.request]).toEqual([
      { key: 'x', keyType: 0 },
      { key: 'x', keyType: 1 },
    ])
    group.answer(response(1))
    transaction.answer(response(2))

    expect(await found).toEqual([1, 1, 2])
    expect(await coordinators.find('group', 'x')).toBe(1)
    expect(wire.sent).toEqual([])
  })

  it('asks again after it was told to forget', async () => {
    const { clock, wire, coordinators } = setUp()
    const first = coordinators.find('group', 'x')
    await clock.advance(0)
    wire.take('findCoordinator').answer(response(1))
    await first
    coordinators.forget('group', 'x')
    const second = coordinators.find('group', 'x')
    await clock.advance(0)
    wire.take('findCoordinator').answer(response(3))
    expect(await second).toBe(3)
  })

  it('goes on asking for who has time left, when the patience of who asked first ends', async () => {
    const { clock, wire, coordinators } = setUp()
    const impatient = coordinators.find('group', 'x', 100).catch((error) => error)
    const patient = coordinators.find('group', 'x', 1_000)
    await clock.advance(0)
    expect(wire.sent).toHaveLength(1)
    for (let turn = 0; turn < 30; turn++) {
      if (wire.sent.length > 0) wire.take('findCoordinator').answer(response(-1, errorCodes.COORDINATOR_NOT_AVAILABLE))
      await clock.advance(10)
    }
    expect(await impatient).toMatchObject({ code: 'STREAMS_BROKER_UNAVAILABLE' })
    await clock.advanceUntil(() => wire.sent.length > 0, 1_000)
    wire.take('findCoordinator').answer(response(4))
    expect(await patient).toBe(4)
  })

  it('does not let the impatient wait for an answer that the patient wait for', async () => {
    const { clock, wire, coordinators } = setUp()
    const patient = coordinators.find('group', 'x', 2_000)
    await clock.advance(0)
    const first = wire.take('findCoordinator')
    const impatient = coordinators.find('group', 'x', 100).catch((error) => error)
    let isOver = false
    void impatient.then(() => {
      isOver = true
    })
    for (let turn = 0; turn < 20; turn++) {
      await clock.advance(10)
      if (wire.sent.length > 0) wire.take('findCoordinator').fail()
    }
    expect(isOver).toBe(true)
    expect(await impatient).toMatchObject({ code: 'STREAMS_BROKER_UNAVAILABLE' })
    first.answer(response(4))
    expect(await patient).toBe(4)
  })

  it.each([
    { type: 'group' as const, setting: 'offsets.topic.replication.factor' },
    { type: 'transaction' as const, setting: 'transaction.state.log.replication.factor' },
  ])('names the setting that is likely wrong when there is no $type coordinator', async ({ type, setting }) => {
    const { clock, wire, coordinators } = setUp()
    const failed = coordinators.find(type, 'x').catch((error) => error)
    for (let turn = 0; turn < 300; turn++) {
      await clock.advance(10)
      if (wire.sent.length > 0) wire.take('findCoordinator').answer(response(-1, errorCodes.COORDINATOR_NOT_AVAILABLE))
    }
    const error = await failed
    expect(error).toMatchObject({ code: 'STREAMS_BROKER_UNAVAILABLE', message: expect.stringContaining(setting) })
    expect(error.message).toContain("'x'")
    expect(error.message).toContain('2000 ms')
  })

  it('does not blame a setting when no broker can be reached, and asks again next time', async () => {
    const { clock, wire, coordinators } = setUp()
    const failed = coordinators.find('group', 'x').catch((error) => error)
    for (let turn = 0; turn < 300; turn++) {
      await clock.advance(10)
      if (wire.sent.length > 0) wire.take('findCoordinator').fail()
    }
    expect((await failed).message).not.toContain('replication')

    const again = coordinators.find('group', 'x')
    await clock.advance(0)
    wire.take('findCoordinator').answer(response(5))
    expect(await again).toBe(5)
  })

  it('tells at once that this client may not use it', async () => {
    const { clock, wire, coordinators } = setUp()
    const failed = coordinators.find('transaction', 'x').catch((error) => error)
    await clock.advance(0)
    wire.take('findCoordinator').answer(response(-1, errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED))
    expect(await failed).toMatchObject({ errorName: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED' })
  })
})
