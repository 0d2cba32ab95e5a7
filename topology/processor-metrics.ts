// What processors measure themselves: counters, gauges and histograms of their own.

/** Says more of a metric than its name. Metrics of one node with equal names and different tags are different metrics. */
export interface MetricOptions {
  /** Few values each: a tag by record key would be a metric for each key. */
  readonly tags?: Readonly<Record<string, string>>
}

export interface HistogramOptions extends MetricOptions {
  /**
   * Upper bounds of the buckets, inclusive, rising; values above the last one have a bucket of their own. Default: 0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000,
   * 7500, 10 000, which suits milliseconds.
   */
  readonly boundaries?: readonly number[]
}

/** A number that only goes up. */
export interface Counter {
  /** Adds `amount`, finite and at least 0, by default 1. Anything else is left out, and warned about once. */
  add(amount?: number): void
}

/** A number that is now this, now that. */
export interface Gauge {
  /** Anything but a finite number is left out, and warned about once. */
  set(value: number): void
}

/** Numbers of which the distribution counts: how long something took, how large it was. */
export interface Histogram {
  /** Anything but a finite number is left out, and warned about once. */
  record(value: number): void
}

/**
 * Makes metrics of a node's own. They are found, with task and node, in `KafkaStreams.metrics().custom` for as long as the task is there.
 *
 * Asking again by the same name, kind and tags gives the same metric: also after an abort, when processors are made anew. Metrics are not part of transactions: what was counted before
 * an abort stays counted, and is counted again. Names are of letters, digits, '.', '_', '-' and '/', begin with a letter, and have at most 255 characters.
 *
 * An instance has room for 10 000 of them; beyond that a warning is logged once, and further ones keep nothing.
 *
 * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: the name cannot be one, or is that of a metric of another kind or with other boundaries; the boundaries do not rise.
 * @example
 * const hits = context.metrics.counter('cache-hits')
 * const lookupMs = context.metrics.histogram('lookup-ms', { tags: { service: 'prices' } })
 * return {
 *   async process(record) {
 *     const startMs = performance.now()
 *     const price = await lookUp(record.key)
 *     lookupMs.record(performance.now() - startMs)
 *   },
 * }
 */
export interface ProcessorMetrics {
  counter(name: string, options?: MetricOptions): Counter
  gauge(name: string, options?: MetricOptions): Gauge
  histogram(name: string, options?: HistogramOptions): Histogram
}
