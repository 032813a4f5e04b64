/** Smart collections: what their rule gives beside what they hold. */
import { CovisError } from '../../../shared/errors.ts';
import type { Rule } from '../../../shared/facts/collection-rules.ts';
import type { Library } from '../library/library.ts';
import { flag, integer, list, select } from '../library/rows.ts';
import { collectionNamed, type CollectionRow } from '../library/tables/collection.ts';
import { durably } from '../mining/action-log.ts';
import { endOf, itemsOf, rowOf, sourceWriter, STEP } from './items.ts';
import { readRule } from './rule-tree.ts';
import { answerRule, type RuleAnswer } from './rules.ts';
import { act, photosText } from './acts.ts';
import { type Addition, type From } from './gather.ts';

/** How a smart collection differs from what it holds. */
export interface SmartState {
  readonly answer: RuleAnswer;
  /** Photos that it does not hold yet, ascending. */
  readonly added: readonly number[];
  /** Photos that its rule brought in and gives no longer. What a person added stays. */
  readonly removed: readonly number[];
}

/** @throws CovisError `INPUT_INVALID` for a collection without rules. */
function rulesOf(c: CollectionRow): Rule {
  if (c.kind !== 'smart' || c.rules === null)
    throw new CovisError('INPUT_INVALID', `${c.name} has no rule`, { hint: 'Give it one: covis collection smart.' });
  return readRule(JSON.parse(c.rules));
}

/**
 * What a rule, by default the collection's own, would change of what a collection holds. Photos that a person judged not to belong are
 * never brought in. @throws CovisError as `answerRule`.
 */
export async function smartState(library: Library, collection: string, rule?: Rule): Promise<SmartState> {
  const c = collectionNamed(library, collection);
  const answer = await answerRule(library, rule ?? rulesOf(c), c.id);
  const held = new Map(
    select(
      library.db,
      `SELECT i.photo_id, i.member, EXISTS (SELECT 1 FROM collection_source s WHERE s.id = i.source_id AND s.how = 'rule')
       FROM collection_item i WHERE i.collection_id = ?`,
      list(integer, integer, flag),
    )
      .all(c.id)
      .map(([photo, member, byRule]) => [photo, { member: member === 1, byRule }] as const),
  );
  const given = new Set(answer.photos);
  return {
    answer,
    added: answer.photos.filter((p) => !held.has(p)),
    removed: [...held].flatMap(([p, h]) => (h.member && h.byRule && !given.has(p) ? [p] : [])).sort((a, b) => a - b),
  };
}

/** What {@link refreshSmart} did. */
export interface Refreshed {
  readonly action: number | null;
  readonly added: number;
  readonly removed: number;
  readonly notes: readonly string[];
}

/**
 * Brings a smart collection to what its rule gives now, as one action. Each photo keeps the rule that brought it in, and its score and rank
 * where likeness gave one, so that a version knows both.
 */
export async function refreshSmart(library: Library, collection: string): Promise<Refreshed> {
  return applySmart(library, collection, await smartState(library, collection));
}

/** {@link refreshSmart} with what {@link smartState} found. */
export function applySmart(library: Library, collection: string, { answer, added, removed }: SmartState): Refreshed {
  const c = collectionNamed(library, collection);
  const scores = [...(answer.scored?.scores ?? [])].sort(([i, a], [j, b]) => b - a || i - j);
  const placed = new Map(scores.map(([photo, score], at) => [photo, { score, rank: at + 1 }]));
  const additions = added
    .map((photo): Addition => ({ photo, ...placed.get(photo) }))
    .sort((a, b) => (a.rank ?? Infinity) - (b.rank ?? Infinity) || a.photo - b.photo);
  const { method, network } = answer.scored ?? { method: null, network: null };
  const done = refreshed(library, c, additions, new Set(removed), { how: 'rule', query: c.rules, method, network });
  return { action: done.action, added: added.length, removed: removed.length, notes: [...answer.notes, ...done.notes] };
}

/** One action: photos come at the end, photos go with what was said of them, and what was folded under these stands for itself. */
function refreshed(
  library: Library,
  c: CollectionRow,
  additions: readonly Addition[],
  removed: ReadonlySet<number>,
  { how, query = null, method = null, network = null }: From,
): { readonly action: number | null; readonly notes: string[] } {
  return durably(library, () => {
    const items = itemsOf(library, c.id);
    const gone = items.filter((i) => removed.has(i.photo));
    const freed = items.filter((i) => i.head !== null && removed.has(i.head) && !removed.has(i.photo));
    const source = sourceWriter(library)({ how, query, method, network });
    const end = endOf(library, c.id);
    const fresh = additions.map(({ photo, score = null, rank = null }, i) =>
      rowOf({ photo, member: 1, position: end + i * STEP, head: null, source, score, rank, fields: null }),
    );
    const action = act(library, `Refresh ${c.name}: +${additions.length} −${removed.size}`, [
      {
        collection: c.id,
        part: 'items',
        before: [...gone, ...freed].map(rowOf),
        after: [...freed.map((i) => rowOf({ ...i, head: null })), ...fresh],
      },
    ]);
    const described = gone.filter((i) => i.fields !== null).length;
    const notes =
      described === 0
        ? []
        : [`${photosText(described)} that the rule gives no longer had descriptions; undo brings them back.`];
    return { action, notes };
  });
}
