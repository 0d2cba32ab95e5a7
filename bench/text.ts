// Lines of text as the benchmarks read them: nine words each, which occur as often as in natural language (Zipf: the word of rank r is drawn with a
// weight of 1/r). Line n is always the same.
import { seededRandom } from '../integration/support/random.ts'

export const VOCABULARY = 10_000
const WORDS_PER_LINE = 9
/** Frequent words are short, as in natural language. */
const SHORT_WORDS = 200
const CONSONANTS = 'bcdfghjklmnprstvwxyz'
const VOWELS = 'aeiou'

/** Two or three syllables and, for a rare word, a last consonant; no two ranks have the same word. */
function wordOf(rank: number): string {
  let rest = rank
  const syllable = () => {
    const letters = CONSONANTS[rest % 20]! + VOWELS[Math.floor(rest / 20) % 5]!
    rest = Math.floor(rest / 100)
    return letters
  }
  const short = syllable() + syllable()
  return rank < SHORT_WORDS ? short : short + syllable() + CONSONANTS[rank % 20]!
}

const words = Array.from({ length: VOCABULARY }, (_, rank) => wordOf(rank))

/** Element r is the share of words that are of rank r or below. */
const shares: readonly number[] = (() => {
  let sum = 0
  const sums = words.map((_, rank) => {
    sum += 1 / (rank + 1)
    return sum
  })
  return sums.map((each) => each / sum)
})()

function wordAt(share: number): string {
  let [low, high] = [0, VOCABULARY - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (shares[middle]! > share) high = middle
    else low = middle + 1
  }
  return words[low]!
}

/** Line `n`: nine words, about 55 bytes. */
export function lineOf(n: number): string {
  const random = seededRandom(n)
  let line = wordAt(random())
  for (let i = 1; i < WORDS_PER_LINE; i++) line += ` ${wordAt(random())}`
  return line
}
