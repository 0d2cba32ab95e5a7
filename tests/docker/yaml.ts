import { createRequire } from 'node:module'

// js-yaml has no types of its own.
const { safeLoad } = createRequire(import.meta.url)('js-yaml') as { safeLoad(text: string): unknown }

/** What a YAML text says. */
export function parseYaml(text: string): unknown {
  return safeLoad(text)
}
