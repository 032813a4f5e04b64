/** Rules of smart collections turned into one question of SQL, and answered. */
import type { Rule } from '../../../shared/facts/collection-rules.ts';
import { QUALITY_VERSION } from '../features/quality-store.ts';
import type { Library } from '../library/library.ts';
import { integer, select } from '../library/rows.ts';
import type { Compiled, RuleContext, Scored } from './rule-context.ts';
import { leafSql } from './rule-leaves.ts';

/** What a rule gives. */
export interface RuleAnswer {
  /** Photos that have a file, ascending. */
  readonly photos: readonly number[];
  /** Scores by photo, of the first condition of likeness that no `not` stands above; undefined without. */
  readonly scored: Scored | undefined;
  readonly notes: readonly string[];
}

function sqlOf(c: RuleContext, r: Rule, positive: boolean): Promise<Compiled> {
  return r.is === 'all' || r.is === 'any' || r.is === 'not' ? treeSql(c, r, positive) : leafSql(c, r, positive, sqlOf);
}

async function treeSql(
  c: RuleContext,
  r: Extract<Rule, { readonly is: 'all' | 'any' | 'not' }>,
  positive: boolean,
): Promise<Compiled> {
  if (r.is === 'not') {
    const { sql, values } = await sqlOf(c, r.of, !positive);
    return { sql: `NOT (${sql})`, values };
  }
  if (r.of.length === 0) return { sql: r.is === 'all' ? '1' : '0', values: [] };
  const parts: Compiled[] = [];
  for (const one of r.of) parts.push(await sqlOf(c, one, positive));
  return {
    sql: parts.map((p) => `(${p.sql})`).join(r.is === 'all' ? ' AND ' : ' OR '),
    values: parts.flatMap((p) => p.values),
  };
}

/**
 * Photos that a rule gives now, of those that have a file.
 * @param collection whose rule it is, by number: a rule that leads back to it is refused.
 * @throws CovisError `INPUT_INVALID` for a rule that leads back to itself, `NOT_FOUND` for a network, cluster, scene or collection that is
 * not there: a rule is never silently empty. `STATE_EMPTY` for what was not computed.
 */
export async function answerRule(library: Library, rule: Rule, collection?: number): Promise<RuleAnswer> {
  const context: RuleContext = {
    library,
    notes: new Set(),
    within: collection === undefined ? [] : [collection],
    scored: undefined,
  };
  const { sql, values } = await sqlOf(context, rule, true);
  const photos = select(
    library.db,
    `SELECT p.id FROM present_photo p LEFT JOIN photo_quality q ON q.photo_id = p.id AND q.version = ${QUALITY_VERSION}
     WHERE ${sql} ORDER BY p.id`,
    integer,
    'first',
  ).all(...values);
  return { photos, scored: context.scored, notes: [...context.notes] };
}
