// The codecs of record batches. gzip and zstd are Node's own; others are put into the table by who has them.
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { UnsupportedCodecError } from '../errors.ts'

/** How a batch's records are compressed. The position in this list is the codec's number on the wire. */
export const compressionCodecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

export type CompressionCodec = (typeof compressionCodecs)[number]

/** Compresses the records of one batch. Works synchronously: a batch is small, and order must not change. */
export interface Codec {
  compress(bytes: Buffer): Buffer
  /** Throws if the bytes are damaged, or would become more than `maxBytes`. */
  decompress(bytes: Buffer, maxBytes: number): Buffer
}

/** A batch that would become larger than this is refused: it is damage, or an attempt to fill our memory. */
export const MAX_DECOMPRESSED_BYTES = 256 * 1024 * 1024

// Node grows the output piece by piece; pieces of a batch's usual size spare most of the copying.
const CHUNK_BYTES = 64 * 1024

const codecs = new Map<CompressionCodec, Codec>([
  [
    'gzip',
    {
      compress: (bytes) => gzipSync(bytes, { chunkSize: CHUNK_BYTES }),
      decompress: (bytes, maxOutputLength) => gunzipSync(bytes, { maxOutputLength, chunkSize: CHUNK_BYTES }),
    },
  ],
  [
    'zstd',
    {
      compress: (bytes) =>
        zstdCompressSync(bytes, { chunkSize: CHUNK_BYTES, params: { [constants.ZSTD_c_compressionLevel]: 3 } }),
      decompress: (bytes, maxOutputLength) => zstdDecompressSync(bytes, { maxOutputLength, chunkSize: CHUNK_BYTES }),
    },
  ],
])

/** Adds a codec, or replaces one, for the whole process. */
export function registerCodec(name: Exclude<CompressionCodec, 'none'>, codec: Codec): void {
  codecs.set(name, codec)
}

/** @throws UnsupportedCodecError `STREAMS_UNSUPPORTED_CODEC`: nobody has registered this codec. */
export function compress(name: Exclude<CompressionCodec, 'none'>, bytes: Buffer): Buffer {
  return codecOf(name).compress(bytes)
}

/**
 * @throws UnsupportedCodecError `STREAMS_UNSUPPORTED_CODEC`: nobody has registered this codec.
 * @throws Error of the codec: the bytes are damaged, or would become more than `MAX_DECOMPRESSED_BYTES`.
 */
export function decompress(name: Exclude<CompressionCodec, 'none'>, bytes: Buffer): Buffer {
  return codecOf(name).decompress(bytes, MAX_DECOMPRESSED_BYTES)
}

function codecOf(name: CompressionCodec): Codec {
  const codec = codecs.get(name)
  if (codec === undefined) {
    throw new UnsupportedCodecError(
      `a batch is compressed with ${name}, for which no codec is installed (installed: ${[...codecs.keys()].join(', ')}). ` +
        `Let its producer use gzip or zstd, or set the topic's compression.type to one of them.`,
    )
  }
  return codec
}
