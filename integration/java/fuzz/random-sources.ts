// Where a random topology starts, and where it ends.
import type { InputTopic } from './random-inputs.ts'
import { isPlainStream, type RandomNodes, type Type, typeOf, VALUE_TYPES } from './random-nodes.ts'
import { globalStore, someStore } from './random-stores.ts'

export function source(made: RandomNodes): void {
  const chance = made.chance
  if (made.streams.length > 0 && chance.oneIn(6)) {
    // Java merges two sources of the same topics.
    stream(made, chance.pick(made.streams))
    return
  }
  const topic = made.topic(`in-${made.topics.length}`, chance.pick(VALUE_TYPES))
  const { name, value } = topic
  switch (chance.below(8)) {
    case 0:
    case 1:
    case 2:
      table(made, topic)
      return
    case 3:
      made.add('globalTable', [], { topic: name, ...globalStore(made) }, { kind: 'globalTable', key: 'string', value })
      return
    case 4:
      stream(made, [topic, made.topic(`in-${made.topics.length}`, value)])
      return
    default:
      stream(made, [topic])
  }
}

export function stream(made: RandomNodes, topics: readonly InputTopic[]): void {
  const type: Type = { kind: 'stream', key: 'string', value: topics[0]!.value }
  made.streams.push(topics)
  made.add('stream', [], { topics: topics.map(({ name }) => name) }, type, true)
}

export function table(made: RandomNodes, { name, value }: InputTopic): void {
  const type: Type = { kind: 'table', key: 'string', value }
  made.add('table', [], { topic: name, ...someStore(made, type) }, type, true)
}

/** Through a topic and back. */
export function mid(made: RandomNodes): void {
  const input = made.some(isPlainStream)
  if (input === undefined) return
  const topic = made.topic(`mid-${made.topics.length}`, input.value)
  made.add('to', [input], { topic: topic.name }, undefined, true)
  if (made.chance.oneIn(3)) table(made, topic)
  else stream(made, [topic])
}

// What nothing has taken yet, and some of the rest, goes to topics of its own.
export function sinks(made: RandomNodes): void {
  for (const result of [...made.results]) {
    if (made.consumed.has(result.id) && !made.chance.oneIn(5)) continue
    if (result.kind !== 'stream' && result.kind !== 'table') continue
    const stream =
      result.kind === 'stream'
        ? result
        : made.add('toStream', [result], undefined, { ...typeOf(result), kind: 'stream' }, true)
    made.add('to', [stream], { topic: `out-${made.nodes.length}` }, undefined, true)
  }
}
