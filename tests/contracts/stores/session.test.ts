import { backends, wrappers } from './backends.ts'
import { sessionContract } from './session-contract.ts'

for (const [backend, makeBackend] of Object.entries(backends)) {
  for (const timeOrdered of [false, true]) {
    for (const { title, caching, logging } of wrappers) {
      const order = timeOrdered ? ' in order of time' : ''
      describe(`a session store${order} in ${backend} with ${title}`, () => {
        sessionContract({ caching, logging, timeOrdered, makeBackend })
      })
    }
  }
}
