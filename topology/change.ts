/**
 * An update of a table on its way through the topology: the value after it and, where some operator downstream asked for it, the value
 * before. Null means that the key has no value.
 */
export class Change<V> {
  readonly newValue: V | null
  readonly oldValue: V | null

  constructor(newValue: V | null, oldValue: V | null) {
    this.newValue = newValue
    this.oldValue = oldValue
  }
}
