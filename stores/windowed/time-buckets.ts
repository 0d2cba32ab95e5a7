/** A stretch of event time, `endMs` exclusive, by its place in a segment. */
export interface Bucket {
  readonly segment: number
  readonly index: number
  readonly startMs: number
  readonly endMs: number
}

/** Event time cut into segments, as in Java, and these into buckets. A segment's last bucket may be shorter than the others. */
export class TimeBuckets {
  readonly #segmentMs: number
  readonly #bucketMs: number

  constructor(segmentMs: number, bucketMs: number) {
    this.#segmentMs = segmentMs
    this.#bucketMs = bucketMs
  }

  at(timeMs: number): Bucket {
    const segment = Math.floor(timeMs / this.#segmentMs)
    const segmentStartMs = segment * this.#segmentMs
    const index = Math.floor((timeMs - segmentStartMs) / this.#bucketMs)
    const startMs = segmentStartMs + index * this.#bucketMs
    return {
      segment,
      index,
      startMs,
      endMs: Math.min(startMs + this.#bucketMs, segmentStartMs + this.#segmentMs),
    }
  }
}
