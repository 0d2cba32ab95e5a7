import './global-setup.ts' // for the type of the global

export default async function globalTeardown(): Promise<void> {
  await globalThis.millraceTestBroker?.close()
}
