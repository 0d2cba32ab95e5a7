// Users and what they may do. Tokens of any name are good at the listener SASL, so each test has users of its own.
import {
  type AclEntry,
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  type Admin,
  Kafka,
  ResourcePatternTypes,
} from 'kafkajs'
import { AuthorizationError } from '../../lib/index.ts'
import { until } from '../support/cluster.ts'

/** One line of an access control list: `READ topic orders`; a name that ends in `*` stands for all that begin so. */
export type AclLine =
  `${keyof typeof AclOperationTypes} ${'topic' | 'group' | 'transactional-id' | 'cluster'} ${string}`

const resourceTypes: Readonly<Record<string, AclResourceTypes>> = {
  topic: AclResourceTypes.TOPIC,
  group: AclResourceTypes.GROUP,
  'transactional-id': AclResourceTypes.TRANSACTIONAL_ID,
  cluster: AclResourceTypes.CLUSTER,
}

/** Sets ACLs, as a super user. */
export class Acls {
  readonly #admin: Admin

  private constructor(admin: Admin) {
    this.#admin = admin
  }

  static async open(bootstrap: string): Promise<Acls> {
    const admin = new Kafka({ brokers: bootstrap.split(','), logCreator: () => () => {} }).admin()
    await admin.connect()
    return new Acls(admin)
  }

  /** Allows this, and returns once the broker goes by it. */
  async allow(user: string, lines: readonly AclLine[]): Promise<void> {
    if (lines.length === 0) return
    await this.#admin.createAcls({ acl: lines.map((line) => entry(user, line)) })
    await until(`${user} has ${lines.length} ACLs`, async () => (await this.#count(user)) >= lines.length)
  }

  /** Takes one line back, and returns once the broker goes by that. */
  async withdraw(user: string, line: AclLine): Promise<void> {
    const { principal, host, operation, permissionType, resourceType, resourceName, resourcePatternType } = entry(
      user,
      line,
    )
    const before = await this.#count(user)
    await this.#admin.deleteAcls({
      filters: [{ principal, host, operation, permissionType, resourceType, resourceName, resourcePatternType }],
    })
    await until(`${user} has lost '${line}'`, async () => (await this.#count(user)) < before)
  }

  async close(): Promise<void> {
    await this.#admin.disconnect()
  }

  // The answer comes from what the broker's authorizer knows.
  async #count(user: string): Promise<number> {
    const { resources } = await this.#admin.describeAcls({
      resourceType: AclResourceTypes.ANY,
      resourcePatternType: ResourcePatternTypes.ANY,
      principal: `User:${user}`,
      operation: AclOperationTypes.ANY,
      permissionType: AclPermissionTypes.ANY,
    })
    return resources.reduce((sum, { acls }) => sum + acls.length, 0)
  }
}

function entry(user: string, line: AclLine): AclEntry {
  const [operation, type, name] = line.split(' ') as [keyof typeof AclOperationTypes, string, string]
  const prefixed = name.endsWith('*')
  return {
    principal: `User:${user}`,
    host: '*',
    operation: AclOperationTypes[operation],
    permissionType: AclPermissionTypes.ALLOW,
    resourceType: resourceTypes[type]!,
    resourceName: prefixed ? name.slice(0, -1) : name,
    resourcePatternType: prefixed ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
  }
}

/** What an error says to be missing: `READ on topic 't'`. Undefined: there is no error. */
export function missingIn(error: unknown): string | undefined {
  if (!(error instanceof AuthorizationError)) return error === undefined ? undefined : `something else: ${error}`
  const { operation, resourceType, resourceName, message } = error
  const missing = `${operation} on ${resourceType} '${resourceName}'`
  return message.includes(`not authorized: ${missing}`) ? missing : `something else: ${message}`
}
