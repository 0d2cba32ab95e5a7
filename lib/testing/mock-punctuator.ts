import type { Cancellable, PunctuationOptions } from '../../topology/processor.ts'

/** What a processor has scheduled in a MockProcessorContext. It fires when the test says so, and at no other time. */
export class MockPunctuator implements Cancellable {
  readonly everyMs: number
  readonly time: PunctuationOptions['time']
  /** Undefined if the processor left it out. */
  readonly startMs: number | undefined
  readonly #fire: (timestampMs: number | undefined) => Promise<void>
  #cancelled = false

  constructor(
    { everyMs, time, startMs }: PunctuationOptions,
    fire: (timestampMs: number | undefined) => Promise<void>,
  ) {
    this.everyMs = everyMs
    this.time = time
    this.startMs = startMs
    this.#fire = fire
  }

  /** Whether it was cancelled: it does not fire any more. */
  get cancelled(): boolean {
    return this.#cancelled
  }

  cancel(): void {
    this.#cancelled = true
  }

  /**
   * Calls the processor's punctuator as a task would, without a record in process; resolves when it is done. Does nothing if it was cancelled.
   *
   * @param timestampMs - What the punctuator gets. Default: the context's stream time or system time, whichever it was scheduled in.
   * @throws what the punctuator throws, or rejects with.
   */
  async fire(timestampMs?: number): Promise<void> {
    if (!this.#cancelled) await this.#fire(timestampMs)
  }
}
