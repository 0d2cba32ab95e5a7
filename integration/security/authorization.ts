// What users have to be allowed, and what Millrace says when they are not.
import { afterAll, beforeAll, describe } from '@jest/globals'
import { Acls } from './acls.ts'
import { applicationPermissions } from './application-permissions.ts'
import type { SecurityBench } from './bench.ts'
import { clientPermissions } from './client-permissions.ts'

export function describeAuthorization(bench: () => SecurityBench): void {
  describe('authorization', () => {
    let acls: Acls
    beforeAll(async () => {
      acls = await Acls.open(bench().secured.broker.bootstrap)
    })
    afterAll(() => acls.close())

    clientPermissions(bench, () => acls)
    applicationPermissions(bench, () => acls)
  })
}
