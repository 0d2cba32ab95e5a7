// Flow: task-errors → [error-decision] → task-errors
import { isPromise } from '../../topology/callbacks.ts'
import { type DeadLetter, deadLetterOf } from './dead-letter.ts'
import type { ErrorContext, ErrorDecision } from './error-handlers.ts'

export type AddressedLetter = DeadLetter & { readonly topic: string }

/** The letters that a decision to go on asks for. `topic` is the application's. */
export function lettersOf(
  decision: Exclude<ErrorDecision, 'fail'>,
  error: unknown,
  context: ErrorContext,
  topic: string | undefined,
): readonly AddressedLetter[] {
  if (decision !== 'continue')
    return decision.deadLetters.map((letter) => ({ ...letter, topic: letter.topic ?? topic! }))
  return topic === undefined ? [] : [{ ...deadLetterOf(error, context), topic }]
}

/** What is wrong with what a handler returned; undefined if nothing is. `words` are the answers that it may give. */
export function problemWith(
  decision: unknown,
  words: readonly string[],
  deadLetterTopic: string | undefined,
): string | undefined {
  if (typeof decision === 'string' && words.includes(decision)) return undefined
  const given = decision as
    | { readonly decision?: unknown; readonly deadLetters?: readonly DeadLetter[] }
    | null
    | undefined
  if (given?.decision !== 'continue' || !Array.isArray(given.deadLetters)) {
    const allowed = words.map((word) => `'${word}'`).join(', ')
    const got = isPromise(decision)
      ? 'a promise: handlers are synchronous'
      : (JSON.stringify(decision) ?? String(decision))
    return `must return ${allowed} or { decision: 'continue', deadLetters: [...] }, and returned ${got}`
  }
  if (deadLetterTopic === undefined && given.deadLetters.some((letter: DeadLetter) => letter.topic === undefined)) {
    return 'returned a dead letter without a topic, and there is no deadLetterQueueTopic'
  }
  return undefined
}
