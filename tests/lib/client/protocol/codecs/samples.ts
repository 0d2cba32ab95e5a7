/** A seeded generator (mulberry32), with what the codecs' tests want of it. */
export function random(seed: number) {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const below = (limit: number): number => next() % limit
  return {
    below,
    bytes: (count: number): Buffer => Buffer.from(Uint8Array.from({ length: count }, () => next())),
    /** A copy with some bytes changed, cut off or repeated; the first `spared` stay. */
    damaged(original: Buffer, spared: number): Buffer {
      const place = (bytes: Buffer) => spared + below(Math.max(1, bytes.length - spared))
      let bytes: Buffer = Buffer.from(original)
      for (let count = 1 + below(3); count > 0; count--) {
        const kind = below(4)
        if (kind === 0) bytes = bytes.subarray(0, place(bytes))
        else if (kind === 1) bytes = Buffer.concat([bytes.subarray(0, place(bytes)), bytes.subarray(place(bytes))])
        else if (bytes.length > spared) bytes[place(bytes)] = kind === 2 ? 255 : next()
      }
      return bytes
    },
  }
}

/** What a decoder makes of bytes: its message, or how many bytes there were. */
export function outcomeOf(decode: () => Buffer): string {
  try {
    return `${decode().length} bytes`
  } catch (error) {
    if (Object.getPrototypeOf(error) !== Error.prototype) throw error
    return (error as Error).message
  }
}

/** Contents of every kind and size that a codec's paths tell apart. */
export function codecSamples(): readonly { readonly what: string; readonly bytes: Buffer }[] {
  const chance = random(7)
  const repeats = (length: number, distance: number) => {
    const start = chance.bytes(distance)
    return Buffer.from(Uint8Array.from({ length }, (_, i) => start[i % distance]!))
  }
  const words = Array.from({ length: 10_000 }, () => `word${chance.below(500)} `).join('')
  return [
    ...[0, 1, 4, 5, 12, 13, 14, 60, 61, 256, 257].map((n) => ({ what: `${n} bytes`, bytes: Buffer.alloc(n, 'ab') })),
    ...[32 * 1024, 64 * 1024].flatMap((block) =>
      [-1, 0, 1].map((more) => ({ what: `${block + more} random bytes`, bytes: chance.bytes(block + more) })),
    ),
    ...[1, 2, 3, 4, 7, 25, 100, 2_047, 2_048, 32_767, 65_535].map((distance) => ({
      what: `what repeats every ${distance} bytes`,
      bytes: repeats(70_000, distance),
    })),
    ...[14, 15, 16, 269, 270, 271, 525].map((count) => ({
      what: `${count} literals, then a match`,
      bytes: Buffer.concat([chance.bytes(count), Buffer.alloc(count + 5, 'x'), chance.bytes(20)]),
    })),
    { what: 'words', bytes: Buffer.from(words) },
    { what: 'many of one byte', bytes: Buffer.alloc(300_000, 7) },
  ]
}
