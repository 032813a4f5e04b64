import { CovisError } from '../../../shared/errors.ts';
import type { Exemplars, Rule } from '../../../shared/facts/collection-rules.ts';
import { findOne } from '../library/find.ts';
import type { Library } from '../library/library.ts';
import { record, select, text } from '../library/rows.ts';
import { collectionNamed, type CollectionRow } from '../library/tables/collection.ts';
import { findSet } from '../retrieval/vector-sets.ts';
import { readRule } from './rule-tree.ts';

/**
 * A rule as it is kept: collections, clusters and descriptor sets by their ids, so that they may be called otherwise later.
 * @param own number of the collection whose rule it becomes.
 * @throws CovisError `NOT_FOUND` for what is not there, `INPUT_INVALID` for a rule that leads back to its own collection.
 */
export function settledRule(library: Library, rule: Rule, own?: number): Rule {
  const cluster = (wanted: string): string => {
    const rows = select(
      library.db,
      'SELECT uid AS id, name FROM cluster ORDER BY id',
      record({ id: text, name: text }),
    ).all();
    return findOne('cluster', wanted, rows, (r) => r).id;
  };
  const collection = (wanted: string): string => {
    const found = collectionNamed(library, wanted);
    if (own !== undefined) refuseCycle(library, found, own);
    return found.uid;
  };
  const settle = (r: Rule): Rule => {
    switch (r.is) {
      case 'all':
      case 'any':
        return { is: r.is, of: r.of.map(settle) };
      case 'not':
        return { is: 'not', of: settle(r.of) };
      case 'in':
        // A version does not change, so that nothing leads back through it.
        return {
          ...r,
          collection: r.version === undefined ? collection(r.collection) : collectionNamed(library, r.collection).uid,
        };
      case 'field':
        return r.collection === undefined ? r : { ...r, collection: collectionNamed(library, r.collection).uid };
      case 'cluster':
        return { ...r, clusters: r.clusters.map(cluster) };
      case 'like':
        return { ...r, set: findSet(library, r.set).key, exemplars: settledExemplars(library, r.exemplars) };
      default:
        return r;
    }
  };
  return settle(rule);
}

function settledExemplars(
  library: Library,
  e: Exemplars,
): { positive?: string[]; negative?: string[]; collection?: string } {
  return {
    ...(e.positive === undefined ? {} : { positive: [...e.positive] }),
    ...(e.negative === undefined ? {} : { negative: [...e.negative] }),
    ...(e.collection === undefined ? {} : { collection: collectionNamed(library, e.collection).uid }),
  };
}

/** @throws CovisError `INPUT_INVALID` where a collection, or what its rule asks, is the one with this number. */
function refuseCycle(library: Library, from: CollectionRow, own: number): void {
  const seen = new Set<number>();
  const look = (c: CollectionRow): void => {
    if (c.id === own)
      throw new CovisError('INPUT_INVALID', 'A rule cannot ask its own collection, nor one whose rule asks it', {
        hint: from.id === own ? 'Ask another collection.' : `"${from.name}" leads back to it.`,
      });
    if (seen.has(c.id) || c.kind !== 'smart' || c.rules === null) return;
    seen.add(c.id);
    for (const name of asked(readRule(JSON.parse(c.rules)))) look(collectionNamed(library, name));
  };
  look(from);
}

/** Collections that a rule asks as they are now. */
function asked(r: Rule): string[] {
  if (r.is === 'all' || r.is === 'any') return r.of.flatMap(asked);
  if (r.is === 'not') return asked(r.of);
  return r.is === 'in' && r.version === undefined ? [r.collection] : [];
}
