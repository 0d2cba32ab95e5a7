// Imports point one way: lib/core, lib/serde ← stores ← topology ← lib/runtime ← lib/*.ts; lib/client sees lib/core only.
import { dirname, join } from 'node:path'
import { type Source, sources } from './sources.ts'

interface Import {
  readonly from: string
  readonly to: string
}

function importsOf({ path, text }: Source): readonly Import[] {
  const specifiers = [...text.matchAll(/^\s*(?:import|export)\b[^'"]*?from '([^']+)'/gms)].map(
    ([, specifier]) => specifier!,
  )
  return specifiers.map((to) => ({
    from: path,
    to: to.startsWith('.') ? join(dirname(path), to).replaceAll('\\', '/') : to,
  }))
}

const all = sources().flatMap(importsOf)
const folderOf = (path: string) =>
  ['lib/core', 'lib/serde', 'lib/client', 'lib/runtime', 'lib/testing', 'stores', 'topology'].find((folder) =>
    path.startsWith(`${folder}/`),
  ) ?? 'lib'

/** What each folder may import besides itself, Node and packages. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'lib/core': [],
  'lib/serde': ['lib/core'],
  'lib/client': ['lib/core'],
  stores: ['lib/core', 'lib/serde'],
  topology: ['lib/core', 'lib/serde', 'stores'],
  'lib/runtime': ['lib/core', 'lib/serde', 'lib/client', 'stores', 'topology'],
  'lib/testing': ['lib/core', 'lib/serde', 'lib/client', 'lib/runtime', 'lib', 'stores', 'topology'],
  lib: ['lib/core', 'lib/serde', 'lib/client', 'lib/runtime', 'stores', 'topology'],
}

/** Packages that one place alone may import. */
const owners: Readonly<Record<string, string>> = {
  kafkajs: 'lib/client/kafkajs/',
  level: 'stores/level/',
  avsc: 'lib/serde/avro.ts',
  pino: 'lib/kafka-streams.ts',
}

describe('imports', () => {
  it('are found at all', () => {
    expect(all.length).toBeGreaterThan(200)
  })

  it('point one way', () => {
    const wrong = all
      .filter(({ to }) => to.endsWith('.ts'))
      .filter(({ from, to }) => folderOf(from) !== folderOf(to) && !allowed[folderOf(from)]!.includes(folderOf(to)))
    expect(wrong).toEqual([])
  })

  it('of a package with one owner stand in its place alone, and there are no other packages', () => {
    const packages = all.filter(({ to }) => !to.endsWith('.ts') && !to.startsWith('node:'))
    const wrong = packages.filter(
      ({ from, to }) => owners[to.split('/')[0]!] === undefined || !from.startsWith(owners[to.split('/')[0]!]!),
    )
    expect(wrong).toEqual([])
  })
})
