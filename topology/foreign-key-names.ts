import type { NameCounter } from './graph/name-counter.ts'

const PREFIX = 'KTABLE-FK-JOIN-'

/** The names that a foreign-key join takes. */
export interface ForeignKeyNames {
  readonly subscriptionTopic: string
  readonly send: string
  readonly subscriptionSink: string
  readonly subscriptionSource: string
  readonly store: string
  readonly receive: string
  readonly answer: string
  readonly update: string
  readonly responseTopic: string
  readonly responseSink: string
  readonly responseSource: string
  readonly resolve: string
  readonly result: string
}

/** Java's names for the parts of a foreign-key join, each with its number, in the order in which Java takes them. */
export function foreignKeyNames(names: NameCounter, given: string | undefined): ForeignKeyNames {
  const next = (suffix: string, prefix: string) => names.suffixedOr(given, suffix, prefix)
  return {
    subscriptionTopic: `${next('-subscription-registration', `${PREFIX}SUBSCRIPTION-REGISTRATION-`)}-topic`,
    send: next('-subscription-registration-processor', `${PREFIX}SUBSCRIPTION-REGISTRATION-`),
    subscriptionSink: next('-subscription-registration-sink', 'KTABLE-SINK-'),
    subscriptionSource: next('-subscription-registration-source', 'KTABLE-SOURCE-'),
    store: next('-subscription-store', `${PREFIX}SUBSCRIPTION-STATE-STORE-`),
    receive: next('-subscription-receive', `${PREFIX}SUBSCRIPTION-PROCESSOR-`),
    answer: next('-subscription-join-foreign', `${PREFIX}SUBSCRIPTION-PROCESSOR-`),
    update: next('-foreign-join-subscription', `${PREFIX}SUBSCRIPTION-PROCESSOR-`),
    responseTopic: `${next('-subscription-response', `${PREFIX}SUBSCRIPTION-RESPONSE-`)}-topic`,
    responseSink: next('-subscription-response-sink', 'KTABLE-SINK-'),
    responseSource: next('-subscription-response-source', 'KTABLE-SOURCE-'),
    resolve: next('-subscription-response-resolver', `${PREFIX}SUBSCRIPTION-RESPONSE-RESOLVER-PROCESSOR-`),
    result: next('-result', `${PREFIX}OUTPUT-`),
  }
}

/** Of the result's store, if it has no name. */
export const RESULT_STORE = `${PREFIX}OUTPUT-`
