// Flow: process-graph → [custom-metric] → metrics
import type { Counter, Gauge, Histogram } from '../../topology/processor-metrics.ts'

/** Which of the metrics of processors this is. */
export interface MetricIdentity {
  readonly name: string
  readonly taskId: string
  /** The processor that made it. */
  readonly node: string
  readonly tags: Readonly<Record<string, string>>
}

export interface CounterValue extends MetricIdentity {
  readonly kind: 'counter'
  /** The sum of what was added. */
  readonly value: number
}

export interface GaugeValue extends MetricIdentity {
  readonly kind: 'gauge'
  /** What was set last; undefined: nothing yet. */
  readonly value: number | undefined
}

export interface HistogramValue extends MetricIdentity {
  readonly kind: 'histogram'
  /** How many values were recorded. */
  readonly count: number
  readonly sum: number
  /** Undefined if nothing was recorded. */
  readonly min: number | undefined
  /** Undefined if nothing was recorded. */
  readonly max: number | undefined
  /** Upper bounds of the buckets, inclusive, rising. */
  readonly boundaries: readonly number[]
  /** How many values are in each bucket; one more than boundaries, for what is above the last. */
  readonly bucketCounts: readonly number[]
}

/** A metric that a processor keeps (see ProcessorMetrics), as it is now. */
export type CustomMetric = CounterValue | GaugeValue | HistogramValue

/** Told of values that a metric cannot take. */
export type OnInvalid = (identity: MetricIdentity, value: unknown) => void

export class CustomCounter implements Counter {
  readonly #identity: MetricIdentity
  readonly #onInvalid: OnInvalid
  #value = 0

  constructor(identity: MetricIdentity, onInvalid: OnInvalid) {
    this.#identity = identity
    this.#onInvalid = onInvalid
  }

  add(amount = 1): void {
    if (Number.isFinite(amount) && amount >= 0) this.#value += amount
    else this.#onInvalid(this.#identity, amount)
  }

  snapshot(): CounterValue {
    return { ...this.#identity, kind: 'counter', value: this.#value }
  }
}

export class CustomGauge implements Gauge {
  readonly #identity: MetricIdentity
  readonly #onInvalid: OnInvalid
  #value: number | undefined

  constructor(identity: MetricIdentity, onInvalid: OnInvalid) {
    this.#identity = identity
    this.#onInvalid = onInvalid
  }

  set(value: number): void {
    if (Number.isFinite(value)) this.#value = value
    else this.#onInvalid(this.#identity, value)
  }

  snapshot(): GaugeValue {
    return { ...this.#identity, kind: 'gauge', value: this.#value }
  }
}

export class CustomHistogram implements Histogram {
  readonly boundaries: readonly number[]
  readonly #identity: MetricIdentity
  readonly #onInvalid: OnInvalid
  readonly #bucketCounts: number[]
  #count = 0
  #sum = 0
  #min: number | undefined
  #max: number | undefined

  constructor(identity: MetricIdentity, onInvalid: OnInvalid, boundaries: readonly number[]) {
    this.boundaries = boundaries
    this.#identity = identity
    this.#onInvalid = onInvalid
    this.#bucketCounts = new Array<number>(boundaries.length + 1).fill(0)
  }

  record(value: number): void {
    if (!Number.isFinite(value)) {
      this.#onInvalid(this.#identity, value)
      return
    }
    this.#count++
    this.#sum += value
    if (this.#min === undefined || value < this.#min) this.#min = value
    if (this.#max === undefined || value > this.#max) this.#max = value
    let bucket = 0
    while (bucket < this.boundaries.length && value > this.boundaries[bucket]!) bucket++
    this.#bucketCounts[bucket]!++
  }

  snapshot(): HistogramValue {
    return {
      ...this.#identity,
      kind: 'histogram',
      count: this.#count,
      sum: this.#sum,
      min: this.#min,
      max: this.#max,
      boundaries: this.boundaries,
      bucketCounts: [...this.#bucketCounts],
    }
  }
}
