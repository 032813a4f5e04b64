import { CovisError } from '../../../shared/errors.ts';
import { DEEPEST_RULE, LARGEST_RULE, ruleLeaf, type Rule } from '../../../shared/facts/collection-rules.ts';

/** Where in a rule something stands, as messages say it: `of.1.of.0`. */
const placeOf = (path: readonly (string | number)[]): string =>
  path.length === 0 ? 'The rule' : `The rule at ${path.join('.')}`;

/**
 * A rule out of JSON from anywhere.
 * @throws CovisError `INPUT_INVALID` saying where in the tree what is wrong, also for more than 20 levels or 1000 conditions.
 */
export function readRule(value: unknown): Rule {
  let conditions = 0;
  const refuse = (path: readonly (string | number)[], why: string): never => {
    throw new CovisError('INPUT_INVALID', `${placeOf(path)} ${why}`);
  };
  const read = (v: unknown, path: readonly (string | number)[], depth: number): Rule => {
    conditions += 1;
    if (depth > DEEPEST_RULE) refuse(path, `is more than ${DEEPEST_RULE} levels deep`);
    if (conditions > LARGEST_RULE) refuse(path, `has more than ${LARGEST_RULE} conditions`);
    if (typeof v !== 'object' || v === null || Array.isArray(v)) return refuse(path, 'is no condition: { "is": … }');
    const { is, of, ...rest } = v as { is?: unknown; of?: unknown };
    if (is === 'all' || is === 'any' || is === 'not') {
      if (Object.keys(rest).length > 0) refuse(path, `has more than is and of: ${Object.keys(rest).join(', ')}`);
      if (is === 'not') return { is, of: read(of, [...path, 'of'], depth + 1) };
      if (!Array.isArray(of)) return refuse(path, `needs a list of conditions: "of"`);
      return { is, of: of.map((one, i) => read(one, [...path, 'of', i], depth + 1)) };
    }
    const leaf = ruleLeaf.safeParse(v);
    if (leaf.success) return leaf.data;
    const [issue] = leaf.error.issues;
    const at = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.map(String).join('.')}: `;
    return refuse(path, `is not as it should be: ${at}${issue?.message ?? 'unknown'}`);
  };
  return read(value, [], 1);
}
