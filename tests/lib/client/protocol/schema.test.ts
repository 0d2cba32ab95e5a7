import * as schema from '../../../../lib/client/protocol/schema.ts'
import { MalformedMessageError, Reader, type Schema, Writer } from '../../../../lib/client/protocol/schema.ts'

function write<T>(type: Schema<T>, value: T, flexible = false): string {
  const writer = new Writer(flexible, 1)
  type.write(writer, value)
  return writer.done().toString('hex')
}

function read<T>(type: Schema<T>, hex: string, flexible = false): T {
  const reader = new Reader(Buffer.from(hex, 'hex'), flexible)
  const value = type.read(reader)
  expect(reader.remaining).toBe(0)
  return value
}

const pair = schema.struct({ id: schema.int8, name: schema.nullableString })
const cases: { what: string; type: Schema<any>; value: unknown; plain: string; flexible: string }[] = [
  { what: 'an int8', type: schema.int8, value: -2, plain: 'fe', flexible: 'fe' },
  { what: 'an int16', type: schema.int16, value: -2, plain: 'fffe', flexible: 'fffe' },
  { what: 'an int32', type: schema.int32, value: 2 ** 31 - 1, plain: '7fffffff', flexible: '7fffffff' },
  { what: 'an int64', type: schema.int64, value: -1, plain: 'f'.repeat(16), flexible: 'f'.repeat(16) },
  {
    what: 'the largest int64 that a number holds',
    type: schema.int64,
    value: Number.MAX_SAFE_INTEGER,
    plain: '001fffffffffffff',
    flexible: '001fffffffffffff',
  },
  {
    what: 'the smallest',
    type: schema.int64,
    value: Number.MIN_SAFE_INTEGER,
    plain: 'ffe0000000000001',
    flexible: 'ffe0000000000001',
  },
  { what: 'true', type: schema.bool, value: true, plain: '01', flexible: '01' },
  {
    what: 'a uuid',
    type: schema.uuid,
    value: '0123456789abcdef'.repeat(2),
    plain: '0123456789abcdef'.repeat(2),
    flexible: '0123456789abcdef'.repeat(2),
  },
  { what: 'a string', type: schema.string, value: 'hü', plain: '000368c3bc', flexible: '0468c3bc' },
  { what: 'an empty string', type: schema.string, value: '', plain: '0000', flexible: '01' },
  { what: 'no string', type: schema.nullableString, value: null, plain: 'ffff', flexible: '00' },
  { what: 'bytes', type: schema.bytes, value: Buffer.from([7, 8]), plain: '000000020708', flexible: '030708' },
  { what: 'no bytes', type: schema.nullableBytes, value: null, plain: 'ffffffff', flexible: '00' },
  { what: 'an array', type: schema.array(schema.int8), value: [1, 2], plain: '000000020102', flexible: '030102' },
  { what: 'no array', type: schema.nullableArray(schema.int8), value: null, plain: 'ffffffff', flexible: '00' },
  { what: 'a struct', type: pair, value: { id: 5, name: 'a' }, plain: '05000161', flexible: '05026100' },
]

describe('a schema', () => {
  it.each(cases)('writes and reads $what', ({ type, value, plain, flexible }) => {
    expect(write(type, value)).toBe(plain)
    expect(write(type, value, true)).toBe(flexible)
    expect(read(type, plain)).toEqual(value)
    expect(read(type, flexible, true)).toEqual(value)
  })

  it.each([
    { what: 'a null string', type: schema.string, hex: 'ffff', message: 'a string is null' },
    { what: 'null bytes', type: schema.bytes, hex: 'ffffffff', message: 'bytes is null' },
    { what: 'a null array', type: schema.array(schema.int8), hex: 'ffffffff', message: 'an array is null' },
    {
      what: 'an array longer than the message',
      type: schema.array(schema.int8),
      hex: '7fffffff01',
      message: '2147483647 items in 1 bytes',
    },
    { what: 'a string longer than the message', type: schema.string, hex: '7fff61', message: '32767 bytes wanted' },
  ])('refuses $what', ({ type, hex, message }) => {
    const reading = () => (type as Schema<unknown>).read(new Reader(Buffer.from(hex, 'hex'), false))
    expect(reading).toThrow(MalformedMessageError)
    expect(reading).toThrow(message)
  })

  it('refuses an endless length', () => {
    expect(() => schema.string.read(new Reader(Buffer.alloc(9, 0xff), true))).toThrow('longer than 5 bytes')
  })

  it('skips tagged fields that it does not know', () => {
    expect(read(pair, '050261' + '02' + '0103aabbcc' + '8001' + '00', true)).toEqual({ id: 5, name: 'a' })
  })

  it('gives bytes that share memory with the message: nothing is copied', () => {
    const message = Buffer.from('000000020708', 'hex')
    expect(schema.bytes.read(new Reader(message, false)).buffer).toBe(message.buffer)
  })

  it('writes what is longer than its buffer', () => {
    const large = Buffer.alloc(100_000, 3)
    expect(write(schema.array(schema.bytes), [large, large]).length).toBe(2 * (4 + 2 * 100_004))
  })
})
