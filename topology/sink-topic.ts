import type { StreamRecord } from '../lib/core/record.ts'
import type { TopicNameExtractor, TopicRef } from './physical.ts'

/**
 * Chooses the topic of each outgoing record. The topics must exist: they are not created.
 *
 * @example
 * const byCountry: TopicChooser<string, Order> = (order) => `orders-${order.country}`
 */
export type TopicChooser<K = any, V = any> = (value: V, key: K, record: StreamRecord<K, V>) => string

/** The topic of a sink, and how a description shows one that is chosen by record. */
export interface SinkTopic {
  readonly topic: TopicRef | TopicNameExtractor
  readonly label: string | undefined
}

export function sinkTopic(topic: string | TopicChooser): SinkTopic {
  if (typeof topic !== 'function') return { topic: { name: topic, internal: false }, label: undefined }
  return { topic: (key, value, record) => topic(value, key, record), label: functionLabel(topic) }
}

// As in Java a `toString` of one's own is shown; else the name, since the source text of a function is not one.
function functionLabel(chooser: TopicChooser): string {
  if (Object.hasOwn(chooser, 'toString')) return String(chooser)
  return chooser.name || 'anonymous'
}
