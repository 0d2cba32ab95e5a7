// What an entry costs besides its characters: Map slot and two string headers.
const ENTRY_BYTES = 80

/** A larger share of the cache is not given to one entry: it would displace too many others. */
const LARGEST_SHARE = 1 / 32

/** Null: the key is known to have no value. */
type Entry = string | null

/**
 * Committed entries of a task's stores that can be read without a look into the database: roughly the least recently used go first.
 *
 * Two halves: what is read or written moves to the young half; when that is full it becomes the old half, and what was left in
 * the old one is forgotten. So a hit costs no reordering. Values are kept as latin1 strings, not as Buffers: a Buffer of
 * a few bytes keeps alive the slab of 8 KiB that it was cut from.
 */
export class CleanCache {
  readonly #halfBytes: number
  readonly #sections: CleanSection[] = []
  youngBytes = 0

  constructor(limitBytes: number) {
    this.#halfBytes = limitBytes / 2
  }

  /** A part of the cache for one store. */
  section(): CleanSection {
    const section = new CleanSection(this)
    this.#sections.push(section)
    return section
  }

  takes(entryBytes: number): boolean {
    return entryBytes <= 2 * this.#halfBytes * LARGEST_SHARE
  }

  /** Whether the young half has no room for so many bytes more. */
  isFullWith(bytes: number): boolean {
    return this.youngBytes + bytes > this.#halfBytes
  }

  /** Makes the young half the old one. */
  age(): void {
    for (const section of this.#sections) section.age()
    this.youngBytes = 0
  }
}

/** One store's entries. */
export class CleanSection {
  readonly #cache: CleanCache
  #young = new Map<string, Entry>()
  #old = new Map<string, Entry>()

  constructor(cache: CleanCache) {
    this.#cache = cache
  }

  /** Null: the key is known to have no value; undefined: not known here. */
  get(key: string): Buffer | null | undefined {
    let entry = this.#young.get(key)
    if (entry === undefined) {
      entry = this.#old.get(key)
      if (entry === undefined) return undefined
      this.#keep(key, entry, sizeOf(key, entry))
    }
    return entry === null ? null : Buffer.from(entry, 'latin1')
  }

  set(key: string, value: Buffer | null): void {
    const bytes = sizeOf(key, value)
    if (this.#cache.takes(bytes)) this.#keep(key, value === null ? null : value.toString('latin1'), bytes)
    else this.#forget(key)
  }

  clear(): void {
    for (const [key, entry] of this.#young) this.#cache.youngBytes -= sizeOf(key, entry)
    this.#young = new Map()
    this.#old = new Map()
  }

  age(): void {
    this.#old = this.#young
    this.#young = new Map()
  }

  #keep(key: string, entry: Entry, bytes: number): void {
    const previous = this.#young.get(key)
    const growth = previous === undefined ? bytes : bytes - sizeOf(key, previous)
    const full = this.#cache.isFullWith(growth)
    if (full) this.#cache.age()
    this.#cache.youngBytes += full ? bytes : growth
    this.#young.set(key, entry)
  }

  #forget(key: string): void {
    const previous = this.#young.get(key)
    if (previous !== undefined) this.#cache.youngBytes -= sizeOf(key, previous)
    this.#young.delete(key)
    this.#old.delete(key)
  }
}

function sizeOf(key: string, entry: { readonly length: number } | null): number {
  return ENTRY_BYTES + key.length + (entry === null ? 0 : entry.length)
}
