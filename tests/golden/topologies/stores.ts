import type { WindowStore } from '../../../stores/store.ts'
import { stores } from '../../../stores/stores.ts'
import type { ProcessorContext } from '../../../topology/processor.ts'
import { built, strings } from './built.ts'

export const windowStores = built({
  'papi-window-store-dedup': (b) =>
    b
      .stream('input', strings)
      .process({
        stores: [stores.window('seen-ids', { ...strings, retentionMs: 100, windowSizeMs: 20 })],
        create: (context: ProcessorContext<string, string>) => {
          const seen = context.store<WindowStore<string, string>>('seen-ids')
          return {
            process(record) {
              const { key, value, timestamp } = record
              if (seen.fetch(value!, { fromMs: timestamp - 20, toMs: timestamp + 20 }).length > 0) return
              seen.put(value!, key, timestamp)
              return context.forward(record)
            },
          }
        },
      })
      .to('output', strings),
})
