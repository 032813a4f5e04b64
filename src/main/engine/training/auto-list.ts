/** What `auto` has to choose from for a training, within the memory that there is, and what was the fastest of it before. */
import type { ConcreteBackend } from '../../../shared/facts/backends.ts';
import { CovisError } from '../../../shared/errors.ts';
import { keyOf, remembered } from '../network/fastest.ts';
import type { Graph } from '../network/onnx/graph.ts';
import { identityOf } from '../network/providers.ts';

/** What `auto` measures with. */
export interface MeasureWith {
  /** Long side of the photos. */
  readonly size: number;
  /** Photos that a back end takes at once, undefined where it plans by itself. Throws where not even one fits. */
  readonly atOnce?: (backend: ConcreteBackend) => Promise<number | undefined>;
  /** Throws where nobody wants it measured any more. */
  readonly check?: () => void;
}

/** Of the back ends of a machine, those into which at least one photo fits. */
export interface Tried {
  /** Best first. */
  readonly list: readonly ConcreteBackend[];
  /** Photos that each takes at once, undefined where it plans by itself. */
  readonly limits: ReadonlyMap<ConcreteBackend, number | undefined>;
  /** Sentences on the others. */
  readonly refused: readonly string[];
  /** Under which what was measured is kept; undefined where nothing is measured: one is left, or not the processor, to which the others are held. */
  readonly key: string | undefined;
}

/**
 * What `auto` tries for a network. @param all that the machine has, best first.
 * @throws CovisError that of the last, the processor, where no photo fits into any.
 */
export async function tried(
  network: Graph,
  all: readonly ConcreteBackend[],
  { size, atOnce }: MeasureWith,
): Promise<Tried> {
  const limits = new Map<ConcreteBackend, number | undefined>();
  const refused: string[] = [];
  let last: unknown;
  for (const backend of all) {
    try {
      limits.set(backend, await atOnce?.(backend));
    } catch (error) {
      if (!(error instanceof CovisError)) throw error;
      last = error;
      refused.push(`${backend} cannot be used: ${error.message}`);
    }
  }
  if (limits.size === 0) throw last;
  const list = all.filter((b) => limits.has(b));
  const isMeasured = list.length > 1 && limits.has('cpu');
  const key = isMeasured ? keyOf(network, size, await Promise.all(list.map(identityOf))) : undefined;
  return { list, limits, refused, key };
}

/** What is to be expected of `auto` before anything is computed: what was the fastest before, else what is tried first. */
export function expected({ list, key }: Pick<Tried, 'list' | 'key'>): ConcreteBackend {
  return (key === undefined ? undefined : remembered(key)?.backend) ?? list[0]!;
}
