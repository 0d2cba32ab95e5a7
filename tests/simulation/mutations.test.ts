// That the planted bugs still fit the code; `npm run mutations` plants them.
import { readFileSync } from 'node:fs'
import { mutations } from './mutations/mutations.ts'

describe.each(mutations)('the mutation "$name"', ({ edits }) => {
  it.each(edits)('finds what it changes in $file, once', ({ file, find, replace }) => {
    const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
    expect(source.split(find)).toHaveLength(2)
    expect(replace).not.toBe(find)
  })
})
