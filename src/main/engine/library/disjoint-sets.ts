/** Disjoint sets of whole numbers; the smallest member stands for its set. Numbers never joined are sets of their own. */
export class DisjointSets {
  readonly #parent = new Map<number, number>();

  /** The smallest member of the set of x. */
  find(x: number): number {
    let root = x;
    for (let up = this.#parent.get(root); up !== undefined; up = this.#parent.get(root)) root = up;
    if (root !== x) this.#parent.set(x, root);
    return root;
  }

  join(x: number, y: number): void {
    const [a, b] = [this.find(x), this.find(y)];
    if (a !== b) this.#parent.set(Math.max(a, b), Math.min(a, b));
  }
}

/** The members by set: sets in the order of their first member, members in the order given. */
export function groupsOf(sets: DisjointSets, members: Iterable<number>): number[][] {
  const groups = new Map<number, number[]>();
  for (const x of members) {
    const root = sets.find(x);
    const list = groups.get(root);
    if (list === undefined) groups.set(root, [x]);
    else list.push(x);
  }
  return [...groups.values()];
}
