// Makes SCRAM users, by the request AlterUserScramCredentials: Millrace has no use for it.
import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import {
  array,
  bytes,
  type Infer,
  int8,
  int16,
  int32,
  nullableString,
  Reader,
  skipTaggedFields,
  string,
  struct,
  Writer,
} from '../../lib/client/protocol/schema.ts'

const API_KEY = 51
const ITERATIONS = 4096
const MECHANISMS = [
  { mechanism: 1, digest: 'sha256', length: 32 },
  { mechanism: 2, digest: 'sha512', length: 64 },
] as const

const upsertion = struct({ name: string, mechanism: int8, iterations: int32, salt: bytes, saltedPassword: bytes })
const request = struct({
  deletions: array(struct({ name: string, mechanism: int8 })),
  upsertions: array(upsertion),
})
const response = struct({
  throttleTimeMs: int32,
  results: array(struct({ user: string, errorCode: int16, errorMessage: nullableString })),
})

/** Gives a user a password for SCRAM-SHA-256 and SCRAM-SHA-512. `address` is a listener that takes anybody as a super user. */
export async function createScramUser(address: string, name: string, password: string): Promise<void> {
  // The broker takes one change of a user at a time.
  for (const { mechanism, digest, length } of MECHANISMS) {
    const salt = randomBytes(16)
    const saltedPassword = pbkdf2Sync(password, salt, ITERATIONS, length, digest)
    await upsert(address, { name, mechanism, iterations: ITERATIONS, salt, saltedPassword })
  }
}

async function upsert(address: string, credential: Infer<typeof upsertion>): Promise<void> {
  const body = new Writer(true)
  for (const number of [API_KEY, 0]) body.int16(number)
  body.int32(0) // correlation id
  body.int16(-1) // no client id
  body.uvarint(0) // no tagged fields
  request.write(body, { deletions: [], upsertions: [credential] })
  const answer = new Reader(await exchange(address, body.done()), true)
  answer.int32() // correlation id
  skipTaggedFields(answer)
  const { errorCode, errorMessage } = response.read(answer).results[0]!
  if (errorCode !== 0) throw new Error(`user '${credential.name}' cannot be made: ${errorMessage ?? errorCode}`)
}

async function exchange(address: string, message: Buffer): Promise<Buffer> {
  const [host, port] = address.split(':')
  const socket = connect({ host: host!, port: Number(port) })
  try {
    await once(socket, 'connect')
    const size = Buffer.alloc(4)
    size.writeInt32BE(message.length)
    socket.write(Buffer.concat([size, message]))
    let received = Buffer.alloc(0)
    while (received.length < 4 || received.length < 4 + received.readInt32BE(0)) {
      const [chunk] = await once(socket, 'data')
      received = Buffer.concat([received, chunk as Buffer])
    }
    return received.subarray(4)
  } finally {
    socket.destroy()
  }
}
