// Updates of a table in a repartition topic, in Java's form. The last byte tells which:
//
//   old value ‖ 0        new value ‖ 1        length of the new value (zigzag varint) ‖ new value ‖ old value ‖ 2
//
// 3 to 5 are the same with a byte before the last that says whether the update is its key's latest; they are read, not written, as in Java.
import type { Serde } from '../lib/serde/serde.ts'
import { Change } from './change.ts'
import { readVarint, varintLength, writeVarint } from './varint.ts'

const OLD = 0
const NEW = 1
const BOTH = 2
const WITH_LATEST = 3

/** The serde of updates, given that of the values. */
export function changeSerde<V>(value: Serde<V>): Serde<Change<V>> {
  return {
    ...(value.start === undefined ? {} : { start: (topics) => value.start!(topics) }),
    serialize(topic, { newValue, oldValue }) {
      const newBytes = newValue === null ? undefined : value.serialize(topic, newValue)
      const oldBytes = oldValue === null ? undefined : value.serialize(topic, oldValue)
      if (newBytes !== undefined && oldBytes !== undefined) return both(newBytes, oldBytes)
      const bytes = newBytes ?? oldBytes
      if (bytes === undefined) throw new Error('an update without an old and a new value cannot be repartitioned')
      return Buffer.concat([bytes, Buffer.of(newBytes === undefined ? OLD : NEW)])
    },
    deserialize(topic, bytes) {
      const { newBytes, oldBytes, isLatest } = partsOf(bytes)
      const [newValue, oldValue] = [newBytes, oldBytes].map((each) =>
        each === undefined ? null : value.deserialize(topic, each),
      )
      return new Change(newValue!, oldValue!, isLatest)
    },
    ...(value.prepare === undefined
      ? {}
      : {
          prepare: (topic, bytes) => {
            const { newBytes, oldBytes } = partsOf(bytes)
            const waits = [newBytes, oldBytes].flatMap((each) =>
              each === undefined ? [] : (value.prepare!(topic, each) ?? []),
            )
            return waits.length === 0 ? undefined : Promise.all(waits).then(() => {})
          },
        }),
  }
}

function both(newBytes: Buffer, oldBytes: Buffer): Buffer {
  const lengthBytes = varintLength(newBytes.length)
  const bytes = Buffer.allocUnsafe(lengthBytes + newBytes.length + oldBytes.length + 1)
  writeVarint(bytes, newBytes.length, 0)
  bytes.set(newBytes, lengthBytes)
  bytes.set(oldBytes, lengthBytes + newBytes.length)
  bytes[bytes.length - 1] = BOTH
  return bytes
}

interface Parts {
  readonly newBytes?: Buffer
  readonly oldBytes?: Buffer
  readonly isLatest: boolean
}

function partsOf(bytes: Buffer): Parts {
  const flag = bytes.at(-1) ?? -1
  const tellsLatest = flag >= WITH_LATEST
  const end = bytes.length - (tellsLatest ? 2 : 1)
  const isLatest = !tellsLatest || bytes[end] === 1
  switch (tellsLatest ? flag - WITH_LATEST : flag) {
    case OLD:
      return { oldBytes: bytes.subarray(0, end), isLatest }
    case NEW:
      return { newBytes: bytes.subarray(0, end), isLatest }
    case BOTH: {
      const { value: length, next } = readVarint(bytes, 0)
      return { newBytes: bytes.subarray(next, next + length), oldBytes: bytes.subarray(next + length, end), isLatest }
    }
    default:
      throw new Error(`no update of a table ends with the byte ${flag}`)
  }
}
