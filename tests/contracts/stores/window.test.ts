import { stores } from '../../../stores/stores.ts'
import { backends, wrappers } from './backends.ts'
import { type WindowVariant, windowContract } from './window-contract.ts'

const KINDS: Record<string, Pick<WindowVariant, 'declare' | 'entry' | 'retainDuplicates' | 'timeOrdered'>> = {
  'window store': {
    retainDuplicates: false,
    timeOrdered: false,
    declare: (name, options) => stores.window(name, options),
    entry: (value) => value,
  },
  'window store that retains duplicates': {
    retainDuplicates: true,
    timeOrdered: false,
    declare: (name, options) => stores.window(name, options),
    entry: (value) => value,
  },
  'timestamped window store': {
    retainDuplicates: false,
    timeOrdered: false,
    declare: (name, options) => stores.timestampedWindow(name, options),
    entry: (value, timestamp) => ({ value, timestamp }),
  },
  'timestamped window store in order of time': {
    retainDuplicates: false,
    timeOrdered: true,
    declare: (name, options) => stores.timestampedWindow(name, options),
    entry: (value, timestamp) => ({ value, timestamp }),
  },
}

for (const [kind, store] of Object.entries(KINDS)) {
  for (const [backend, makeBackend] of Object.entries(backends)) {
    for (const { title, caching, logging } of wrappers) {
      if (caching && store.retainDuplicates) continue
      describe(`a ${kind} in ${backend} with ${title}`, () => {
        windowContract({ ...store, makeBackend, caching, logging })
      })
    }
  }
}
