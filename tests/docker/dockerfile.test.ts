// What docker/Dockerfile promises. That its steps work, and what they make runs: integration/docker.test.ts.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, readCompose } from './compose.ts'
import { dockerContext, lastOf, readDockerfile } from './dockerfile.ts'

const stages = readDockerfile()
const image = stages.at(-1)!

describe('the image of the word count', () => {
  it("stands on the project's Node", () => {
    const [major] = readFileSync(join(ROOT, '.nvmrc'), 'utf8').trim().split('.')
    expect(stages.map(({ base }) => base)).toEqual(stages.map(() => `node:${major}-slim`))
  })

  it('has the dependencies of users only', () => {
    const installs = image.instructions.filter(({ text }) => text.includes('npm '))
    expect(installs.map(({ text }) => text)).toEqual([expect.stringMatching(/npm ci --omit=dev$/)])
  })

  it('does not run as root, and gets SIGTERM itself', () => {
    expect(lastOf(image, 'USER')).toBe('node')
    expect(lastOf(image, 'STOPSIGNAL')).toBe('SIGTERM')
    expect(JSON.parse(lastOf(image, 'ENTRYPOINT')!)).toEqual(['node', 'dist/examples/word-count.js'])
    expect(readCompose().services['word-count'].init).toBe(true)
  })

  it('is built from the root of the project', () => {
    const { context, dockerfile } = readCompose().services['word-count'].build!
    expect(join(ROOT, 'docker', context, dockerfile)).toBe(join(ROOT, 'docker/Dockerfile'))
  })
})

describe('the context of its build', () => {
  it('has what exists, and nothing that is large, local or secret', () => {
    const paths = dockerContext()
    for (const path of paths) expect({ path, exists: existsSync(join(ROOT, path)) }).toEqual({ path, exists: true })
    expect(paths.filter((path) => /^(?:\.|node_modules|dist|state)/.test(path))).toEqual([])
  })

  it('has each file that is copied from it by name', () => {
    const copied = stages
      .flatMap(({ instructions }) => instructions)
      .filter(({ name, text }) => name === 'COPY' && !text.startsWith('--from='))
      .flatMap(({ text }) => text.split(' ').slice(0, -1))
      .filter((path) => path !== '.')
    expect(copied.length).toBeGreaterThan(0)
    for (const path of copied) expect(dockerContext()).toContain(path)
  })
})
