// The first thing that the package's doors import: what comes after it may need what an older Node does not have.
import { type Recovery, StreamsError } from './errors.ts'

/** As in package.json; a test holds that. */
export const OLDEST_NODE = '22.15'

/** The version of Node that runs this is too old for Millrace. */
export class UnsupportedNodeError extends StreamsError {
  readonly code = 'STREAMS_UNSUPPORTED_NODE'
  readonly recovery: Recovery = 'fail'

  constructor(version: string) {
    super(`Millrace needs Node.js ${OLDEST_NODE} or later, and this is ${version}. Install a later Node.js.`)
  }
}

/**
 * @param version - As in `process.versions.node`.
 * @throws UnsupportedNodeError `STREAMS_UNSUPPORTED_NODE`
 */
export function requireNode(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split('.').map(Number)
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) throw new UnsupportedNodeError(version)
}

requireNode(process.versions.node)
