// Kafka's messages in a stream of bytes: a length of four bytes, then the header, then what does not matter here.

const LENGTH_BYTES = 4
/** No broker takes a larger request (socket.request.max.bytes is 100 MiB); a longer one is no Kafka message. */
const MAX_FRAME_BYTES = 256 * 1024 * 1024

/** What the header of a request says. */
export interface RequestHeader {
  readonly apiKey: number
  readonly correlationId: number
  readonly clientId: string
}

/** Cuts a stream into whole messages, each with its length in front. */
export class FrameSplitter {
  #chunks: Buffer[] = []
  #size = 0
  #needed = LENGTH_BYTES

  /** @throws Error if the bytes cannot be Kafka's. */
  push(chunk: Buffer): readonly Buffer[] {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    if (this.#size < this.#needed) return []
    const bytes = Buffer.concat(this.#chunks)
    const frames: Buffer[] = []
    let at = 0
    for (this.#needed = LENGTH_BYTES; bytes.length - at >= this.#needed; this.#needed = LENGTH_BYTES) {
      const size = LENGTH_BYTES + bytes.readUInt32BE(at)
      if (size > MAX_FRAME_BYTES) throw new Error(`a message of ${size} bytes is none of Kafka's`)
      if (bytes.length - at < size) {
        this.#needed = size
        break
      }
      frames.push(bytes.subarray(at, at + size))
      at += size
    }
    this.#chunks = [bytes.subarray(at)]
    this.#size = bytes.length - at
    return frames
  }
}

export function requestHeader(frame: Buffer): RequestHeader {
  const clientIdBytes = frame.readInt16BE(12)
  return {
    apiKey: frame.readInt16BE(4),
    correlationId: frame.readInt32BE(8),
    clientId: clientIdBytes < 0 ? '' : frame.toString('utf8', 14, 14 + clientIdBytes),
  }
}

export function responseCorrelationId(frame: Buffer): number {
  return frame.readInt32BE(4)
}
