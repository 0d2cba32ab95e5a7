// node tests/simulation/mutations/first-violation.ts FROM TO
// Runs seeds until one violates what was promised; prints that seed and the violation as a line of JSON.
import { simulate } from '../../../lib/testing/simulation/simulate.ts'

const [from = 1, to = 100] = process.argv.slice(2).map(Number)
for (let seed = from; seed <= to; seed++) {
  // What is left to be read if the process does not come through.
  console.log(JSON.stringify({ begun: seed }))
  let violation: string | undefined
  try {
    violation = (await simulate({ seed })).violations[0]
  } catch (error) {
    violation = String(error)
  }
  if (violation === undefined) continue
  console.log(JSON.stringify({ seed, violation: violation.slice(0, 300) }))
  process.exit(0)
}
console.log(JSON.stringify({}))
process.exit(0)
