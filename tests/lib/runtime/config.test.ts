import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resolveConfig, type StreamsConfig } from '../../../lib/runtime/config.ts'

const stateDir = mkdtempSync(join(tmpdir(), 'millrace-config-'))
const valid: StreamsConfig = { applicationId: 'app', brokers: ['localhost:9092'], stateDir }
const resolve = (changes: object) => resolveConfig({ ...valid, ...changes } as StreamsConfig)

describe('a configuration', () => {
  it.each([
    { guarantee: 'exactly_once', commitIntervalMs: 100 },
    { guarantee: 'at_least_once', commitIntervalMs: 30_000 },
  ])('commits every $commitIntervalMs ms by default with $guarantee', ({ guarantee, commitIntervalMs }) => {
    expect(resolve({ processingGuarantee: guarantee }).commitIntervalMs).toBe(commitIntervalMs)
  })

  it('is exactly once by default', () => {
    expect(resolve({}).processingGuarantee).toBe('exactly_once')
  })

  it('takes undefined as left out', () => {
    expect(resolve({ cacheBytes: undefined }).cacheBytes).toBe(10 * 1024 * 1024)
  })

  it.each([
    { changes: { sessionTimeoutMs: 300_000 }, rebalanceTimeoutMs: 300_000 },
    { changes: { sessionTimeoutMs: 1_000 }, rebalanceTimeoutMs: 60_000 },
    { changes: { rebalanceTimeoutMs: 3_334 }, rebalanceTimeoutMs: 3_334 },
    { changes: { processingGuarantee: 'at_least_once', commitIntervalMs: 10_000 }, rebalanceTimeoutMs: 60_000 },
    { changes: { requestTimeoutMs: 100, maxTaskIdleMs: 600_000 }, rebalanceTimeoutMs: 60_000 },
  ])('leaves a rebalance $rebalanceTimeoutMs ms with $changes', ({ changes, rebalanceTimeoutMs }) => {
    expect(resolve(changes).rebalanceTimeoutMs).toBe(rebalanceTimeoutMs)
  })

  it('keeps entries of the user’s own as they are now, and none by default', () => {
    const appConfigs: Record<string, unknown> = { currency: 'EUR' }
    const resolved = resolve({ appConfigs })
    appConfigs.currency = 'USD'

    expect(resolved.appConfigs).toEqual({ currency: 'EUR' })
    expect(resolve({}).appConfigs).toEqual({})
  })

  const file = join(stateDir, 'file')
  writeFileSync(file, '')
  it.each([
    { changes: { applicationId: undefined }, option: 'applicationId', says: /is missing/ },
    { changes: { applicationId: 'a b' }, option: 'applicationId', says: /'a b'.*letters, digits/ },
    { changes: { brokers: undefined }, option: 'brokers', says: /is missing.*`client`/ },
    { changes: { brokers: [] }, option: 'brokers', says: /host:port/ },
    { changes: { brokers: ['localhost'] }, option: 'brokers', says: /localhost.*host:port/ },
    { changes: { brokers: 'localhost:9092' }, option: 'brokers', says: /list of addresses/ },
    { changes: { client: {} }, option: 'client', says: /together with `brokers`/ },
    { changes: { brokers: undefined, client: {} }, option: 'client', says: /`connect`/ },
    {
      changes: { processingGuarantee: 'exactly_twice' },
      option: 'processingGuarantee',
      says: /'exactly_once' or 'at_least_once'/,
    },
    { changes: { commitIntervalMs: -1 }, option: 'commitIntervalMs', says: /-1.*from 0 to/ },
    { changes: { commitIntervalMs: 1.5 }, option: 'commitIntervalMs', says: /whole number/ },
    { changes: { commitIntervalMs: '100' }, option: 'commitIntervalMs', says: /'100'.*whole number/ },
    { changes: { commitIntervalMs: 10_000 }, option: 'commitIntervalMs', says: /below transactionTimeoutMs \(10000\)/ },
    {
      changes: { rebalanceTimeoutMs: 3_333 },
      option: 'rebalanceTimeoutMs',
      says: /3333.*above 3333.*sessionTimeoutMs/,
    },
    {
      changes: { sessionTimeoutMs: 300_000, rebalanceTimeoutMs: 60_000 },
      option: 'rebalanceTimeoutMs',
      says: /60000.*above 100000, a third of sessionTimeoutMs \(300000\)/,
    },
    {
      changes: { compression: 'brotli' },
      option: 'compression',
      says: /'brotli'.*'none' or 'gzip' or 'snappy' or 'lz4' or 'zstd'/,
    },
    { changes: { maxRequestBytes: 0 }, option: 'maxRequestBytes', says: /from 1024 to/ },
    { changes: { cacheBytes: -5 }, option: 'cacheBytes', says: /from 0 to/ },
    { changes: { maxTaskIdleMs: -2 }, option: 'maxTaskIdleMs', says: /from -1 to/ },
    { changes: { replicationFactor: 0 }, option: 'replicationFactor', says: /at least 1/ },
    { changes: { sessionTimeoutMs: Number.NaN }, option: 'sessionTimeoutMs', says: /whole number/ },
    { changes: { commitIntervallMs: 5 }, option: 'commitIntervallMs', says: /did you mean 'commitIntervalMs'/ },
    { changes: { parallelism: 5 }, option: 'parallelism', says: /the options are: .*commitIntervalMs/ },
    { changes: { stateDir: '' }, option: 'stateDir', says: /path of a folder/ },
    { changes: { stateDir: join(file, 'below') }, option: 'stateDir', says: /cannot be used.*ENOTDIR/ },
    { changes: { logger: { info() {} } }, option: 'logger', says: /must have a method 'debug'/ },
    { changes: { appConfigs: 'secret' }, option: 'appConfigs', says: /'appConfigs' must be an object of your own/ },
    { changes: { appConfigs: ['secret'] }, option: 'appConfigs', says: /must be an object of your own entries/ },
    { changes: { appConfigs: null }, option: 'appConfigs', says: /must be an object/ },
    {
      changes: { brokers: undefined, client: { connect() {} }, ssl: true },
      option: 'ssl',
      says: /goes with `brokers`/,
    },
  ])('is refused when $option is wrong: $changes', ({ changes, option, says }) => {
    const attempt = () => resolve(changes)
    expect(attempt).toThrow(says)
    expect(attempt).toThrow(expect.objectContaining({ code: 'STREAMS_INVALID_CONFIG', option }))
  })
})
