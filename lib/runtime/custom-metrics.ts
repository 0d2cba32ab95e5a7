// Flow: process-graph → [custom-metrics] → metrics
import { InvalidArgumentError } from '../../topology/errors.ts'
import type {
  Counter,
  Gauge,
  Histogram,
  HistogramOptions,
  MetricOptions,
  ProcessorMetrics,
} from '../../topology/processor-metrics.ts'
import type { Logger } from '../core/log.ts'
import { CustomCounter, CustomGauge, CustomHistogram, type CustomMetric, type MetricIdentity } from './custom-metric.ts'

/** Metrics of processors in one instance: tags made of keys would be without end. */
const MAX_METRICS = 10_000

const LEGAL_NAME = /^[a-zA-Z][a-zA-Z0-9._/-]{0,254}$/

/** As OpenTelemetry's: they suit milliseconds. */
const DEFAULT_BOUNDARIES: readonly number[] = [
  0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000,
]

type Metric = CustomCounter | CustomGauge | CustomHistogram

/** What the processors of an instance measure themselves, for as long as their tasks are there. */
export class CustomMetrics {
  readonly #logger: Logger
  /** By task, then by node, name and tags. */
  readonly #tasks = new Map<string, Map<string, Metric>>()
  /** Those that were warned about. */
  readonly #warned = new WeakSet<MetricIdentity>()
  #count = 0
  #isFull = false

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** What a node is given to measure with. */
  of(taskId: string, node: string): ProcessorMetrics {
    return new NodeMetrics(this, taskId, node)
  }

  /** The metric that was made as this one was, or a new one. */
  get(identity: MetricIdentity, make: () => Metric): Metric {
    let metrics = this.#tasks.get(identity.taskId)
    if (metrics === undefined) {
      metrics = new Map()
      this.#tasks.set(identity.taskId, metrics)
    }
    const key = keyOf(identity)
    const existing = metrics.get(key)
    if (existing !== undefined) return existing
    const made = make()
    if (this.#count >= MAX_METRICS) this.#full(identity)
    else {
      metrics.set(key, made)
      this.#count++
    }
    return made
  }

  /** Warns about a value that a metric cannot take: once for each metric. */
  readonly onInvalid = (identity: MetricIdentity, value: unknown): void => {
    if (this.#warned.has(identity)) return
    this.#warned.add(identity)
    const { name, taskId: task, node } = identity
    this.#logger.warn(
      { metric: name, task, node, value: String(value) },
      'a metric was given a value that it cannot take; such values are left out',
    )
  }

  /** Forgets the metrics of a task that is gone. */
  remove(taskId: string): void {
    this.#count -= this.#tasks.get(taskId)?.size ?? 0
    this.#tasks.delete(taskId)
  }

  /** In the order in which tasks, and then metrics, came up. */
  snapshot(): readonly CustomMetric[] {
    return [...this.#tasks.values()].flatMap((metrics) => [...metrics.values()].map((metric) => metric.snapshot()))
  }

  #full(identity: MetricIdentity): void {
    // Made anew each time it is asked for, it would warn each time.
    this.#warned.add(identity)
    if (this.#isFull) return
    const { name, taskId: task, node } = identity
    this.#isFull = true
    this.#logger.warn(
      { metric: name, task, node, limit: MAX_METRICS },
      'there are too many metrics of processors: further ones keep nothing (are there tags with many values?)',
    )
  }
}

class NodeMetrics implements ProcessorMetrics {
  readonly #metrics: CustomMetrics
  readonly #taskId: string
  readonly #node: string

  constructor(metrics: CustomMetrics, taskId: string, node: string) {
    this.#metrics = metrics
    this.#taskId = taskId
    this.#node = node
  }

  counter(name: string, options: MetricOptions = {}): Counter {
    const { onInvalid } = this.#metrics
    const identity = this.#identity('counter', name, options)
    const metric = this.#metrics.get(identity, () => new CustomCounter(identity, onInvalid))
    return metric instanceof CustomCounter ? metric : this.#refuse('counter', name)
  }

  gauge(name: string, options: MetricOptions = {}): Gauge {
    const { onInvalid } = this.#metrics
    const identity = this.#identity('gauge', name, options)
    const metric = this.#metrics.get(identity, () => new CustomGauge(identity, onInvalid))
    return metric instanceof CustomGauge ? metric : this.#refuse('gauge', name)
  }

  histogram(name: string, options: HistogramOptions = {}): Histogram {
    const boundaries = this.#boundaries(name, options.boundaries)
    const { onInvalid } = this.#metrics
    const identity = this.#identity('histogram', name, options)
    const metric = this.#metrics.get(identity, () => new CustomHistogram(identity, onInvalid, boundaries))
    if (!(metric instanceof CustomHistogram)) return this.#refuse('histogram', name)
    return metric.boundaries.join() === boundaries.join() ? metric : this.#refuse('histogram', name)
  }

  #identity(method: string, name: string, { tags = {} }: MetricOptions): MetricIdentity {
    if (typeof name !== 'string' || !LEGAL_NAME.test(name)) {
      throw new InvalidArgumentError(
        `metrics.${method}`,
        `processor '${this.#node}' names a metric '${name}'. A name has 1 to 255 letters, digits, '.', '_', '-' or '/', and begins with a letter.`,
      )
    }
    for (const [tag, value] of Object.entries(tags)) {
      if (typeof value === 'string') continue
      throw new InvalidArgumentError(
        `metrics.${method}`,
        `the tag '${tag}' of '${name}' has to be a string, but is a ${typeof value}.`,
      )
    }
    return { name, taskId: this.#taskId, node: this.#node, tags: Object.freeze({ ...tags }) }
  }

  #boundaries(name: string, boundaries: readonly number[] = DEFAULT_BOUNDARIES): readonly number[] {
    const rising = (bound: number, i: number) => Number.isFinite(bound) && (i === 0 || bound > boundaries[i - 1]!)
    if (Array.isArray(boundaries) && boundaries.every(rising)) return Object.freeze([...boundaries])
    throw new InvalidArgumentError(
      'metrics.histogram',
      `the boundaries of '${name}' have to be finite numbers that rise, but are ${boundaries}.`,
    )
  }

  #refuse(kind: string, name: string): never {
    throw new InvalidArgumentError(
      `metrics.${kind}`,
      `processor '${this.#node}' has a metric '${name}' of another kind, or with other boundaries. Choose another name.`,
    )
  }
}

function keyOf({ node, name, tags }: MetricIdentity): string {
  return JSON.stringify([node, name, Object.entries(tags).sort()])
}
