// The topologies of the recorded cases that are not data, by name, in the order and with the names of their Java source.
import type { Topology } from '../../../topology/topology.ts'
import { cogroups } from './cogroup.ts'
import { customWindowTopologies } from './custom-windows.ts'
import { errors } from './errors.ts'
import { foreignKeyJoins } from './foreign-key-joins.ts'
import { globalStores } from './global.ts'
import { mixed } from './mixed.ts'
import { optimizations } from './optimizations.ts'
import { windowStores } from './stores.ts'
import { streamJoins } from './stream-joins.ts'
import { suppress } from './suppress.ts'
import { tableJoins } from './table-joins.ts'
import { tables } from './tables.ts'
import { windowTopologies } from './windows.ts'

export const handWritten: ReadonlyMap<string, () => Topology> = new Map([
  ...cogroups,
  ...customWindowTopologies,
  ...errors,
  ...foreignKeyJoins,
  ...globalStores,
  ...mixed,
  ...optimizations,
  ...streamJoins,
  ...suppress,
  ...tableJoins,
  ...tables,
  ...windowTopologies,
  ...windowStores,
])
