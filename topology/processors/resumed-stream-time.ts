import type { StateStore } from '../../stores/store.ts'
import type { InternalProcessorContext } from '../processor.ts'

/**
 * The stream time that an operator goes on from: what was committed, or, if that is later, what the stores were restored from tells. The latter counts where Java ran the
 * application in between: it commits no stream times of operators.
 */
export function resumedStreamTimeMs(
  context: InternalProcessorContext<any, any>,
  ...stores: readonly StateStore[]
): number {
  for (const { restoredTimeMs } of stores) if (restoredTimeMs !== undefined) context.observeRestoredTime(restoredTimeMs)
  return context.observedStreamTimeMs()
}
