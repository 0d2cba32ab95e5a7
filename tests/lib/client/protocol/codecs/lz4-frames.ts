// Frames that the reference implementation wrote: lz4 1.9.4, for each set of flags by `lz4 -c FLAGS text`, in base64.
import { loadData } from '../../../../data/load.ts'

/** What the frames hold: 150 000 bytes, so that there are several blocks of 64 KiB; some of it repeats, some does not. */
export function lz4Text(): Buffer {
  const text = Buffer.alloc(150_000)
  let word = 1
  for (let i = 0; i < text.length; i++) {
    word = (Math.imul(word, 1_103_515_245) + 12_345) | 0
    text[i] = i % 1000 < 20 ? word >>> 16 : 97 + (((i * i) % 1009) % 7)
  }
  return text
}

export const lz4Frames: Readonly<Record<string, string>> = loadData('lz4-frames.json')
