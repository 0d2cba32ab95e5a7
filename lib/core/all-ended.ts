/**
 * As `Promise.all`, but when one fails it still waits for the others: what is done about the failure does not meet what was under way. Rejects with the failure of
 * the first in the list that has failed.
 *
 * @example
 * await allEnded(databases.map((database) => database.write())) // nothing writes any more, also if this throws
 */
export async function allEnded<const T extends readonly unknown[]>(
  work: T,
): Promise<{ -readonly [I in keyof T]: Awaited<T[I]> }> {
  await Promise.allSettled(work)
  return Promise.all(work)
}
