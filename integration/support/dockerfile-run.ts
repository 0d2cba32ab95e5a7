// Runs the steps of docker/Dockerfile in plain folders, one a stage, where no Docker engine is: what a stage sees as /app lies in <folder>/<stage>/app.
import { copyFileSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { ROOT } from '../../tests/docker/compose.ts'
import { dockerContext, lastOf, readDockerfile, type Stage } from '../../tests/docker/dockerfile.ts'
import { runToEnd } from '../broker/run-command.ts'

const RUN_TIMEOUT_MS = 120_000

export interface BuiltImage {
  /** Where the files of the image lie: its `/`. */
  readonly root: string
  readonly workdir: string
  readonly entrypoint: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly volume: string
}

/** @param folder - An empty one; it gets the context of the build, and each stage. */
export async function buildImage(folder: string): Promise<BuiltImage> {
  const context = join(folder, 'context')
  for (const path of dockerContext()) cpSync(join(ROOT, path), join(context, path), { recursive: true })
  // The one command of the base image that only root may use, for a user whom only the image has.
  const commands = join(folder, 'commands')
  mkdirSync(commands)
  writeFileSync(join(commands, 'chown'), '#!/bin/sh\n', { mode: 0o755 })

  const stages = new Map<string, StageFolder>()
  let last: StageFolder | undefined
  for (const stage of readDockerfile()) {
    last = new StageFolder(stage, join(folder, stage.name ?? 'image'), { context, commands, stages })
    for (const { name, text } of stage.instructions) await last.follow(name, text)
    if (stage.name !== undefined) stages.set(stage.name, last)
  }
  return last!.image()
}

interface Surroundings {
  readonly context: string
  readonly commands: string
  readonly stages: ReadonlyMap<string, StageFolder>
}

class StageFolder {
  readonly #stage: Stage
  readonly #root: string
  readonly #around: Surroundings
  readonly #env: Record<string, string> = {}
  #workdir = '/'

  constructor(stage: Stage, root: string, around: Surroundings) {
    this.#stage = stage
    this.#root = root
    this.#around = around
    // The base image brings Node.
    const node = join(root, 'usr/local/bin/node')
    mkdirSync(dirname(node), { recursive: true })
    copyFileSync(process.execPath, node)
  }

  async follow(name: string, text: string): Promise<void> {
    if (name === 'WORKDIR') {
      this.#workdir = text
      mkdirSync(this.#inside('.'), { recursive: true })
    } else if (name === 'ENV') {
      const [variable, value] = text.split('=')
      this.#env[variable!] = value!
    } else if (name === 'COPY') this.#copy(text)
    else if (name === 'RUN') await this.#run(text.replace(/^(?:--mount=\S+ )+/, ''))
    else if (!['USER', 'VOLUME', 'STOPSIGNAL', 'ENTRYPOINT'].includes(name))
      throw new Error(`the test does not know how to follow ${name} ${text}`)
  }

  image(): BuiltImage {
    return {
      root: this.#root,
      workdir: this.#inside('.'),
      entrypoint: JSON.parse(lastOf(this.#stage, 'ENTRYPOINT')!),
      env: this.#env,
      volume: lastOf(this.#stage, 'VOLUME')!,
    }
  }

  /** Where a path of the image lies. */
  #inside(path: string): string {
    return path.startsWith('/') ? join(this.#root, path) : join(this.#root, this.#workdir, path)
  }

  #copy(text: string): void {
    const words = text.split(' ')
    const from = words[0]!.startsWith('--from=') ? words.shift()!.slice('--from='.length) : undefined
    const to = words.pop()!
    for (const path of words) {
      const source =
        from === undefined ? join(this.#around.context, path) : this.#around.stages.get(from)!.#inside(path)
      // A folder's contents are copied, a file goes into a folder whose name ends in '/'.
      cpSync(source, to.endsWith('/') ? join(this.#inside(to), path) : this.#inside(to), { recursive: true })
    }
  }

  async #run(command: string): Promise<void> {
    if (command === 'npm ci') {
      // All that developers need is here already, by the same lock file.
      symlinkSync(join(ROOT, 'node_modules'), this.#inside('node_modules'))
      return
    }
    const rooted = command.replaceAll(/(?<=\s)\/(?=\w)/g, `${this.#root}/`)
    const environment = {
      ...this.#env,
      PATH: [this.#around.commands, join(ROOT, 'node_modules/.bin'), process.env.PATH].join(delimiter),
      npm_config_prefer_offline: 'true',
    }
    const assignments = Object.entries(environment).map(([variable, value]) => `${variable}=${value}`)
    const script = `cd '${this.#inside('.')}' && ${rooted}`
    const { ok, how, output } = await runToEnd(
      { command: '/usr/bin/env', args: [...assignments, '/bin/sh', '-euc', script] },
      RUN_TIMEOUT_MS,
    )
    if (!ok) throw new Error(`RUN ${command} failed (${how}):\n${output}`)
  }
}
