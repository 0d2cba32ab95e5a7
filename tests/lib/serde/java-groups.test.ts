// Every group of bytes that Java wrote is shown by a test: no format is left out without somebody noticing.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { javaBytes } from '../../data/java-bytes.ts'
import { ROOT } from '../../tidy/sources.ts'

const SERDES = 'tests/lib/serde/java-bytes.test.ts'
const FORMATS = 'tests/lib/serde/java-formats.test.ts'
const HEADERS = 'tests/stores/java-header-stores.test.ts'
const BUFFERS = 'tests/stores/buffer/buffer-value.test.ts'
const FOREIGN_KEYS = 'tests/topology/foreign-key-formats.test.ts'

const SHOWN_BY: Readonly<Record<string, string>> = {
  string: SERDES,
  long: SERDES,
  integer: SERDES,
  short: SERDES,
  double: SERDES,
  float: SERDES,
  boolean: SERDES,
  uuid: SERDES,
  'list<integer>': FORMATS,
  'list<string>': FORMATS,
  'list<long>': FORMATS,
  timeWindowedSerde: FORMATS,
  sessionWindowedSerde: FORMATS,
  'change<string>': FORMATS,
  'change<long>': FORMATS,
  windowStoreKey: FORMATS,
  sessionStoreKey: FORMATS,
  timestampedKeyAndJoinSide: FORMATS,
  leftOrRightValue: FORMATS,
  valueAndTimestamp: 'tests/stores/timestamped-key-value-store.test.ts',
  headers: HEADERS,
  valueTimestampHeaders: HEADERS,
  aggregationWithHeaders: HEADERS,
  recordContext: BUFFERS,
  suppressBufferValue: BUFFERS,
  fkSubscription: FOREIGN_KEYS,
  fkResponse: FOREIGN_KEYS,
  fkCombinedKey: FOREIGN_KEYS,
  fkCombinedKeyPrefix: FOREIGN_KEYS,
  'murmur3-128': 'tests/lib/core/murmur3.test.ts',
}

describe('the bytes that Java wrote', () => {
  it('have a test for each group', () => {
    const groups = new Set(javaBytes.map(({ group }) => group))
    expect([...groups].sort()).toEqual(Object.keys(SHOWN_BY).sort())
  })

  it.each(Object.entries(SHOWN_BY))('%s: shown by %s', (group, path) => {
    const text = readFileSync(join(ROOT, path), 'utf8')
    expect(text).toContain('javaBytesOf')
    expect(text).toContain(`'${group}'`)
  })
})
