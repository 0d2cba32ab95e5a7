import { InvalidConfigError } from '../core/errors.ts'
import type { CompressionCodec, ProducerOptions } from './client.ts'
import { compressionCodecs } from './protocol/compression.ts'

/** The options of a producer with the defaults filled in; see ProducerOptions for units. */
export interface ProducerSettings {
  readonly transactionalId: string | undefined
  readonly transactionTimeoutMs: number
  readonly maxBatchBytes: number
  readonly maxRequestBytes: number
  readonly lingerMs: number
  readonly codec: CompressionCodec
  readonly deliveryTimeoutMs: number
}

/** @throws InvalidConfigError `STREAMS_INVALID_CONFIG`: naming the option. */
export function producerSettings(options: ProducerOptions): ProducerSettings {
  const settings: ProducerSettings = {
    transactionalId: options.transactionalId,
    transactionTimeoutMs: options.transactionTimeoutMs ?? 60_000,
    maxBatchBytes: options.maxBatchBytes ?? 900 * 1024,
    maxRequestBytes: options.maxRequestBytes ?? 1_048_576,
    lingerMs: options.lingerMs ?? 5,
    codec: options.compression ?? 'none',
    deliveryTimeoutMs: options.deliveryTimeoutMs ?? 120_000,
  }
  for (const option of ['transactionTimeoutMs', 'maxBatchBytes', 'maxRequestBytes', 'deliveryTimeoutMs'] as const) {
    if (!(settings[option] > 0)) throw new InvalidConfigError(option, `is ${settings[option]}; it must be above 0.`)
  }
  if (!(settings.lingerMs >= 0)) throw new InvalidConfigError('lingerMs', `is ${settings.lingerMs}; the least is 0.`)
  if (!compressionCodecs.includes(settings.codec)) {
    const choices = compressionCodecs.map((codec) => `'${codec}'`).join(', ')
    throw new InvalidConfigError('compression', `is '${settings.codec}'; the choices are ${choices}.`)
  }
  if (settings.transactionalId === '') {
    throw new InvalidConfigError('transactionalId', 'is empty. Leave it out for a producer without transactions.')
  }
  return settings
}
