import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { commands } from '../../../src/main/cli/commands/index.ts';
import type { CommandDefinition } from '../../../src/main/cli/program/command.ts';
import { flagOf } from '../../../src/main/cli/program/flags.ts';
import { CovisError } from '../../../src/shared/errors.ts';
import { jsonOf, leavesOf, takes, type Leaf } from '../../../src/shared/schema.ts';

const COMMANDS = await commands();

/** Values outside what a schema takes, as they are typed. Undefined bounds give none: every text is a name. */
function outside(schema: z.ZodType): string[] {
  const { type, enum: words, minimum, maximum, exclusiveMinimum, items } = jsonOf(schema);
  if (words !== undefined) return ['nonsense', '', '1'];
  if (type === 'array') {
    const inside = outside(itemOf(schema));
    return items?.enum === undefined ? inside : ['nonsense', `${String(items.enum[0])},nonsense`];
  }
  if (type !== 'integer' && type !== 'number') return [];
  const far = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? [] : [String(maximum + 1)];
  return [
    'many',
    '',
    ...(type === 'integer' ? ['20.5'] : []),
    ...(minimum === undefined || minimum <= -Number.MAX_SAFE_INTEGER ? [] : [String(minimum - 1)]),
    ...(exclusiveMinimum === undefined ? [] : [String(exclusiveMinimum), String(exclusiveMinimum - 1)]),
    ...far,
  ];
}

function itemOf(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodArray ? (schema.element as z.ZodType) : schema;
}

/** What commander would hand over, with every word and every option that has to be there. */
function typed(
  command: CommandDefinition,
  leaf: Leaf,
  value: string,
): [Record<string, unknown>, Record<string, unknown>] {
  const key = (l: Leaf): string =>
    flagOf(l)
      .replace(/^--(no-)?/, '')
      .replace(/-([a-z0-9])/g, (_, c: string) => c.toUpperCase());
  const sample = (l: Leaf): unknown => {
    const { enum: words, type } = jsonOf(l.schema);
    if (words !== undefined) return words[0];
    if (type === 'integer' || type === 'number') return '1';
    const word = z.core.safeParse(l.schema, '/nowhere').success ? '/nowhere' : 'nowhere';
    return type === 'array' ? ['/nowhere'] : word;
  };
  const words = Object.fromEntries(leavesOf(command.arguments).map((l) => [l.path[0]!, sample(l)]));
  const needed = leavesOf(command.options).filter((l) => l.required && l !== leaf);
  return [words, { ...Object.fromEntries(needed.map((l) => [key(l), sample(l)])), [key(leaf)]: value }];
}

const OPTIONS = COMMANDS.flatMap((command) =>
  leavesOf(command.options).flatMap((leaf) =>
    outside(leaf.schema).map((value) => ({ name: `${command.name} ${flagOf(leaf)} "${value}"`, command, leaf, value })),
  ),
);

describe('every option of every command', () => {
  it('is there to be tried', () => {
    expect(OPTIONS.length).toBeGreaterThan(500);
    const tried = new Set(OPTIONS.map((o) => `${o.command.name} ${flagOf(o.leaf)}`));
    for (const option of [
      'train --batch',
      'train --learning-rate',
      'extract --size',
      'mine --min-overlap',
      'duplicates --bits',
    ])
      expect(tried).toContain(option);
  });

  it.each(OPTIONS)('$name is refused by name', async ({ command, leaf, value }) => {
    const [words, options] = typed(command, leaf, value);
    const error = await command.run(words, options).then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(CovisError);
    const { code, message } = error as CovisError;
    expect(code).toBe('INPUT_INVALID');
    expect(message).toContain(`${flagOf(leaf)} takes ${takes(leaf.schema.meta(leaf.meta))}`);
  });
});

describe('what is refused says what is taken', () => {
  const refusal = async (name: string, flag: string, value: string): Promise<string> => {
    const command = COMMANDS.find((c) => c.name === name)!;
    const leaf = leavesOf(command.options).find((l) => flagOf(l) === flag)!;
    const error = await command.run(...typed(command, leaf, value)).then(
      () => new Error('was taken'),
      (e: unknown) => e as Error,
    );
    return error.message;
  };

  it.each([
    ['train', '--batch', '0', '--batch takes a whole number from 1 to 10000, not 0'],
    ['train', '--learning-rate', '-1', '--learning-rate takes a number above 0 and up to 1, not -1'],
    ['extract', '--size', '0', '--size takes a whole number from 64 to 2048, not 0'],
    ['extract', '--size', '20.5', '--size takes a whole number from 64 to 2048, not 20.5'],
    ['mine', '--min-overlap', '7', '--min-overlap takes a number from 0 to 1, not 7'],
    ['duplicates', '--bits', '40', '--bits takes a whole number from 0 to 16, not 40'],
    ['train', '--loss', 'l2', '--loss takes contrastive, triplet, batch-hard or multi-similarity, not "l2"'],
    ['ladder', '--poolings', 'mac,max', '--poolings takes one or more of mac, gem, not "mac,max"'],
    [
      'whiten',
      '--scales',
      'multix',
      '--scales takes multi or numbers from 0.1 to 4 with commas between them, not "multix"',
    ],
    ['search', '--crop', '0,0,1', '--crop takes 4 numbers from 0 to 1 with commas between them, not "0,0,1"'],
    ['edges', '--size', 'large', '--size takes a whole number from 16 to 16384, not "large"'],
  ])('covis %s %s %s', async (name, flag, value, message) => {
    expect(await refusal(name, flag, value)).toBe(message);
  });
});
