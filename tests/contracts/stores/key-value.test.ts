import { stores } from '../../../stores/stores.ts'
import { backends, wrappers } from './backends.ts'
import { type KeyValueVariant, keyValueContract } from './key-value-contract.ts'

const KINDS: Readonly<Record<string, Pick<KeyValueVariant, 'declare' | 'entry' | 'value'>>> = {
  'key-value store': {
    declare: (name, options) => stores.keyValue(name, options),
    entry: (value) => value,
    value: (entry) => entry,
  },
  'timestamped key-value store': {
    declare: (name, options) => stores.timestampedKeyValue(name, options),
    entry: (value, timestamp) => ({ value, timestamp }),
    value: (entry) => entry?.value,
  },
}

for (const [kind, store] of Object.entries(KINDS)) {
  for (const [backend, makeBackend] of Object.entries(backends)) {
    for (const { title, caching, logging } of wrappers) {
      describe(`a ${kind} in ${backend} with ${title}`, () => {
        keyValueContract({ ...store, makeBackend, caching, logging })
      })
    }
  }
}
