// One broker for all security tests: a listener for each way to connect, and ACLs.
import type { SaslOptions } from '../../lib/client/kafkajs/options.ts'
import { type ListenerOptions, startBroker, type TestBroker } from '../broker/index.ts'
import { type Certificate, CertificateAuthority } from '../support/certificates.ts'
import { createScramUser } from './scram-users.ts'

/** The user whom every SASL mechanism knows: a super user, so that authentication is all that can go wrong. */
export const USER = 'ada'
// What a form, a JSON text or an escape might mangle.
export const PASSWORD = 'pä$$wörd=,%7391'
/** How long sessions of the listener SHORTSESSIONS live. */
export const SESSION_LIFETIME_MS = 2_500

const MECHANISMS = 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER'
const LOGIN = 'org.apache.kafka.common.security'

export type ListenerName =
  | 'TLS'
  | 'MUTUALTLS'
  | 'EXPIRED'
  | 'ELSEWHERE'
  | 'SASL'
  | 'SASLTLS'
  | 'PLAINONLY'
  | 'SHORTSESSIONS'

/** The certificates of the tests: what is trusted, and what is wrong in one way each. */
export interface Certificates {
  readonly authority: CertificateAuthority
  readonly foreign: CertificateAuthority
  readonly client: Certificate
  readonly expiredClient: Certificate
  readonly foreignClient: Certificate
}

export class SecuredBroker {
  readonly broker: TestBroker
  readonly certificates: Certificates

  private constructor(broker: TestBroker, certificates: Certificates) {
    this.broker = broker
    this.certificates = certificates
  }

  static async start(): Promise<SecuredBroker> {
    const [authority, foreign] = await Promise.all([
      CertificateAuthority.create('Test CA'),
      CertificateAuthority.create('Foreign CA'),
    ])
    const broker = await startBroker({
      listeners: await listeners(authority),
      properties: {
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        // Who comes over a listener without authentication is ANONYMOUS: the test itself, and the broker to itself.
        'super.users': `User:ANONYMOUS;User:${USER};User:CN=${USER}`,
      },
    })
    await createScramUser(broker.bootstrap, USER, PASSWORD)
    const [client, expiredClient, foreignClient] = await Promise.all([
      authority.issue({ commonName: USER }),
      authority.issue({ commonName: USER, expired: true }),
      foreign.issue({ commonName: USER }),
    ])
    return new SecuredBroker(broker, { authority, foreign, client, expiredClient, foreignClient })
  }

  address(listener: ListenerName): string {
    return this.broker.address(listener)
  }

  close(): Promise<void> {
    return this.broker.close()
  }
}

/** OAUTHBEARER for any user: the broker takes unsigned tokens. */
export function oauthFor(user: string, lifetimeMs = 3_600_000): SaslOptions {
  return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: unsignedToken(user, lifetimeMs) }) }
}

/** A JSON Web Token of that user without a signature, valid from now on; a negative lifetime makes one that has expired. */
export function unsignedToken(user: string, lifetimeMs: number): string {
  const nowS = Math.floor(Date.now() / 1000)
  const expiresS = nowS + Math.floor(lifetimeMs / 1000)
  const claims = { sub: user, iat: Math.min(nowS, expiresS - 60), exp: expiresS }
  return `${base64Url({ alg: 'none' })}.${base64Url(claims)}.`
}

function base64Url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

async function listeners(
  authority: CertificateAuthority,
): Promise<readonly (ListenerOptions & { name: ListenerName })[]> {
  const [good, expired, elsewhere] = await Promise.all([
    authority.issue({ commonName: 'broker' }),
    authority.issue({ commonName: 'broker', expired: true }),
    authority.issue({ commonName: 'broker', hosts: ['kafka.example'] }),
  ])
  const tls = tlsProperties(authority, good)
  return [
    { name: 'TLS', protocol: 'SSL', properties: tls },
    { name: 'MUTUALTLS', protocol: 'SSL', properties: { ...tls, 'ssl.client.auth': 'required' } },
    { name: 'EXPIRED', protocol: 'SSL', properties: tlsProperties(authority, expired) },
    { name: 'ELSEWHERE', protocol: 'SSL', properties: tlsProperties(authority, elsewhere) },
    { name: 'SASL', protocol: 'SASL_PLAINTEXT', properties: saslProperties(MECHANISMS) },
    { name: 'SASLTLS', protocol: 'SASL_SSL', properties: { ...tls, ...saslProperties(MECHANISMS) } },
    { name: 'PLAINONLY', protocol: 'SASL_PLAINTEXT', properties: saslProperties('PLAIN') },
    {
      name: 'SHORTSESSIONS',
      protocol: 'SASL_PLAINTEXT',
      properties: {
        ...saslProperties('PLAIN,OAUTHBEARER'),
        'plain.connections.max.reauth.ms': String(SESSION_LIFETIME_MS),
        'oauthbearer.connections.max.reauth.ms': String(SESSION_LIFETIME_MS),
      },
    },
  ]
}

function tlsProperties(authority: CertificateAuthority, { cert, key }: Certificate): Record<string, string> {
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.certificate.chain': cert,
    'ssl.keystore.key': key,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.certificates': authority.cert,
  }
}

function saslProperties(mechanisms: string): Record<string, string> {
  return {
    'sasl.enabled.mechanisms': mechanisms,
    'plain.sasl.jaas.config': `${LOGIN}.plain.PlainLoginModule required user_${USER}="${PASSWORD}";`,
    'scram-sha-256.sasl.jaas.config': `${LOGIN}.scram.ScramLoginModule required;`,
    'scram-sha-512.sasl.jaas.config': `${LOGIN}.scram.ScramLoginModule required;`,
    // The broker has to log in too, though it never speaks to itself over this listener.
    'oauthbearer.sasl.jaas.config': `${LOGIN}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
  }
}
