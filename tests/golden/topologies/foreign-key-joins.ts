import { built, L, S, strings } from './built.ts'

const at = (order: string, customer: string | null) => `${order}@${customer}`
const foreignKey = (value: string) => value.slice(0, value.indexOf('|'))
const foreignKeyOrNull = (value: string) => (value.startsWith('-') ? null : foreignKey(value))

export const foreignKeyJoins = built({
  'fk-join-inner': (b) => {
    const orders = b.table('orders', strings)
    const customers = b.table('customers', strings)
    orders.joinOnForeignKey(customers, foreignKeyOrNull, at, strings).toStream().to('output')
  },
  'fk-join-inner-many': (b) => {
    const orders = b.table('orders', strings)
    const customers = b.table('customers', strings)
    orders
      .joinOnForeignKey(customers, foreignKey, at, { ...strings, name: 'fkj' })
      .toStream()
      .to('output')
  },
  'fk-join-left': (b) => {
    const orders = b.table('orders', strings)
    const customers = b.table('customers', strings)
    orders
      .leftJoinOnForeignKey(customers, foreignKeyOrNull, at, { ...strings, name: 'fkj', store: 'joined' })
      .toStream()
      .to('output')
  },
  'fk-join-left-many': (b) => {
    const orders = b.table('orders', strings)
    const customers = b.table('customers', strings)
    orders.leftJoinOnForeignKey(customers, foreignKeyOrNull, at).toStream().to('output', strings)
  },
  'fk-join-key-extractor': (b) => {
    const orders = b.table('orders', strings)
    const customers = b.table('customers', strings)
    orders
      .joinOnForeignKey(customers, (_, key) => key.slice(0, key.indexOf('-')), at, { ...strings, store: 'joined' })
      .groupBy((v) => [v.slice(v.indexOf('@') + 1), v], { name: 'per-customer', key: S, value: S })
      .count({ store: 'counts', key: S, value: L })
      .toStream()
      .to('output')
  },
})
