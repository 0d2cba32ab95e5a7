// A word count with all the ACLs that docs/security.md lists, and with all but one.
import { expect, it } from '@jest/globals'
import { wordCount } from '../../examples/word-count.ts'
import { systemClock } from '../../lib/core/clock.ts'
import { NO_HEADERS } from '../../lib/core/record.ts'
import type { StreamsConfig } from '../../lib/index.ts'
import { freshName, until } from '../support/cluster.ts'
import { type AclLine, type Acls, missingIn } from './acls.ts'
import type { SecurityBench } from './bench.ts'
import { type App, documentedNeeds, madeOut, type Need, shortForm } from './documented-acls.ts'
import { everythingIn, Recorder } from './recorder.ts'
import { oauthFor } from './secured-broker.ts'

const REPARTITION = 'topic <applicationId>-<name>-repartition'
const CHANGELOG = 'topic <applicationId>-<store>-changelog'
const TRANSACTIONS = 'WRITE transactional-id <applicationId>-*'

interface Case {
  readonly without?: Need
  /** Allows DESCRIBE on what `without` is about: otherwise that is missed first. */
  readonly described?: true
  readonly guarantee?: StreamsConfig['processingGuarantee']
  readonly scope?: StreamsConfig['transactionScope']
  /** What is said to be missing; undefined: the words are counted. */
  readonly missing?: (app: App) => string
}

const cases: readonly Case[] = [
  {},
  { without: TRANSACTIONS, guarantee: 'at_least_once' },
  { without: 'READ topic <source>', missing: ({ input }) => `DESCRIBE on topic '${input}'` },
  { without: 'READ topic <source>', described: true, missing: ({ input }) => `READ on topic '${input}'` },
  { without: 'WRITE topic <sink>', missing: ({ output }) => `DESCRIBE on topic '${output}'` },
  { without: 'WRITE topic <sink>', described: true, missing: ({ output }) => `WRITE on topic '${output}'` },
  {
    without: 'WRITE topic <sink>',
    described: true,
    guarantee: 'at_least_once',
    missing: ({ output }) => `WRITE on topic '${output}'`,
  },
  { without: `CREATE ${REPARTITION}`, missing: ({ id }) => `CREATE on topic '${id}-counts-repartition'` },
  { without: `WRITE ${REPARTITION}`, missing: ({ id }) => `WRITE on topic '${id}-counts-repartition'` },
  { without: `READ ${REPARTITION}`, missing: ({ id }) => `READ on topic '${id}-counts-repartition'` },
  { without: `CREATE ${CHANGELOG}`, missing: ({ id }) => `CREATE on topic '${id}-counts-changelog'` },
  { without: `WRITE ${CHANGELOG}`, missing: ({ id }) => `WRITE on topic '${id}-counts-changelog'` },
  { without: `READ ${CHANGELOG}`, missing: ({ id }) => `READ on topic '${id}-counts-changelog'` },
  { without: 'READ group <applicationId>', missing: ({ id }) => `DESCRIBE on group '${id}'` },
  { without: 'READ group <applicationId>', described: true, missing: ({ id }) => `READ on group '${id}'` },
  { without: TRANSACTIONS, missing: ({ id }) => `DESCRIBE on transactional id '${id}-<task>'` },
  { without: TRANSACTIONS, described: true, missing: ({ id }) => `WRITE on transactional id '${id}-<task>'` },
  { scope: 'instance' },
  {
    without: TRANSACTIONS,
    scope: 'instance',
    missing: ({ id }) => `DESCRIBE on transactional id '${id}-<instance>'`,
  },
  {
    without: TRANSACTIONS,
    described: true,
    scope: 'instance',
    missing: ({ id }) => `WRITE on transactional id '${id}-<instance>'`,
  },
]

const title = ({ without, described, guarantee = 'exactly_once', scope = 'task' }: Case): string => {
  const left = without === undefined ? 'everything' : `everything but ${without}`
  return `${left}${described === undefined ? '' : ', DESCRIBE instead'}, ${guarantee}, ${scope}`
}

export function applicationPermissions(bench: () => SecurityBench, acls: () => Acls): void {
  it('an application: the document and the cases below speak of the same lines', () => {
    const leftOut = new Set([...cases.flatMap(({ without }) => without ?? []), `DELETE ${REPARTITION}`])
    expect(documentedNeeds().length).toBeGreaterThan(5)
    expect([...leftOut].sort()).toEqual([...documentedNeeds()].sort())
  })

  it('an application: the least set of ACLs suffices, and each one that is left out is named', async () => {
    const outcomes = await Promise.all(cases.map((each) => run(bench(), acls(), each)))
    const wanted = cases.map((each, i) => {
      const missing = each.missing?.(outcomes[i]!.app)
      return { ...outcomes[i], said: missing, state: missing === undefined ? 'RUNNING' : 'ERROR' }
    })
    expect(outcomes).toEqual(wanted)
  }, 120_000)

  it('an application: without DELETE on the repartition topic it goes on, and warns that the topic is never purged', async () => {
    const recorder = new Recorder()
    const outcome = await run(bench(), acls(), { without: `DELETE ${REPARTITION}` }, recorder, () =>
      until('a warning', () => recorder.warnings.length > 0),
    )
    expect(outcome).toMatchObject({ said: undefined, state: 'RUNNING' })
    expect(recorder.warnings).toEqual([expect.stringContaining('repartition topics')])
    expect(recorder.lines.join('\n')).toContain(`DELETE on topic '${outcome.app.id}-counts-repartition'`)
  }, 60_000)

  it('an application: a permission that is taken away stops it, by name', async () => {
    const { app, error, state } = await withdrawn(bench(), acls(), 'WRITE topic <sink>', 'task')
    expect(missingIn(error)).toMatch(new RegExp(`(WRITE|DESCRIBE) on topic '${app.output}'`))
    expect(state).toBe('ERROR')
  }, 60_000)

  it.each(['task', 'instance'] as const)(
    'an application: transactions that are taken away stop it, by the name of the id (scope: %s)',
    async (scope) => {
      const { app, error, state } = await withdrawn(bench(), acls(), TRANSACTIONS, scope)
      const id = scope === 'task' ? '[01]_0' : '[0-9a-f-]{36}'
      expect(missingIn(error)).toMatch(new RegExp(`^(WRITE|DESCRIBE) on transactional id '${app.id}-${id}'$`))
      expect(state).toBe('ERROR')
    },
    60_000,
  )
}

/** Runs a word count with all that it needs, takes one line of that away, and tells how it ends. */
async function withdrawn(bench: SecurityBench, acls: Acls, need: Need, scope: StreamsConfig['transactionScope']) {
  const app = await newApp(bench)
  const user = freshName('user')
  await acls.allow(user, shortForm(app))
  const streams = bench.streams({ listener: 'SASL', sasl: oauthFor(user) }, wordCount(app.input, app.output), {
    applicationId: app.id,
    stateDir: bench.stateDir(app.id),
    ...(scope === undefined ? {} : { transactionScope: scope }),
  })
  const failed = new Promise<Error>((resolve) => streams.once('error', resolve))
  await streams.start()
  await bench.cluster.caughtUp(app.id, [app.input])
  await acls.withdraw(user, madeOut(need, app))
  await bench.cluster.produceLines(app.input, ['more words'])
  const error = await failed
  return { app, error, state: streams.state }
}

async function newApp({ cluster }: SecurityBench): Promise<App> {
  const app = { id: freshName('app'), input: await cluster.createTopic(1), output: await cluster.createTopic(1) }
  await cluster.produceLines(app.input, ['one two two'])
  return app
}

/** Runs a word count until it has counted or has stopped, and tells which. */
async function run(
  bench: SecurityBench,
  acls: Acls,
  { without, described, guarantee = 'exactly_once', scope = 'task' }: Case,
  logger = new Recorder(),
  whileRunning: () => Promise<void> = async () => {},
) {
  const app = await newApp(bench)
  if (without === `READ ${CHANGELOG}`) await fillChangelog(bench, app)
  const user = freshName('user')
  const lines = documentedNeeds().flatMap((need) => {
    const line = madeOut(need, app)
    if (need !== without) return [line]
    return described === undefined ? [] : [line.replace(/^\w+/, 'DESCRIBE') as AclLine]
  })
  await acls.allow(user, lines)
  const streams = bench.streams({ listener: 'SASL', sasl: oauthFor(user) }, wordCount(app.input, app.output), {
    applicationId: app.id,
    stateDir: bench.stateDir(app.id),
    processingGuarantee: guarantee,
    transactionScope: scope,
    repartitionPurgeIntervalMs: 100,
    logger,
  })
  let error: unknown
  streams.once('error', (reason) => {
    error = reason
  })
  await streams.start().catch((reason) => {
    error = reason
  })
  await until(`${title({ without: without!, guarantee, scope })}: an end`, async () => {
    if (error !== undefined) return true
    return (await bench.cluster.readCommitted(app.output)).length >= 2
  })
  await whileRunning()
  const { state } = streams
  await streams.close().catch(() => {})
  bench.log.lines.push(...logger.lines, everythingIn(error))
  return {
    what: title({ without: without!, guarantee, scope, ...(described === undefined ? {} : { described }) }),
    app,
    said: missingIn(error)
      ?.replace(/\d+_\d+'$/, "<task>'")
      .replace(/[0-9a-f-]{36}'$/, "<instance>'"),
    state,
  }
}

// A store that has nothing to restore is not read.
async function fillChangelog({ cluster }: SecurityBench, { id }: App): Promise<void> {
  const topic = `${id}-counts-changelog`
  await cluster.client.admin.createTopics([{ topic, partitionCount: 1, configs: { 'cleanup.policy': 'compact' } }])
  const producer = cluster.client.producer({})
  await producer.init()
  producer.send(topic, 0, Buffer.from('gone'), null, systemClock.now(), NO_HEADERS)
  await producer.flush()
  await producer.close()
}
