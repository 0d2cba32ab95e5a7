// For jest alone, like jest.config.js: the types of its sequencer do not fit its module.
import Sequencer from '@jest/test-sequencer'

// Small files that take long: jest goes by size where it has not yet seen how long a file takes, and would leave a core idle at the end.
const LONG =
  /integration\/(chaos|client-contract|word-count|security|broker-restart|paused-broker|admin-nodes|take-over-kill)\.test\.ts$/

/** The order of test files: these first, the others in jest's own. */
export default class LongFilesFirst extends Sequencer {
  async sort(tests) {
    const sorted = await super.sort(tests)
    return [...sorted.filter(({ path }) => LONG.test(path)), ...sorted.filter(({ path }) => !LONG.test(path))]
  }
}
