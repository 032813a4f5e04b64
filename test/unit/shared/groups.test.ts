import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { check, forPages, leavesOf, orList, takes, unwrap } from '../../../src/shared/schema.ts';

function said(work: () => unknown): string {
  try {
    return JSON.stringify(work());
  } catch (error) {
    return (error as Error).message;
  }
}

describe('a value that stands in a group', () => {
  const schema = z.strictObject({
    group: z.strictObject({ a: z.int().min(1).max(9), deep: z.strictObject({ b: z.number().min(0) }).optional() }),
    way: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('one'), n: z.int().max(5) }),
        z.strictObject({ kind: z.literal('two'), m: z.string().max(3) }),
      ])
      .optional(),
  });
  const refused = (value: unknown): string => said(() => check(schema, value));
  it('is named with its way, and what it takes', () => {
    expect(refused({ group: { a: 10 } })).toBe('group.a takes a whole number from 1 to 9, not 10');
    expect(refused({ group: {} })).toBe('group.a takes a whole number from 1 to 9, and is missing');
    expect(refused({ group: { a: 1, deep: { b: -1 } } })).toBe('group.deep.b takes a number from 0, not -1');
    expect(refused({ group: { a: 1 } })).toBe('{"group":{"a":1}}');
  });

  it('of a choice is that of the way that was chosen', () => {
    const way = (value: unknown): string => refused({ group: { a: 1 }, way: value });
    expect(way({ kind: 'one', n: 6 })).toBe('way.n takes a whole number up to 5, not 6');
    expect(way({ kind: 'two', m: 'long' })).toBe('way.m takes a text of at most 3 characters, not "long"');
    expect(way({ kind: 'two' })).toBe('way.m takes a text of at most 3 characters, and is missing');
    expect(way({ kind: 'one', n: 5 })).toContain('"n":5');
  });

  it('that is itself a group is told in plain words, without what a value would take', () => {
    expect(refused({ group: 5 })).toMatch(/^group: /);
    expect(refused({ group: { a: 1, deep: 'x' } })).toMatch(/^group\.deep: /);
    expect(refused({ group: { a: 1 }, way: 5 })).toMatch(/^way: /);
    expect(refused({ group: { a: 1 }, way: { kind: 'three' } })).toMatch(/^way\.kind: /);
    for (const value of [{ group: 5 }, { group: { a: 1 }, way: 5 }]) expect(refused(value)).not.toContain('takes');
    expect(said(() => check(schema, 7))).not.toMatch(/^: | takes /);
  });

  it('that there is not is named where it stands', () => {
    expect(refused({ group: { a: 1, c: 1, d: 2 } })).toBe('There is no group.c, group.d');
    expect(refused({ group: { a: 1 }, x: 0 })).toBe('There is no x');
  });
});

describe('what a value takes', () => {
  it.each<[z.ZodType, string]>([
    [z.int(), 'a whole number'],
    [z.int().min(1), 'a whole number from 1'],
    [z.int().max(4), 'a whole number up to 4'],
    [z.number().positive(), 'a number above 0'],
    [z.number().positive().max(20), 'a number above 0 and up to 20'],
    [z.number().positive().lt(1), 'a number above 0 and below 1'],
    [z.number().lt(1), 'a number below 1'],
    [z.number().min(0).lt(1), 'a number from 0 below 1'],
    [z.boolean(), 'true or false'],
    [z.literal('a'), 'a'],
    [z.enum(['a', 'b', 'c']), 'a, b or c'],
    [z.union([z.int().min(0), z.literal('all')]), 'a whole number from 0 or all'],
    [z.union([z.int(), z.int()]), 'a whole number'],
    [z.array(z.enum(['a', 'b'])), 'one or more of a, b'],
    [z.array(z.number().min(0).max(1)), 'numbers from 0 to 1 with commas between them'],
    [z.array(z.int()).length(3), '3 whole numbers with commas between them'],
    [z.array(z.int()).min(1).max(3), 'whole numbers with commas between them'],
    [z.string(), 'a text'],
    [z.string().max(7), 'a text of at most 7 characters'],
    [z.string().meta({ value: 'file' }), 'a file'],
    [z.string().meta({ value: 'id' }), 'an id'],
    [z.enum(['a', 'b']).meta({ value: 'id' }), 'a or b'],
    [z.unknown(), 'another value'],
  ])('is said in words (%#)', (schema, words) => expect(takes(schema)).toBe(words));

  it('is a list with an or before its last', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(orList)).toEqual(['', 'a', 'a or b', 'a, b or c']);
  });

  it('is shown beside what was given', () => {
    const given = (value: unknown): string => said(() => check(z.strictObject({ n: z.int() }), { n: value }));
    expect(given('x')).toBe('n takes a whole number, not "x"');
    expect(given([1, 2])).toBe('n takes a whole number, not "1,2"');
    expect(given({ a: 1 })).toBe('n takes a whole number, not {"a":1}');
    expect(given(0.5)).toBe('n takes a whole number, not 0.5');
    expect(given(null)).toBe('n takes a whole number, not null');
    expect(given(true)).toBe('n takes a whole number, not true');
    expect(given(() => 1)).toBe('n takes a whole number, not nothing');
  });
});

describe('layers of a schema', () => {
  it('tell whether a value must be given, and what it is otherwise', () => {
    const facts = (s: z.ZodType): unknown[] => {
      const { required, initial, meta } = unwrap(s);
      return [required, initial, meta.label];
    };
    const n = z.int().meta({ label: 'N' });
    expect(facts(n)).toEqual([true, undefined, 'N']);
    expect(facts(n.optional())).toEqual([false, undefined, 'N']);
    expect(facts(n.nullable())).toEqual([true, undefined, 'N']);
    expect(facts(n.readonly())).toEqual([true, undefined, 'N']);
    expect(facts(n.default(4))).toEqual([false, 4, 'N']);
    expect(facts(n.prefault(4))).toEqual([false, undefined, 'N']);
    expect(facts(n.default(4).meta({ label: 'M' }))).toEqual([false, 4, 'M']);
    expect(facts(n.optional().meta({ label: 'M' }))).toEqual([false, undefined, 'M']);
    expect(facts(n.prefault(4).meta({ label: 'M' }))).toEqual([false, undefined, 'M']);
  });

  it('give leaves with their ways; those of a group that may be left out may be left out', () => {
    const leaves = leavesOf(
      z.strictObject({
        a: z.int(),
        b: z.int().default(3),
        g: z.strictObject({ c: z.int(), d: z.int().optional() }),
        h: z.strictObject({ e: z.int() }).optional(),
      }),
    );
    expect(leaves.map((l) => [l.path.join('.'), l.required, l.initial])).toEqual([
      ['a', true, undefined],
      ['b', false, 3],
      ['g.c', true, undefined],
      ['g.d', false, undefined],
      ['h.e', false, undefined],
    ]);
  });

  it('have for pages neither paths nor names that are no ids', () => {
    const pages = forPages(
      z.strictObject({
        folder: z.string().meta({ page: false }),
        network: z.string().meta({ page: 'id' }),
        other: z.string().meta({ page: 'id' }).optional(),
        n: z.int(),
        g: z.strictObject({ out: z.string().meta({ page: false }), m: z.int() }),
        h: z.strictObject({ m: z.int() }).optional(),
      }),
    );
    const hash = '0123456789abcdef';
    const takesIt = (value: object): boolean => pages.safeParse(value).success;
    expect(takesIt({ network: hash, n: 1, g: { m: 1 } })).toBe(true);
    expect(takesIt({ network: hash, other: hash, n: 1, g: { m: 1 }, h: { m: 2 } })).toBe(true);
    expect(takesIt({ n: 1, g: { m: 1 } })).toBe(false);
    expect(takesIt({ network: 'default', n: 1, g: { m: 1 } })).toBe(false);
    expect(takesIt({ network: hash, other: '/x', n: 1, g: { m: 1 } })).toBe(false);
    expect(takesIt({ network: hash, n: 1 })).toBe(false);
    expect(takesIt({ network: hash, n: 1, g: { m: 1, out: 'x' } })).toBe(false);
    expect(takesIt({ network: hash, n: 1, g: { m: 1 }, folder: '/x' })).toBe(false);
  });
});
