import { errorCodes, errorName, isRetriable } from '../../../../lib/client/protocol/error-codes.ts'

describe('error codes', () => {
  it('have one name each, without gaps from -1 on', () => {
    const codes = Object.values(errorCodes).toSorted((a, b) => a - b)
    expect(codes).toEqual(Array.from({ length: codes.length }, (_, i) => i - 1))
  })

  it('are named as the protocol names them', () => {
    expect(errorName(6)).toBe('NOT_LEADER_OR_FOLLOWER')
    expect(errorName(-1)).toBe('UNKNOWN_SERVER_ERROR')
    expect(errorName(1234)).toBe('ERROR_1234')
  })

  it.each([
    { name: 'COORDINATOR_LOAD_IN_PROGRESS', retriable: true },
    { name: 'CONCURRENT_TRANSACTIONS', retriable: true },
    { name: 'UNSTABLE_OFFSET_COMMIT', retriable: true },
    { name: 'PRODUCER_FENCED', retriable: false },
    { name: 'ILLEGAL_GENERATION', retriable: false },
    { name: 'UNKNOWN_SERVER_ERROR', retriable: false },
    { name: 'NONE', retriable: false },
  ] as const)('$name: retriable $retriable', ({ name, retriable }) => {
    expect(isRetriable(errorCodes[name])).toBe(retriable)
  })

  it('are not retriable when unknown', () => {
    expect(isRetriable(1234)).toBe(false)
  })
})
