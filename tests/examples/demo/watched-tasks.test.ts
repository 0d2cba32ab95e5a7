import { watchPartitions } from '../../../examples/demo/watched-tasks.ts'
import type { Client, ClientSupplier, GroupListener, GroupMemberOptions, TopicPartition } from '../../../lib/index.ts'

const group = { groupId: 'g', memberId: 'm', generation: 1, instanceId: null }
const parts = (...partitions: number[]): TopicPartition[] =>
  partitions.map((partition) => ({ topic: 'flights', partition }))

/** The listener that the group would call, what the user's listener was told, and what was seen. */
function watched() {
  const told: string[] = []
  const seen: number[][] = []
  let wrapped: GroupListener | undefined
  const client = {
    groupMember: ({ listener }: GroupMemberOptions) => {
      wrapped = listener
    },
  } as unknown as Client
  const supplier: ClientSupplier = { connect: () => client }
  const listener: GroupListener = {
    onAssigned: async ({ added }) => void told.push(`assigned ${added.length}, seen ${seen.length}`),
    onRevoked: async (revoked) => void told.push(`revoked ${revoked.length}, seen ${seen.length}`),
    onLost: async (lost) => void told.push(`lost ${lost.length}, seen ${seen.length}`),
    onFatal: (error) => void told.push(error.message),
  }
  const watching = watchPartitions(supplier, (owned) => seen.push(owned.map(({ partition }) => partition)))
  watching.connect({} as never).groupMember({ listener } as GroupMemberOptions)
  return { told, seen, listener: wrapped! }
}

describe('watched partitions', () => {
  it('are told as the group gives and takes them, after the instance has dealt with it', async () => {
    const { told, seen, listener } = watched()
    const userData = Buffer.alloc(0)
    await listener.onAssigned({ added: parts(0, 1, 2), kept: [], userData, group })
    await listener.onRevoked(parts(1), group)
    await listener.onAssigned({ added: parts(5), kept: parts(0, 2), userData, group })
    await listener.onLost(parts(0, 2, 5))
    expect(seen).toEqual([[0, 1, 2], [0, 2], [0, 2, 5], []])
    expect(told).toEqual(['assigned 3, seen 0', 'revoked 1, seen 1', 'assigned 1, seen 2', 'lost 3, seen 3'])
  })

  it('leave failures to the instance', () => {
    const { told, listener } = watched()
    listener.onFatal(new Error('fenced'))
    expect(told).toEqual(['fenced'])
  })
})
