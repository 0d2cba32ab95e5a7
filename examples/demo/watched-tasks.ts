import type { Client, ClientSupplier, GroupListener, GroupMemberOptions, TopicPartition } from '../../lib/index.ts'

/** The same way to a cluster; tells which partitions the group gives to this instance, whenever that changes. */
export function watchPartitions(
  supplier: ClientSupplier,
  onChange: (owned: readonly TopicPartition[]) => void,
): ClientSupplier {
  return {
    connect(context) {
      const client = supplier.connect(context)
      const watched: Client = {
        get admin() {
          return client.admin
        },
        fetcher: (options) => client.fetcher(options),
        producer: (options) => client.producer(options),
        groupMember: (options: GroupMemberOptions) =>
          client.groupMember({ ...options, listener: watchedListener(options.listener, onChange) }),
        close: () => client.close(),
      }
      return watched
    },
  }
}

function watchedListener(listener: GroupListener, onChange: (owned: readonly TopicPartition[]) => void): GroupListener {
  let owned: readonly TopicPartition[] = []
  const change = (now: readonly TopicPartition[]) => {
    owned = now
    onChange(owned)
  }
  const without = (gone: readonly TopicPartition[]) =>
    owned.filter((own) => !gone.some(({ topic, partition }) => topic === own.topic && partition === own.partition))
  return {
    async onAssigned(assigned) {
      await listener.onAssigned(assigned)
      change([...assigned.kept, ...assigned.added])
    },
    async onRevoked(partitions, group) {
      await listener.onRevoked(partitions, group)
      change(without(partitions))
    },
    async onLost(partitions) {
      await listener.onLost(partitions)
      change(without(partitions))
    },
    onFatal: (error) => listener.onFatal(error),
  }
}
