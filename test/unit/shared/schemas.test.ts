import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CovisError, fromErrorShape, toErrorShape } from '../../../src/shared/errors.ts';
import { check, forPages, leavesOf, orList, takes, unwrap } from '../../../src/shared/schema.ts';

describe('what a schema takes, in words', () => {
  it.each<[z.ZodType, string]>([
    [z.int().min(1).max(5), 'a whole number from 1 to 5'],
    [z.int().min(0), 'a whole number from 0'],
    [z.int(), 'a whole number'],
    [z.int().max(7), 'a whole number up to 7'],
    [z.int().max(2 ** 53 - 2), 'a whole number up to 9007199254740990'],
    [z.int().min(2 - 2 ** 53), 'a whole number from -9007199254740990'],
    [z.int().max(2 ** 53 - 1), 'a whole number'],
    [z.number().positive().max(20), 'a number above 0 and up to 20'],
    [z.number().gt(0).lt(1), 'a number above 0 and below 1'],
    [z.number().min(0).lt(1), 'a number from 0 below 1'],
    [z.number().lt(3), 'a number below 3'],
    [z.boolean(), 'true or false'],
    [z.enum(['a', 'b', 'c']), 'a, b or c'],
    [z.string(), 'a text'],
    [z.string().max(9), 'a text of at most 9 characters'],
    [z.string().meta({ value: 'file' }), 'a file'],
    [z.string().meta({ value: 'image' }), 'an image'],
    [z.array(z.number().min(0).max(2)), 'numbers from 0 to 2 with commas between them'],
    [z.array(z.int()), 'whole numbers with commas between them'],
    [z.array(z.enum(['x', 'y'])), 'one or more of x, y'],
    [z.union([z.literal('auto').and(z.string()), z.boolean()]), 'another value or true or false'],
    [z.int().min(2).optional(), 'a whole number from 2'],
    [z.int().min(2).default(4), 'a whole number from 2'],
  ])('%#: %s', (schema, words) => expect(takes(schema)).toBe(words));

  it('lists words with "or" before the last', () => {
    expect([orList([]), orList(['a']), orList(['a', 'b']), orList(['a', 'b', 'c'])]).toEqual([
      '',
      'a',
      'a or b',
      'a, b or c',
    ]);
  });
});

describe('the leaves of a schema', () => {
  const inner = z.strictObject({ deep: z.int().meta({ label: 'Deep' }), free: z.int().optional() });
  it('are its values, with what is said of them and whether they have to be given', () => {
    const schema = z.strictObject({
      a: z.string(),
      b: z.int().default(3).meta({ help: 'b' }),
      c: z.int().optional(),
      d: z.int().nullable(),
      e: z.int().prefault(2),
      group: inner,
      loose: inner.optional(),
    });
    expect(leavesOf(schema).map((l) => [l.path.join('.'), l.required, l.initial, l.meta.label ?? l.meta.help])).toEqual(
      [
        ['a', true, undefined, undefined],
        ['b', false, 3, 'b'],
        ['c', false, undefined, undefined],
        ['d', true, undefined, undefined],
        ['e', false, undefined, undefined],
        ['group.deep', true, undefined, 'Deep'],
        ['group.free', false, undefined, undefined],
        ['loose.deep', false, undefined, 'Deep'],
        ['loose.free', false, undefined, undefined],
      ],
    );
  });

  it('say the outer facts, and the inner ones where the outer say nothing', () => {
    const w = unwrap(z.int().meta({ label: 'inner', help: 'inner' }).optional().meta({ label: 'outer' }));
    expect(w.meta).toMatchObject({ label: 'outer', help: 'inner' });
    expect(w.inner).toBeInstanceOf(z.ZodNumber);
  });
});

describe('a value that is checked', () => {
  const schema = z.strictObject({
    count: z.int().min(1).max(100).default(5),
    name: z.string().max(3).meta({ hint: 'Be brief.' }),
    mining: z.strictObject({ share: z.number().positive().max(1) }).optional(),
    list: z.array(z.int().min(0)).optional(),
  });
  const said = (value: unknown, ...more: [((p: readonly string[]) => string)?, 'VALIDATION_FAILED'?]): string => {
    try {
      check(schema, value, ...more);
    } catch (error) {
      const { code, message, hint } = error as CovisError;
      return `${code}: ${message}${hint === undefined ? '' : ` ${hint}`}`;
    }
    return 'accepted';
  };

  it('comes back with its defaults', () => {
    expect(check(schema, { name: 'ab' })).toEqual({ count: 5, name: 'ab' });
  });

  it('is refused by name, with what is taken and what was given', () => {
    expect(said({ name: 'ab', count: 0 })).toBe('INPUT_INVALID: count takes a whole number from 1 to 100, not 0');
    expect(said({ name: 'ab', count: 20.5 })).toBe('INPUT_INVALID: count takes a whole number from 1 to 100, not 20.5');
    expect(said({ name: 'ab', count: 'x' })).toBe('INPUT_INVALID: count takes a whole number from 1 to 100, not "x"');
    expect(said({})).toBe('INPUT_INVALID: name takes a text of at most 3 characters, and is missing Be brief.');
    expect(said({ name: 'abcd' })).toBe(
      'INPUT_INVALID: name takes a text of at most 3 characters, not "abcd" Be brief.',
    );
    expect(said({ name: 'a', mining: { share: 0 } })).toBe(
      'INPUT_INVALID: mining.share takes a number above 0 and up to 1, not 0',
    );
    expect(said({ name: 'a', list: [1, -2] })).toBe(
      'INPUT_INVALID: list takes whole numbers from 0 with commas between them, not "1,-2"',
    );
    expect(said({ name: 'a', list: true })).toMatch(/list takes .*, not true$/);
  });

  it('is refused for what does not exist, and under the names and code of the asking face', () => {
    expect(said({ name: 'a', other: 1 })).toBe('INPUT_INVALID: There is no other');
    expect(said({ name: 'a', mining: { share: 1, x: 1, y: 2 } }, (p) => `--${p.join('-')}`)).toBe(
      'INPUT_INVALID: There is no --mining-x, --mining-y',
    );
    expect(said({ name: 'a', count: 0 }, (p) => `--${p.at(-1)!}`, 'VALIDATION_FAILED')).toBe(
      'VALIDATION_FAILED: --count takes a whole number from 1 to 100, not 0',
    );
  });

  it('is refused with the words of a rule of its own', () => {
    const ruled = z.strictObject({ a: z.int(), b: z.int() }).refine((v) => v.a < v.b, { error: 'a is below b' });
    expect(() => check(ruled, { a: 2, b: 1 })).toThrow('a is below b');
    const named = z.strictObject({ a: z.int().refine((v) => v % 2 === 0, { error: 'has to be even' }) });
    expect(() => check(named, { a: 3 })).toThrow('a: has to be even');
  });
});

describe('what pages may send', () => {
  const schema = z.strictObject({
    out: z.string().meta({ page: false }),
    network: z.string().meta({ page: 'id' }),
    other: z.string().meta({ page: 'id' }).optional(),
    size: z.int(),
    group: z.strictObject({ file: z.string().meta({ page: false }), n: z.int() }).optional(),
  });
  const page = forPages(schema);
  const uid = '0123456789abcdef';
  it('are ids instead of names, and no paths, also in groups', () => {
    expect(Object.keys(page.shape)).toEqual(['network', 'other', 'size', 'group']);
    expect(page.safeParse({ network: uid, size: 1 }).success).toBe(true);
    expect(page.safeParse({ network: uid, size: 1, group: { n: 1 } }).success).toBe(true);
    expect(page.safeParse({ network: '/etc/passwd', size: 1 }).success).toBe(false);
    expect(page.safeParse({ network: uid, other: 'default', size: 1 }).success).toBe(false);
    expect(page.safeParse({ size: 1 }).success).toBe(false);
    expect(page.safeParse({ network: uid, size: 1, out: 'x' }).success).toBe(false);
    expect(page.safeParse({ network: uid, size: 1, group: { n: 1, file: 'x' } }).success).toBe(false);
  });
});

describe('errors', () => {
  it('cross a process with all that they say, and nothing else', () => {
    const error = new CovisError('INPUT_CORRUPT', 'broken', { file: 'f', offset: 0, hint: 'h', cause: new Error('c') });
    expect(toErrorShape(error)).toEqual({ code: 'INPUT_CORRUPT', message: 'broken', file: 'f', offset: 0, hint: 'h' });
    expect(error.cause).toMatchObject({ message: 'c' });
    expect(toErrorShape(new CovisError('NOT_FOUND', 'gone'))).toEqual({ code: 'NOT_FOUND', message: 'gone' });
    expect(toErrorShape(new TypeError('bug'))).toEqual({ code: 'INTERNAL', message: 'bug' });
    expect(toErrorShape('text')).toEqual({ code: 'INTERNAL', message: 'text' });
    const back = fromErrorShape({ code: 'INPUT_CORRUPT', message: 'broken', file: 'f', offset: 3, hint: 'h' });
    expect(back).toBeInstanceOf(CovisError);
    expect(toErrorShape(back)).toEqual({ code: 'INPUT_CORRUPT', message: 'broken', file: 'f', offset: 3, hint: 'h' });
    expect('cause' in new CovisError('NOT_FOUND', 'x')).toBe(false);
  });
});
