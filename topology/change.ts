/**
 * An update of a table on its way through the topology: the value after it and, where some operator downstream asked for it, the value
 * before. Null means that the key has no value.
 */
export class Change<V> {
  readonly newValue: V | null
  readonly oldValue: V | null
  /** False for an update that is older than the key's latest: only versioned tables tell. */
  readonly isLatest: boolean

  constructor(newValue: V | null, oldValue: V | null, isLatest = true) {
    this.newValue = newValue
    this.oldValue = oldValue
    this.isLatest = isLatest
  }
}
