/** How many letters may differ for a name to be taken for a slip of the keyboard. */
const MAX_DISTANCE = 3

/** What to say of a name that is none of these: `; did you mean 'store'?`, or which there are. */
export function didYouMean(name: string, known: readonly string[]): string {
  const distances = known.map((each) => ({ each, distance: editDistance(each.toLowerCase(), name.toLowerCase()) }))
  const closest = distances.sort((a, b) => a.distance - b.distance)[0]
  // Of a short name nearly everything is close to any other.
  const isSlip = closest !== undefined && closest.distance <= Math.min(MAX_DISTANCE, name.length / 2)
  return isSlip ? `; did you mean '${closest.each}'?` : `; the options are: ${[...known].sort().join(', ')}`
}

// Levenshtein's distance, one row at a time.
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}
