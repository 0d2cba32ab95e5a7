// A broker's certificate for localhost and 127.0.0.1, and the authority that has signed it: made anew for each run.
import { CertificateAuthority } from '../../../../integration/support/certificates.ts'

const authority = await CertificateAuthority.create('Test CA')

export const ca = authority.cert
export const { cert, key } = await authority.issue({ commonName: 'broker' })
