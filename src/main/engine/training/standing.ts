/** Whether a trained network becomes the library's default: where the geometry protocol says that it is better, and nowhere else. */
import type { DefaultDecision } from '../../../shared/facts/networks.ts';
import type { Library } from '../library/library.ts';
import { noteDefault } from '../network/default-network.ts';
import { defaultOf, takesOf, type NetworkRow } from '../network/networks.ts';

/** What is known of a run that is done; mAPs are of held-out places under the geometry protocol, null where there are none. */
export interface Measured {
  readonly run: number;
  readonly parent: NetworkRow;
  readonly result: NetworkRow;
  readonly before: number | null;
  readonly after: number | null;
  /** Measures another network as this run was measured. */
  readonly measure: (network: NetworkRow) => Promise<number | null>;
}

/** Compares a run's network with the default of its kind, and notes what holds and why. */
export async function decideDefault(library: Library, m: Measured): Promise<DefaultDecision> {
  const current = defaultOf(library, takesOf(m.result)) ?? m.parent;
  const decided = (changed: boolean, because: string): DefaultDecision => {
    const network = changed ? m.result : current;
    noteDefault(library, network, `${because} (run ${m.run})`);
    const { name } = network.spec;
    return {
      network: network.uid,
      name,
      changed,
      reason: changed ? `${name} is the default now: ${because}` : `Kept ${name} as the default: ${because}`,
    };
  };
  if (m.after === null)
    return decided(
      false,
      `${m.result.spec.name} was not measured, for no held-out photo shares enough points with another`,
    );
  const before = current.uid === m.parent.uid ? m.before : await m.measure(current);
  if (before === null) return decided(false, `it was not measured beside ${m.result.spec.name}`);
  const [now, then] = apart(m.after, before);
  if (m.after > before) return decided(true, `${now} is above the ${then} of ${current.spec.name}`);
  return decided(false, `${now} of ${m.result.spec.name} is ${m.after === before ? 'no more than' : 'below'} ${then}`);
}

/** Two numbers with as many digits as it takes to tell them apart. */
function apart(a: number, b: number): [string, string] {
  for (let digits = 3; digits < 12; digits += 1)
    if (a.toFixed(digits) !== b.toFixed(digits)) return [a.toFixed(digits), b.toFixed(digits)];
  return [a.toFixed(3), b.toFixed(3)];
}
