// The orders in which Java's collections hand out their elements: describe() prints some of its sets in them.

/** Java's `String.hashCode`, spread as `HashMap` does. */
function spreadHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0
  return hash ^ (hash >>> 16)
}

function inBuckets(names: readonly string[], capacity: number): string[] {
  return names
    .map((name) => ({ name, bucket: spreadHash(name) & (capacity - 1) }))
    .sort((a, b) => a.bucket - b.bucket) // stable: within a bucket, in order of insertion
    .map(({ name }) => name)
}

/** The iteration order of a `HashSet` to which distinct names were added one by one. */
export function hashOrder(names: Iterable<string>): string[] {
  const list = [...names]
  let capacity = 16
  while (list.length > capacity * 0.75) capacity *= 2
  return inBuckets(list, capacity)
}

/** The iteration order of a `HashSet` that was made as a copy of a collection: it gets its final capacity at once. */
export function copiedHashOrder(names: Iterable<string>): string[] {
  const list = [...names]
  const wanted = Math.max(Math.floor(list.length / 0.75) + 1, 16)
  return inBuckets(list, 2 ** Math.ceil(Math.log2(wanted)))
}

interface TreeNode<T> {
  readonly value: T
  parent: TreeNode<T> | undefined
  left: TreeNode<T> | undefined
  right: TreeNode<T> | undefined
  red: boolean
}

/**
 * Java's `TreeSet`, as far as `describe` needs it: a red-black tree. A sorted array will not do, because the comparison that
 * `describe` uses changes while elements are added, so that the shape of the tree decides where a new one ends up.
 */
export class TreeSet<T> implements Iterable<T> {
  readonly #compare: (a: T, b: T) => number
  #root: TreeNode<T> | undefined

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  /** Adds a value, unless the comparison finds an equal one on the way. */
  add(value: T): void {
    let parent: TreeNode<T> | undefined
    let order = 0
    for (let node = this.#root; node !== undefined; node = order < 0 ? node.left : node.right) {
      parent = node
      order = this.#compare(value, node.value)
      if (order === 0) return
    }
    const added: TreeNode<T> = { value, parent, left: undefined, right: undefined, red: true }
    if (parent === undefined) this.#root = added
    else if (order < 0) parent.left = added
    else parent.right = added
    this.#rebalance(added)
  }

  *[Symbol.iterator](): Generator<T> {
    yield* this.#inOrder(this.#root)
  }

  *#inOrder(node: TreeNode<T> | undefined): Generator<T> {
    if (node === undefined) return
    yield* this.#inOrder(node.left)
    yield node.value
    yield* this.#inOrder(node.right)
  }

  // The textbook's insertion fix-up: no red node has a red parent.
  #rebalance(added: TreeNode<T>): void {
    let node = added
    while (node.parent?.red === true) {
      const parent = node.parent
      const grandparent = parent.parent!
      const onLeft = parent === grandparent.left
      const uncle = onLeft ? grandparent.right : grandparent.left
      if (uncle?.red === true) {
        parent.red = false
        uncle.red = false
        grandparent.red = true
        node = grandparent
        continue
      }
      if (node === (onLeft ? parent.right : parent.left)) {
        node = parent
        this.#rotate(node, onLeft)
      }
      node.parent!.red = false
      grandparent.red = true
      this.#rotate(grandparent, !onLeft)
    }
    this.#root!.red = false
  }

  #rotate(node: TreeNode<T>, toLeft: boolean): void {
    const child = (toLeft ? node.right : node.left)!
    const inner = toLeft ? child.left : child.right
    if (toLeft) node.right = inner
    else node.left = inner
    if (inner !== undefined) inner.parent = node
    child.parent = node.parent
    if (node.parent === undefined) this.#root = child
    else if (node.parent.left === node) node.parent.left = child
    else node.parent.right = child
    if (toLeft) child.left = node
    else child.right = node
    node.parent = child
  }
}
