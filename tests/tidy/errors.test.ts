// docs/errors.md has every error code, and no other.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, sources } from './sources.ts'

const CODE = /STREAMS_[A-Z0-9_]+/g

describe('error codes', () => {
  const declared = sources().flatMap(({ path, text }) =>
    [...text.matchAll(/readonly code = '(STREAMS_[A-Z0-9_]+)'/g)].map(([, code]) => ({ path, code: code! })),
  )
  const documented = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .flatMap((line) => line.split('|')[1]!.match(CODE) ?? [])

  it('are declared once each', () => {
    const codes = declared.map(({ code }) => code)
    expect(codes.filter((code, i) => codes.indexOf(code) !== i)).toEqual([])
    expect(codes.length).toBeGreaterThan(20)
  })

  it('stand in docs/errors.md, each with its row', () => {
    expect([...documented].sort()).toEqual(declared.map(({ code }) => code).sort())
  })

  it('that comments name exist', () => {
    const codes = new Set(declared.map(({ code }) => code))
    // Kafka's own error codes have names of the same shape.
    const ours = sources().filter(({ path }) => path !== 'lib/client/protocol/error-codes.ts')
    const unknown = ours.flatMap(({ path, text }) =>
      (text.match(CODE) ?? []).filter((code) => !codes.has(code)).map((code) => `${path}: ${code}`),
    )
    expect(unknown).toEqual([])
  })
})
