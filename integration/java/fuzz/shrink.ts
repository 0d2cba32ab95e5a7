// Makes a case that differs smaller for as long as it still differs, so that it can be read.
import type { GoldenStep } from '../../../tests/golden/golden-case.ts'
import type { RandomNode } from '../../../tests/topology/oracle/recorded.ts'
import type { OracleInput } from '../java-oracle.ts'

const MAX_ATTEMPTS = 400

/** @param differs - Whether a smaller case still shows what the first one showed. */
export async function shrink(
  input: OracleInput,
  differs: (smaller: OracleInput) => Promise<boolean>,
): Promise<OracleInput> {
  let best = input
  let attempts = 0
  for (let progress = true; progress; ) {
    progress = false
    for (const smaller of smallerCases(() => best)) {
      if (attempts++ >= MAX_ATTEMPTS) return best
      if (!(await differs(smaller))) continue
      best = smaller
      progress = true
    }
  }
  return best
}

/** Cases that are each a little smaller than what `best` returns by then. */
function* smallerCases(best: () => OracleInput): Generator<OracleInput, void, undefined> {
  for (let at = best().topology.nodes.length - 1; at >= 0; at--) {
    const node = best().topology.nodes[at]
    if (node !== undefined) yield withNodes(best(), withoutNode(best().topology.nodes, node))
  }
  for (let size = best().steps.length >> 1; size >= 1; size >>= 1) {
    for (let from = best().steps.length - size; from >= 0; from -= size) {
      yield withSteps(best(), best().steps.toSpliced(from, size))
    }
  }
  for (let at = best().topology.nodes.length - 1; at >= 0; at--) {
    const { nodes } = best().topology
    const node = nodes[at]
    if (node === undefined) continue
    yield* bypassed(nodes, node).map((smaller) => withNodes(best(), smaller))
    for (const simpler of simplerNodes(node)) {
      const nodes = best().topology.nodes.map((each) => (each.id === node.id ? simpler : each))
      yield withNodes(best(), nodes)
    }
  }
  for (const setting of Object.keys(best().config)) {
    const { [setting]: _, ...config } = best().config
    yield { ...best(), config }
  }
  yield withSteps(
    best(),
    best().steps.map((step) => (step.op === 'pipe' ? { ...step, headers: [] } : step)),
  )
}

function withSteps(input: OracleInput, steps: readonly GoldenStep[]): OracleInput {
  return { ...input, steps }
}

/** Without the steps of topics that are read no longer. */
function withNodes(input: OracleInput, nodes: readonly RandomNode[]): OracleInput {
  const read = new Set(nodes.flatMap(({ op, args }) => (op === 'to' ? [] : [args?.topic, ...(args?.topics ?? [])])))
  const steps = input.steps.filter((step) => step.op !== 'pipe' || read.has(step.topic))
  return { ...input, topology: { nodes }, steps }
}

/** Without a node and all that comes of it. */
function withoutNode(nodes: readonly RandomNode[], node: RandomNode): readonly RandomNode[] {
  const gone = new Set(provided(node))
  return nodes.filter((each) => {
    if (each.id !== node.id && !each.in?.some((input) => gone.has(input))) return true
    for (const id of provided(each)) gone.add(id)
    return false
  })
}

/** Without a node alone: what took its result takes one of its inputs. */
function bypassed(nodes: readonly RandomNode[], node: RandomNode): (readonly RandomNode[])[] {
  return [...new Set(node.in ?? [])].map((input) =>
    nodes
      .filter((each) => each !== node)
      .map((each) =>
        each.in?.includes(node.id) ? { ...each, in: each.in.map((id) => (id === node.id ? input : id)) } : each,
      ),
  )
}

function simplerNodes({ named, ...node }: RandomNode): RandomNode[] {
  const { store, ...args } = node.args ?? {}
  const name = named === undefined ? {} : { named }
  const simpler: RandomNode[] = named === undefined ? [] : [node]
  if (typeof store === 'object') {
    simpler.push({ ...node, ...name, args })
    for (const field of Object.keys(store)) {
      const { [field]: _, ...fewer } = store
      simpler.push({ ...node, ...name, args: { ...args, store: fewer } })
    }
  }
  return simpler
}

function provided({ id, op, args }: RandomNode): string[] {
  if (op !== 'split') return [id]
  return [...args!.branches, ...(args!.default === undefined ? [] : [args!.default])].map((branch: any) => branch.id)
}
