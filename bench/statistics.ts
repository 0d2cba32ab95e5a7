/** The middle one; of two middle ones the larger. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!
}

/** Nearest rank: the smallest number that `percent` of them do not exceed; 0 if there are none. */
export function percentile(numbers: readonly number[], percent: number): number {
  const ascending = numbers.toSorted((a, b) => a - b)
  return ascending[Math.max(Math.ceil((percent / 100) * ascending.length) - 1, 0)] ?? 0
}
