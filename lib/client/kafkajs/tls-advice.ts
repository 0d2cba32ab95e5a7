// What to do when TLS was refused, by the code of the socket's error.

const UNKNOWN_AUTHORITY: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
])

/** A sentence that names the option to look at. */
export function tlsAdvice(code: string): string {
  if (UNKNOWN_AUTHORITY.has(code)) {
    return "Check the option `ssl.ca`: it must hold the authority that has signed the broker's certificate."
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return "Check the option `brokers`: the broker's certificate is for other names; or give the name that it is for in `ssl.servername`."
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return "The broker's certificate has to be renewed, or this machine's clock is wrong; the option `ssl` has no part in it."
  }
  // The broker's word about us. Java says "bad certificate" for none at all, and "certificate unknown" for one that it cannot trust.
  if (/ALERT_.*(CERTIFICATE|UNKNOWN_CA)/.test(code)) {
    return 'The broker does not accept this client: check the options `ssl.cert` and `ssl.key`, which it may require, expiry and authority included.'
  }
  return 'Check the option `ssl`: the broker may not speak TLS there, or no version and cipher that this client allows.'
}
