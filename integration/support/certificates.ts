// Certificates that are made when they are needed, so that no key lies in the repository and none can expire in it.
import './no-reflect-metadata.ts'
import { webcrypto } from 'node:crypto'

// Later than the import above, which jest would otherwise run second.
const {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} = await import('@peculiar/x509')

/** A certificate and its key in PEM; the key is in PKCS #8. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

export interface CertificateOptions {
  /** The subject's common name, which is the user's name where clients are known by their certificates. */
  readonly commonName: string
  /** DNS names and IPv4 addresses that the certificate is for. Default: 127.0.0.1 and localhost. */
  readonly hosts?: readonly string[]
  /** It was valid until yesterday. */
  readonly expired?: boolean
}

const DAY_MS = 86_400_000
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const { subtle } = webcrypto

/**
 * A certificate authority of a test's own.
 *
 * @example
 * const authority = await CertificateAuthority.create('Test CA')
 * const { cert, key } = await authority.issue({ commonName: 'broker' })
 * createServer({ cert, key })
 * connect({ ca: authority.cert })
 */
export class CertificateAuthority {
  /** Its own certificate, in PEM. */
  readonly cert: string
  readonly #name: string
  readonly #keys: webcrypto.CryptoKeyPair

  private constructor(name: string, keys: webcrypto.CryptoKeyPair, cert: string) {
    this.#name = name
    this.#keys = keys
    this.cert = cert
  }

  static async create(commonName: string): Promise<CertificateAuthority> {
    const keys = await subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
    const name = `CN=${commonName}`
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name,
      ...validity(false),
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(true, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ],
    })
    return new CertificateAuthority(name, keys, certificate.toString('pem'))
  }

  /** A certificate for a server or a client. */
  async issue({ commonName, hosts, expired = false }: CertificateOptions): Promise<Certificate> {
    const keys = await subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
    const certificate = await X509CertificateGenerator.create({
      subject: `CN=${commonName}`,
      issuer: this.#name,
      ...validity(expired),
      signingKey: this.#keys.privateKey,
      publicKey: keys.publicKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
        new SubjectAlternativeNameExtension((hosts ?? ['127.0.0.1', 'localhost']).map(alternativeName)),
      ],
    })
    const key = PemConverter.encode(await subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
    return { cert: certificate.toString('pem'), key }
  }
}

function validity(expired: boolean): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = Date.now()
  return { notBefore: new Date(now - 3 * DAY_MS), notAfter: new Date(now + (expired ? -DAY_MS : 3 * DAY_MS)) }
}

function alternativeName(host: string): { readonly type: 'ip' | 'dns'; readonly value: string } {
  return { type: /^[\d.]+$/.test(host) ? 'ip' : 'dns', value: host }
}
