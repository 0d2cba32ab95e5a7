// Runs recorded cases in TopologyTestDriver and compares everything that they hold.
//
//   npm run test:golden                      every case of tests/data/oracle
//   npm run test:golden -- FOLDER            the case files (.json, .json.gz) of another folder
//   npm run test:golden -- --only NAME       cases whose name contains NAME; may be given several times
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { casesIn, hasTopology } from './cases.ts'
import { problemWith } from './problem.ts'

const { only, folder } = argumentsGiven()

function argumentsGiven(): { readonly only: readonly string[] | undefined; readonly folder: string | undefined } {
  try {
    const { values, positionals } = parseArgs({
      options: { only: { type: 'string', multiple: true } },
      allowPositionals: true,
    })
    const [folder, ...more] = positionals
    if (more.length > 0) throw new Error('one folder at a time')
    if (folder !== undefined && !existsSync(folder)) throw new Error(`there is no folder '${folder}'`)
    return { only: values.only, folder }
  } catch (error) {
    console.error(`${(error as Error).message}\nusage: npm run test:golden [-- FOLDER] [--only NAME]`)
    process.exit(2)
  }
}

let [passed, failed] = [0, 0]
const missing: string[] = []
for (const recorded of casesIn(folder, only)) {
  if (!hasTopology(recorded)) {
    missing.push(recorded.name)
    continue
  }
  const problem = await problemWith(recorded)
  if (problem === undefined) passed++
  else {
    failed++
    console.log(`${recorded.name}: ${problem}`)
  }
}
// Of another folder only those cases are run whose topologies are known here.
if (missing.length > 0) console.log(`without a topology: ${missing.join(', ')}`)
if (folder === undefined) failed += missing.length
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
