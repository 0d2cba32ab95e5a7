import { backends } from './backends.ts'
import { versionedContract } from './versioned-contract.ts'

for (const [backend, makeBackend] of Object.entries(backends)) {
  for (const logging of [true, false]) {
    describe(`a versioned store in ${backend} with ${logging ? 'logging' : 'no logging'}`, () => {
      versionedContract({ logging, makeBackend })
    })
  }
}
