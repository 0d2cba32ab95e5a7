/** For comparing entries of all keys: where one key begins with another, and zeros follow, the order is that of bytes and not of keys. */
export function inSomeOrder<T>(entries: readonly T[]): readonly T[] {
  const text = (entry: T) => JSON.stringify(entry)
  return [...entries].sort((a, b) => (text(a) < text(b) ? -1 : 1))
}
