// The topologies of the recorded cases that are not data, by name, in the order and with the names of their Java source.
import type { Topology } from '../../../topology/topology.ts'
import { windowStores } from './stores.ts'
import { tables } from './tables.ts'

export const handWritten: ReadonlyMap<string, () => Topology> = new Map([...tables, ...windowStores])
