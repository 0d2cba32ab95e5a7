import type { Address } from './options.ts'

/** The map key of an address, and how it is shown. */
export function addressKey({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Which node has which address, as the cluster last said. Shared by the wires of one client. */
export class Nodes {
  #addresses = new Map<number, Address>()

  /** The brokers of a metadata response: all there are. */
  replace(brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]): void {
    this.#addresses = new Map(brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]))
  }

  /** One broker that a response has named. */
  add(nodeId: number, address: Address): void {
    this.#addresses.set(nodeId, address)
  }

  address(nodeId: number): Address | undefined {
    return this.#addresses.get(nodeId)
  }

  ids(): readonly number[] {
    return [...this.#addresses.keys()].sort((a, b) => a - b)
  }

  addresses(): readonly Address[] {
    return [...this.#addresses.values()]
  }

  /** `broker 2 (kafka-2:9092)`; without the number if the address is only a bootstrap address so far. */
  name(address: Address): string {
    const key = addressKey(address)
    for (const [nodeId, known] of this.#addresses) if (addressKey(known) === key) return `broker ${nodeId} (${key})`
    return `broker ${key}`
  }
}
