import { serdes } from '../../lib/serde/index.ts'
import { stores } from '../../stores/stores.ts'

const typed = { key: serdes.string(), value: serdes.long() }

describe.each(['keyValue', 'timestampedKeyValue'] as const)('stores.%s', (kind) => {
  it('is logged, persistent and not cached unless told otherwise', () => {
    expect(stores[kind]('counts', typed)).toMatchObject({
      name: 'counts',
      logging: true,
      caching: false,
      persistent: true,
      changelogConfigs: {},
    })
    const told = { logging: false, caching: true, persistent: false, changelogConfigs: { 'segment.bytes': '1048576' } }
    expect(stores[kind]('counts', { ...typed, ...told })).toMatchObject(told)
  })

  it.each<{ name?: string; options?: object; option: string; says: string }>([
    { name: '', option: 'name', says: "is '' for a store: 1 to 249 letters" },
    { name: 'a/b', option: 'name', says: "is 'a/b'" },
    { name: 'a'.repeat(250), option: 'name', says: '1 to 249' },
    { options: { key: undefined }, option: 'key', says: "of store 'counts' has to be a serde" },
    { options: { value: 'long' }, option: 'value', says: "of store 'counts' has to be a serde" },
    { options: { persistant: false }, option: 'persistant', says: 'these are: key, value, logging' },
    { options: { caching: 'yes' }, option: 'caching', says: "of store 'counts' has to be true or false" },
  ])('refuses $option: $says', ({ name = 'counts', options, option, says }) => {
    const declare = () => stores[kind](name, { ...typed, ...options } as typeof typed)
    expect(declare).toThrow(expect.objectContaining({ code: 'STREAMS_INVALID_CONFIG', option }))
    expect(declare).toThrow(says)
  })
})
