// What disks, crashes and people do to the files of a database.
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Chance } from './fuzz.ts'

/** A sector. */
const SECTOR_BYTES = 4_096
const MAX_FLIPPED_BYTES = 8

const damages = {
  'flipped bits': (path: string, chance: Chance) => {
    const bytes = readFileSync(path)
    if (bytes.length === 0) return
    for (let i = chance.below(MAX_FLIPPED_BYTES); i >= 0; i--)
      bytes[chance.below(bytes.length)]! ^= 1 << chance.below(8)
    writeFileSync(path, bytes)
  },
  'zeros in a sector': (path: string, chance: Chance) => {
    const bytes = readFileSync(path)
    const from = chance.below(bytes.length + 1) & -SECTOR_BYTES
    writeFileSync(path, bytes.fill(0, from, Math.min(from + SECTOR_BYTES, bytes.length)))
  },
  'the end cut off': (path: string, chance: Chance) => truncateSync(path, chance.below(statSync(path).size + 1)),
  'no bytes left': (path: string) => truncateSync(path, 0),
  deleted: (path: string) => rmSync(path),
} as const

export type Damage = keyof typeof damages

export const kindsOfDamage = Object.keys(damages) as readonly Damage[]

/** The files that hold what a database knows; its lock and its diary are not among them. */
export function dataFiles(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => !name.startsWith('LOCK') && !name.startsWith('LOG'))
    .sort()
}

export function damage(directory: string, file: string, kind: Damage, chance: Chance): void {
  damages[kind](join(directory, file), chance)
}
