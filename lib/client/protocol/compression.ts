// The codecs of record batches. gzip and zstd are Node's own. Snappy and LZ4 are in codecs/: the packages that do without native code cannot be
// given bytes from a network (snappyjs 0.7 never ends on some, lz4js 0.2 makes up content for others, and writes frames that Java refuses).
// Not by name: a version of Node without zstd could then not even say that it is too old (lib/core/node-version.ts).
import zlib from 'node:zlib'
import { compressLz4, decompressLz4 } from './codecs/lz4.ts'
import { compressSnappy, decompressSnappy } from './codecs/snappy.ts'

/** How a batch's records are compressed. The position in this list is the codec's number on the wire. */
export const compressionCodecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

export type CompressionCodec = (typeof compressionCodecs)[number]

/** Compresses the records of one batch. Works synchronously: a batch is small, and order must not change. */
interface Codec {
  compress(bytes: Buffer): Buffer
  /** Throws if the bytes are damaged, or would become more than `maxBytes`. */
  decompress(bytes: Buffer, maxBytes: number): Buffer
}

/** A batch that would become larger than this is refused: it is damage, or an attempt to fill our memory. */
export const MAX_DECOMPRESSED_BYTES = 256 * 1024 * 1024

// Node grows the output piece by piece; pieces of a batch's usual size spare most of the copying.
const CHUNK_BYTES = 64 * 1024
const ZSTD_LEVEL = 3

const codecs: Readonly<Record<Exclude<CompressionCodec, 'none'>, Codec>> = {
  gzip: {
    compress: (bytes) => zlib.gzipSync(bytes, { chunkSize: CHUNK_BYTES }),
    decompress: (bytes, maxOutputLength) => zlib.gunzipSync(bytes, { maxOutputLength, chunkSize: CHUNK_BYTES }),
  },
  snappy: { compress: compressSnappy, decompress: decompressSnappy },
  lz4: { compress: compressLz4, decompress: decompressLz4 },
  zstd: {
    compress: (bytes) =>
      zlib.zstdCompressSync(bytes, {
        chunkSize: CHUNK_BYTES,
        params: { [zlib.constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL },
      }),
    decompress: (bytes, maxOutputLength) => zlib.zstdDecompressSync(bytes, { maxOutputLength, chunkSize: CHUNK_BYTES }),
  },
}

export function compress(name: Exclude<CompressionCodec, 'none'>, bytes: Buffer): Buffer {
  return codecs[name].compress(bytes)
}

/**
 * @param maxBytes - What may come out; default `MAX_DECOMPRESSED_BYTES`.
 * @throws Error of the codec: the bytes are damaged, or would become more than `maxBytes`.
 */
export function decompress(
  name: Exclude<CompressionCodec, 'none'>,
  bytes: Buffer,
  maxBytes = MAX_DECOMPRESSED_BYTES,
): Buffer {
  return codecs[name].decompress(bytes, maxBytes)
}
