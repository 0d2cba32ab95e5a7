// Buffered records in the bytes of Java's BufferValue, as its own serializer wrote them.
import type { Header } from '../../../lib/core/record.ts'
import {
  type BufferValue,
  bufferedBytes,
  bufferTimeOf,
  decodeBufferValue,
  encodeBufferValue,
} from '../../../stores/buffer/buffer-value.ts'
import { loadData } from '../../data/load.ts'

interface Vector {
  readonly input: {
    readonly context: Omit<BufferValue['context'], 'headers'> & {
      readonly headers: readonly { readonly key: string; readonly valueHex: string | null }[]
    }
    readonly prior: string | null
    readonly old: string | null
    readonly new: string | null
    readonly bufferTime: number
  }
  readonly hex: string
}

const vectors = loadData<readonly Vector[]>('suppress-buffer.json')
const bytes = (text: string | null) => (text === null ? null : Buffer.from(text))

function recordedValue({ input }: Vector): BufferValue {
  const { context, prior, old, new: newValue, bufferTime: bufferTimeMs } = input
  const headers = context.headers.map(
    ({ key, valueHex }): Header => [key, valueHex === null ? null : Buffer.from(valueHex, 'hex')],
  )
  return { context: { ...context, headers }, prior: bytes(prior), old: bytes(old), new: bytes(newValue), bufferTimeMs }
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
})
