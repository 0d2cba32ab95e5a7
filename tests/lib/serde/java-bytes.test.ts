// The serdes that Java has too, against bytes that Java wrote.
import { serdes } from '../../../lib/serde/index.ts'
import type { Serde } from '../../../lib/serde/serde.ts'
import { javaBytesOf } from '../../data/java-bytes.ts'

// Wide numbers are kept as text in the vectors.
const kinds: { group: string; serde: Serde<any>; parse: (input: any) => unknown }[] = [
  { group: 'string', serde: serdes.string(), parse: (input) => input },
  { group: 'long', serde: serdes.bigint(), parse: BigInt },
  { group: 'integer', serde: serdes.integer(), parse: (input) => input },
  { group: 'short', serde: serdes.short(), parse: (input) => input },
  { group: 'double', serde: serdes.double(), parse: Number },
  { group: 'float', serde: serdes.float(), parse: (input) => Math.fround(Number(input)) },
  { group: 'boolean', serde: serdes.boolean(), parse: (input) => input },
  { group: 'uuid', serde: serdes.uuid(), parse: (input) => input },
]

describe.each(kinds)("Java's $group", ({ group, serde, parse }) => {
  const cases = javaBytesOf(group)

  it('is written byte for byte', () => {
    for (const { input, hex } of cases) expect(serde.serialize('t', parse(input)).toString('hex')).toBe(hex)
  })

  it('is read back', () => {
    for (const { input, hex } of cases) expect(serde.deserialize('t', Buffer.from(hex, 'hex'))).toBe(parse(input))
  })
})

describe('long() and the longs of Java', () => {
  const cases = javaBytesOf('long').map(({ input, hex }) => ({ exact: BigInt(input), hex }))
  const isSafe = ({ exact }: { exact: bigint }) => Number.isSafeInteger(Number(exact))

  it('writes and reads those that a number holds', () => {
    for (const { exact, hex } of cases.filter(isSafe)) {
      expect(serdes.long().serialize('t', Number(exact)).toString('hex')).toBe(hex)
      expect(serdes.long().deserialize('t', Buffer.from(hex, 'hex'))).toBe(Number(exact))
    }
  })

  it('refuses to read the others', () => {
    const others = cases.filter((one) => !isSafe(one))
    expect(others.length).toBeGreaterThan(1)
    for (const { hex } of others) {
      expect(() => serdes.long().deserialize('t', Buffer.from(hex, 'hex'))).toThrow('serdes.bigint() reads it')
    }
  })
})
