// Buffered records in the bytes of Java's BufferValue, as its own serializer wrote them.
import {
  type BufferValue,
  bufferedBytes,
  bufferTimeOf,
  decodeBufferValue,
  encodeBufferValue,
} from '../../../stores/buffer/buffer-value.ts'
import { headersOf, type JavaBytes, type JavaHeaders, javaBytesOf } from '../../data/java-bytes.ts'

type Context = Omit<BufferValue['context'], 'headers'> & { readonly headers: JavaHeaders }

type Vector = JavaBytes<{
  readonly context: Context
  readonly prior: string | null
  readonly old: string | null
  readonly new: string | null
  readonly bufferTime: number
}>

const vectors = javaBytesOf<Vector>('suppressBufferValue')
const bytes = (text: string | null) => (text === null ? null : Buffer.from(text))

const recordedContext = (context: Context) => ({ ...context, headers: headersOf(context.headers) })

function recordedValue({ input }: Vector): BufferValue {
  const { prior, old, new: newValue, bufferTime: bufferTimeMs } = input
  const context = recordedContext(input.context)
  return { context, prior: bytes(prior), old: bytes(old), new: bytes(newValue), bufferTimeMs }
}

describe('buffered records', () => {
  it('cover what there is: headers without value, equal values, deletes', () => {
    expect(vectors.length).toBeGreaterThan(5)
    expect(vectors.some(({ input }) => input.context.headers.some(({ valueHex }) => valueHex === null))).toBe(true)
    expect(vectors.some(({ input }) => input.prior !== null && input.prior === input.old)).toBe(true)
    expect(vectors.some(({ input }) => input.new === null)).toBe(true)
  })

  it.each(vectors)('have the bytes of Java, both ways: $input', (vector) => {
    const value = recordedValue(vector)

    expect(encodeBufferValue(value).toString('hex')).toBe(vector.hex)
    expect(decodeBufferValue(Buffer.from(vector.hex, 'hex'))).toEqual(value)
    expect(bufferTimeOf(Buffer.from(vector.hex, 'hex'))).toBe(vector.input.bufferTime)
  })

  it('begin with the context of their record', () => {
    for (const { input, hex } of javaBytesOf<JavaBytes<Context>>('recordContext')) {
      const value = { context: recordedContext(input), prior: null, old: null, new: bytes('v'), bufferTimeMs: 7 }
      const encoded = encodeBufferValue(value)
      const rest = encoded.subarray(hex.length / 2)

      expect(encoded.toString('hex', 0, hex.length / 2)).toBe(hex)
      expect(decodeBufferValue(Buffer.concat([Buffer.from(hex, 'hex'), rest]))).toEqual(value)
    }
  })

  it('may come from no topic: of a punctuator', () => {
    const context = { timestamp: 5, headers: [], topic: '', partition: -1, offset: -1 }
    const value = { context, prior: null, old: null, new: null, bufferTimeMs: 5 }
    expect(decodeBufferValue(encodeBufferValue(value))).toEqual(value)
  })

  it('are as large as Java reckons them: fixed parts, key, topic, headers, and each different value once', () => {
    const context = {
      timestamp: 5,
      headers: [['ab', Buffer.from('xyz')] as const],
      topic: 'topic',
      partition: 0,
      offset: 1,
    }
    const fixed = 8 + 8 + 8 + 4 + 'key'.length + 'topic'.length + 'ab'.length + 'xyz'.length
    const size = (prior: string | null, old: string | null, newValue: string | null) =>
      bufferedBytes(Buffer.from('key'), {
        context,
        prior: bytes(prior),
        old: bytes(old),
        new: bytes(newValue),
        bufferTimeMs: 5,
      })

    expect(size(null, null, null)).toBe(fixed)
    expect(size('1', '22', '333')).toBe(fixed + 6)
    expect(size('22', '22', '333')).toBe(fixed + 5)
  })

  it('of a window without an end wait for the latest time that Java knows', () => {
    const context = { timestamp: 1, offset: 2, topic: 't', partition: 0, headers: [] }
    const value = { context, prior: null, old: null, new: Buffer.from('v'), bufferTimeMs: Number.MAX_SAFE_INTEGER }
    const encoded = encodeBufferValue(value)

    expect(encoded.subarray(-8).toString('hex')).toBe('7fffffffffffffff')
    expect(decodeBufferValue(encoded)).toEqual(value)
    expect(bufferTimeOf(encoded)).toBe(Number.MAX_SAFE_INTEGER)
  })
})
