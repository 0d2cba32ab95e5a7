import fc from 'fast-check'
import { DeserializationError, SerializationError } from '../../../lib/serde/errors.ts'
import { serdes } from '../../../lib/serde/index.ts'
import type { Serde } from '../../../lib/serde/serde.ts'

const SEED = { seed: 20_260 }

describe('what a serde writes it reads back', () => {
  const int = (bits: number) => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })
  const kinds: { name: string; serde: Serde<any>; values: fc.Arbitrary<unknown> }[] = [
    { name: 'string', serde: serdes.string(), values: fc.string({ unit: 'grapheme', maxLength: 60 }) },
    { name: 'long', serde: serdes.long(), values: fc.maxSafeInteger() },
    { name: 'bigint', serde: serdes.bigint(), values: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
    { name: 'integer', serde: serdes.integer(), values: int(32) },
    { name: 'short', serde: serdes.short(), values: int(16) },
    { name: 'double', serde: serdes.double(), values: fc.double() },
    { name: 'float', serde: serdes.float(), values: fc.float() },
    { name: 'boolean', serde: serdes.boolean(), values: fc.boolean() },
    { name: 'bytes', serde: serdes.bytes(), values: fc.uint8Array().map((bytes) => Buffer.from(bytes)) },
    { name: 'uuid', serde: serdes.uuid(), values: fc.uuid() },
    { name: 'json', serde: serdes.json(), values: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value))) },
  ]

  it.each(kinds)('$name', ({ serde, values }) => {
    fc.assert(
      fc.property(values, (value) => {
        expect(serde.deserialize('t', serde.serialize('t', value))).toEqual(value)
      }),
      SEED,
    )
  })
})

describe('a value that a serde does not take', () => {
  class Order {}
  const { string, long, bigint, integer, short, double, float, boolean, bytes, uuid, json } = serdes
  const circular: any[] = []
  circular.push(circular)

  it.each<{ serde: Serde<any>; value: unknown; says: string }>([
    {
      serde: string(),
      value: 7,
      says: "serdes.string() cannot write to topic 'orders': it takes a string and got number",
    },
    { serde: string(), value: new Order(), says: 'got Order' },
    { serde: string(), value: Buffer.from('x'), says: 'got Buffer' },
    { serde: long(), value: '7', says: "serdes.long() cannot write to topic 'orders'" },
    { serde: long(), value: 7n, says: 'got bigint; serdes.bigint()' },
    { serde: long(), value: 1.5, says: 'got the number 1.5' },
    { serde: long(), value: 2 ** 53, says: 'serdes.bigint()' },
    { serde: long(), value: Number.NaN, says: 'got the number NaN' },
    { serde: bigint(), value: 7, says: 'it takes a bigint and got number' },
    { serde: bigint(), value: 2n ** 63n, says: 'does not fit 64 bits' },
    { serde: integer(), value: 2 ** 31, says: 'a whole number of 32 bits and got the number 2147483648' },
    { serde: integer(), value: -(2 ** 31) - 1, says: 'got the number -2147483649' },
    { serde: integer(), value: '7', says: 'got string' },
    { serde: integer(), value: 7n, says: 'got bigint' },
    { serde: short(), value: 32_768, says: 'a whole number of 16 bits and got the number 32768' },
    { serde: short(), value: -32_769, says: 'got the number -32769' },
    { serde: short(), value: 0.5, says: 'got the number 0.5' },
    {
      serde: double(),
      value: '1.5',
      says: "serdes.double() cannot write to topic 'orders': it takes a number and got string",
    },
    { serde: float(), value: 1e300, says: 'too large for 4 bytes; serdes.double() takes it' },
    { serde: float(), value: 1n, says: 'got bigint' },
    { serde: boolean(), value: 0, says: 'it takes true or false and got number' },
    { serde: bytes(), value: 'x', says: 'it takes a Buffer and got string' },
    { serde: bytes(), value: new Uint8Array(1), says: 'got Uint8Array' },
    { serde: uuid(), value: 'ada', says: 'got another string' },
    { serde: uuid(), value: 7, says: 'got number' },
    { serde: json(), value: undefined, says: 'undefined has no JSON form' },
    { serde: json(), value: () => 1, says: 'function has no JSON form' },
    { serde: json(), value: { n: 1n }, says: "serdes.json() cannot write to topic 'orders': Object has no JSON form" },
    { serde: json(), value: circular, says: 'Array has no JSON form' },
  ])('$says', ({ serde, value, says }) => {
    const write = () => serde.serialize('orders', value)
    expect(write).toThrow(SerializationError)
    expect(write).toThrow(says)
    expect(write).toThrow(expect.objectContaining({ code: 'STREAMS_SERIALIZATION', topic: 'orders' }))
  })
})

describe('bytes that a serde does not read', () => {
  it.each<{ name: string; serde: Serde<any>; bytes: Buffer; says: string }>([
    { name: 'long', serde: serdes.long(), bytes: Buffer.alloc(7), says: 'it takes 8 bytes and got 7' },
    { name: 'bigint', serde: serdes.bigint(), bytes: Buffer.alloc(9), says: 'it takes 8 bytes and got 9' },
    { name: 'integer', serde: serdes.integer(), bytes: Buffer.alloc(8), says: 'it takes 4 bytes and got 8' },
    { name: 'short', serde: serdes.short(), bytes: Buffer.alloc(0), says: 'it takes 2 bytes and got 0' },
    { name: 'double', serde: serdes.double(), bytes: Buffer.alloc(4), says: 'it takes 8 bytes and got 4' },
    { name: 'float', serde: serdes.float(), bytes: Buffer.alloc(8), says: 'it takes 4 bytes and got 8' },
    { name: 'boolean', serde: serdes.boolean(), bytes: Buffer.alloc(2), says: 'it takes 1 bytes and got 2' },
    { name: 'boolean', serde: serdes.boolean(), bytes: Buffer.of(2), says: 'neither 0 nor 1' },
    { name: 'uuid', serde: serdes.uuid(), bytes: Buffer.from('ada'), says: '3 bytes that are not the text of a UUID' },
    { name: 'json', serde: serdes.json(), bytes: Buffer.from('{'), says: '1 bytes that are not JSON' },
  ])('$name: $says', ({ name, serde, bytes, says }) => {
    const read = () => serde.deserialize('orders', bytes)
    expect(read).toThrow(DeserializationError)
    expect(read).toThrow(`serdes.${name}() cannot read from topic 'orders'`)
    expect(read).toThrow(says)
    expect(read).toThrow(expect.objectContaining({ code: 'STREAMS_DESERIALIZATION', topic: 'orders' }))
  })
})

describe('string()', () => {
  it.each([0, 1, 19, 20, 21, 200])('writes UTF-8 at length %i, whatever the last character is', (length) => {
    for (const last of ['z', '\x7f', '\x80', 'ÿ', '日', '😀']) {
      const text = 'a'.repeat(length) + last
      expect(serdes.string().serialize('t', text)).toEqual(Buffer.from(text, 'utf8'))
    }
  })

  it('writes a lone surrogate as a question mark, as Java does', () => {
    expect(serdes.string().serialize('t', 'a\ud800b😀\udc00').toString()).toBe('a?b😀?')
  })

  it('keeps a byte order mark', () => {
    expect(serdes.string().deserialize('t', Buffer.from('efbbbf61', 'hex'))).toBe('\ufeffa')
  })
})

describe('uuid()', () => {
  it('gives equal ids equal bytes', () => {
    const id = 'C28CCAC8-d6ce-2d14-3820-685476617cce'
    expect(serdes.uuid().serialize('t', id).toString()).toBe(id.toLowerCase())
    expect(serdes.uuid().deserialize('t', Buffer.from(id))).toBe(id.toLowerCase())
  })
})

describe('not-a-number', () => {
  it('has one pattern of bits, whatever sign it was computed with', () => {
    const negativeNaN = Buffer.from('fff8000000000001', 'hex').readDoubleBE()
    expect(serdes.double().serialize('t', negativeNaN).toString('hex')).toBe('7ff8000000000000')
    expect(serdes.float().serialize('t', negativeNaN).toString('hex')).toBe('7fc00000')
  })
})
