import type { SerdeFor, ValueOptions } from './options.ts'
import type { JoinWindows } from './windows.ts'

/** How two streams are joined. */
export interface StreamJoinOptions<K, V, VO, VR> extends ValueOptions<VR> {
  /** Which records meet: those of the other stream within a time before and after each record's own. */
  readonly within: JoinWindows
  /** Default: the serde known from the verbs before. */
  readonly key?: SerdeFor<K>
  /** Of this stream's values. Default: the serde known from the verbs before. */
  readonly left?: SerdeFor<V>
  /** Of the other stream's values. Default: the serde known from the verbs before. */
  readonly right?: SerdeFor<VO>
  /**
   * Names the stores `<store>-this-join-store`, `<store>-other-join-store` and their like; or gives those of both sides their whole names. Default: after the
   * nodes.
   */
  readonly store?: string | { readonly left: string; readonly right: string }
  /** Whether the stores have changelog topics to be restored from. Default true. */
  readonly logging?: boolean
  /** Default true. False keeps the stores in memory and restores them at each start. */
  readonly persistent?: boolean
  /** Settings of the changelog topics, over the defaults. */
  readonly changelogConfigs?: Readonly<Record<string, string>>
  /**
   * When records of left and outer joins that found no match are let go, after their time (`afterMs` for those of this stream, `beforeMs` for those of the other) and
   * the grace. `as-java`, the default: with a record that moves stream time on, though some wait for longer than they need, until others are due too.
   * `when-due`: with the first record that moves stream time beyond that. In either case at most once a second (`emitIntervalMs` of the application).
   */
  readonly emitUnmatched?: 'as-java' | 'when-due'
}
