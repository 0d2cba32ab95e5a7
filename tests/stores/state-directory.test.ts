// Strategy: real folders, and real other processes where a lock has to outlive, or not outlive, its holder.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { systemClock } from '../../lib/core/clock.ts'
import { type Logger, silentLogger } from '../../lib/core/log.ts'
import { openStateDirectory, requireUnlocked, type StateDirectory } from '../../stores/state-directory.ts'
import { type Damage, damage, dataFiles } from '../support/file-damage.ts'
import { Chance } from '../support/fuzz.ts'

let stateDir: string
const open: StateDirectory[] = []
const children: ChildProcess[] = []
let errors: { readonly fields: object; readonly message: string }[]
const logger: Logger = { ...silentLogger, error: (fields, message) => void errors.push({ fields, message }) }

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'millrace-'))
  errors = []
})

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const directory of open.splice(0)) await directory.close()
  rmSync(stateDir, { recursive: true, force: true })
})

async function take(dir = stateDir): Promise<StateDirectory> {
  const directory = await openStateDirectory({ stateDir: dir, applicationId: 'app', clock: systemClock, logger })
  open.push(directory)
  return directory
}

/** Another process that takes the directory and says 'held', or the code of the error. */
async function takeInAnotherProcess(): Promise<{ child: ChildProcess; says: string }> {
  const script = `
    import { openStateDirectory } from '${new URL('../../stores/state-directory.ts', import.meta.url).href}'
    import { systemClock } from '${new URL('../../lib/core/clock.ts', import.meta.url).href}'
    setInterval(() => {}, 1000)
    try {
      await openStateDirectory({ stateDir: ${JSON.stringify(stateDir)}, applicationId: 'app', clock: systemClock, logger: { error() {} } })
      console.log('held')
    } catch (error) { console.log(error.code) }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const [says] = await once(createInterface(child.stdout!), 'line')
  return { child, says }
}

async function killHard(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

describe('a state directory', () => {
  it('is made with its parents', async () => {
    const directory = await take(join(stateDir, 'a', 'b'))
    expect(existsSync(join(stateDir, 'a', 'b', 'app'))).toBe(true)
    expect(directory.taskDirectory('0_3')).toBe(join(directory.path, '0_3'))
  })

  it('keeps the instance id across restarts', async () => {
    const first = await take()
    expect(first.instanceId).toMatch(/^[0-9a-f-]{36}$/)
    await first.close()
    expect((await take()).instanceId).toBe(first.instanceId)
  })

  it('gives each application a directory and an id of its own', async () => {
    const one = await take()
    const other = await openStateDirectory({ stateDir, applicationId: 'other', clock: systemClock, logger })
    open.push(other)
    expect(other.instanceId).not.toBe(one.instanceId)
  })

  it('lists the tasks that have a folder, and nothing else', async () => {
    const directory = await take()
    expect(directory.taskDirectories()).toEqual([])
    for (const name of ['0_3', '12_0', 'notes']) mkdirSync(join(directory.path, name))
    writeFileSync(join(directory.path, '0_4'), '')
    expect(directory.taskDirectories()).toEqual(['0_3', '12_0'])
  })
})

describe('a state directory that cannot be used', () => {
  it.each(['a/b', '', '..', 'with space'])('refuses the application id %j', async (applicationId) => {
    const attempt = openStateDirectory({ stateDir, applicationId, clock: systemClock, logger })
    await expect(attempt).rejects.toMatchObject({ code: 'STREAMS_INVALID_CONFIG', option: 'applicationId' })
  })

  it('names the option when a file is in the way', async () => {
    writeFileSync(join(stateDir, 'file'), '')
    const problem = { code: 'STREAMS_INVALID_CONFIG', option: 'stateDir', message: expect.stringContaining('ENOTDIR') }
    await expect(take(join(stateDir, 'file', 'x'))).rejects.toMatchObject(problem)
    expect(() => requireUnlocked({ stateDir: join(stateDir, 'file', 'x'), applicationId: 'app' })).toThrow(
      expect.objectContaining(problem),
    )
  })

  it('names the option when the lock cannot be made', async () => {
    mkdirSync(join(stateDir, 'app'))
    writeFileSync(join(stateDir, 'app', 'instance'), 'a file where a folder has to be')
    await expect(take()).rejects.toMatchObject({ code: 'STREAMS_INVALID_CONFIG', option: 'stateDir' })
    rmSync(join(stateDir, 'app', 'instance'))
    await take() // the failed attempt holds nothing
  })
})

describe('a state directory whose instance database is damaged', () => {
  const isTable = (name: string) => name.endsWith('.ldb')
  const isManifest = (name: string) => name.startsWith('MANIFEST')
  const isCurrent = (name: string) => name === 'CURRENT'
  const folder = () => join(stateDir, 'app', 'instance')
  const setAside = () => readdirSync(join(stateDir, 'app')).filter((name) => name.startsWith('instance.damaged-'))

  /** With its id in a table, where LevelDB puts it when the database is opened again. */
  async function damaged(isHit: (name: string) => boolean, kind: Damage): Promise<string> {
    const { instanceId } = await take()
    await open.pop()!.close()
    await (await take()).close()
    open.pop()
    const files = dataFiles(folder()).filter(isHit)
    expect(files.length).toBeGreaterThan(0)
    for (const file of files) damage(folder(), file, kind, new Chance(1))
    return instanceId
  }

  it.each<{ file: string; isHit: (name: string) => boolean; kind: Damage; isMoved?: boolean }>([
    { file: 'CURRENT', isHit: isCurrent, kind: 'no bytes left' },
    // LevelDB then begins anew by itself.
    { file: 'CURRENT', isHit: isCurrent, kind: 'deleted', isMoved: false },
    { file: 'the list of tables', isHit: isManifest, kind: 'zeros in a sector' },
    { file: 'the list of tables', isHit: isManifest, kind: 'deleted' },
    { file: 'a table', isHit: isTable, kind: 'zeros in a sector' },
    { file: 'a table', isHit: isTable, kind: 'deleted' },
  ])('($file: $kind) is taken under a new id, which stays, and it is said', async ({ isHit, kind, isMoved = true }) => {
    const before = await damaged(isHit, kind)
    const { instanceId } = await take()
    expect(instanceId).not.toBe(before)
    expect(errors).toEqual([
      {
        fields: {
          directory: realpathSync(folder()),
          movedTo: isMoved ? expect.stringContaining(setAside()[0]!) : undefined,
          problem: expect.any(String),
        },
        message: expect.stringContaining('joins its group under a new id'),
      },
    ])
    expect(setAside()).toHaveLength(isMoved ? 1 : 0)
    expect((await takeInAnotherProcess()).says).toBe('STREAMS_STATE_DIR_LOCKED')
    await open.pop()!.close()
    expect((await take()).instanceId).toBe(instanceId)
    expect(errors).toHaveLength(1)
  })

  it('is given to one of several processes that find it so at once, and moved once', async () => {
    await damaged(isTable, 'zeros in a sector')
    const outcomes = await Promise.all(Array.from({ length: 4 }, takeInAnotherProcess))
    expect(outcomes.map(({ says }) => says).sort()).toEqual([
      'STREAMS_STATE_DIR_LOCKED',
      'STREAMS_STATE_DIR_LOCKED',
      'STREAMS_STATE_DIR_LOCKED',
      'held',
    ])
    expect(setAside()).toHaveLength(1)
  })

  it('stays with the process that has it open: what was damaged under it is left alone', async () => {
    await take()
    for (const file of dataFiles(folder())) damage(folder(), file, 'no bytes left', new Chance(1))
    const before = setAside()
    expect((await takeInAnotherProcess()).says).toBe('STREAMS_STATE_DIR_LOCKED')
    expect(setAside()).toEqual(before)
  })
})

describe('a state directory in use', () => {
  const locked = (pid: number) => ({
    code: 'STREAMS_STATE_DIR_LOCKED',
    directory: expect.stringContaining('app'),
    holder: expect.objectContaining({ pid }),
    message: expect.stringMatching(new RegExp(`'.*app' is in use by .*${pid}.*stateDir of its own`)),
  })

  it('is refused to a second instance in this process, whatever the path looks like', async () => {
    const first = await take()
    symlinkSync(stateDir, `${stateDir}-link`)
    try {
      for (const dir of [stateDir, relative(process.cwd(), stateDir), `${stateDir}-link`]) {
        await expect(take(dir)).rejects.toMatchObject(locked(process.pid))
        expect(() => requireUnlocked({ stateDir: dir, applicationId: 'app' })).toThrow(
          expect.objectContaining(locked(process.pid)),
        )
      }
    } finally {
      rmSync(`${stateDir}-link`)
    }
    await first.close()
    requireUnlocked({ stateDir, applicationId: 'app' })
    await take()
  })

  it('stays locked for other processes after a second instance in this one was refused', async () => {
    await take()
    await expect(take()).rejects.toMatchObject({ code: 'STREAMS_STATE_DIR_LOCKED' })
    expect((await takeInAnotherProcess()).says).toBe('STREAMS_STATE_DIR_LOCKED')
  })

  it('is given to one of two that ask at once', async () => {
    const outcomes = await Promise.allSettled([take(), take(), take()])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
  })

  it('names the process that holds it, which goes on unharmed', async () => {
    const { child, says } = await takeInAnotherProcess()
    expect(says).toBe('held')
    await expect(take()).rejects.toMatchObject(locked(child.pid!))
    expect(() => requireUnlocked({ stateDir, applicationId: 'app' })).toThrow(
      expect.objectContaining(locked(child.pid!)),
    )
    expect(child.exitCode).toBeNull()
    await expect(take()).rejects.toMatchObject(locked(child.pid!))
  })

  it('is free at once when its holder was killed, and goes to one of those who ask', async () => {
    const { child } = await takeInAnotherProcess()
    await killHard(child)
    requireUnlocked({ stateDir, applicationId: 'app' })
    const [one, other] = await Promise.all([takeInAnotherProcess(), takeInAnotherProcess()])
    expect([one.says, other.says].sort()).toEqual(['STREAMS_STATE_DIR_LOCKED', 'held'])
  })

  it('is free when its last holder died and the pid belongs to another process now', async () => {
    const { child } = await takeInAnotherProcess()
    await killHard(child)
    const note = join(stateDir, 'app', 'owner.json')
    writeFileSync(note, JSON.stringify({ ...JSON.parse(readFileSync(note, 'utf8')), pid: process.pid }))
    requireUnlocked({ stateDir, applicationId: 'app' })
    await take()
  })

  it('can be taken while the note of its last holder is half written', async () => {
    mkdirSync(join(stateDir, 'app'))
    writeFileSync(join(stateDir, 'app', 'owner.json'), '{"pid":')
    requireUnlocked({ stateDir, applicationId: 'app' })
    await take()
  })
})
