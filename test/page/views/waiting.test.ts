import { expect, it } from 'vitest';
import type { TupleInfo } from '../../../src/shared/domain.ts';
import type { JudgementParams } from '../../../src/shared/routes/review.ts';
import { withJudgements } from '../../../src/renderer/views/tuples/judgements.ts';

const tuple = {
  index: 4,
  query: 'q',
  positive: 'p',
  verdict: null,
  replacement: null,
  note: null,
  negatives: [
    { photo: 'n', verdict: null },
    { photo: 'm', verdict: 'reject' },
  ],
  alternatives: [{ photo: 'a', verdict: null }],
} as unknown as TupleInfo;
const said = (j: Partial<JudgementParams>): JudgementParams => ({
  run: 7,
  tuple: 4,
  query: 'q',
  other: 'p',
  aspect: 'positive',
  verdict: 'accept',
  ...j,
});
const after = (...all: Partial<JudgementParams>[]): TupleInfo => withJudgements(tuple, 7, all.map(said));

it('a tuple is seen as it will be once what was decided of it has arrived', () => {
  expect(after()).toBe(tuple);
  expect(after({}).verdict).toBe('accept');
  expect(after({}, { verdict: 'reject' }).verdict).toBe('reject');
  expect(after({}, { verdict: 'none' }).verdict).toBeNull();
  expect(after({ verdict: 'swap', replacement: 'a' })).toMatchObject({ verdict: 'swap', replacement: 'a' });
  expect(after({ verdict: 'swap', replacement: 'a' }, { other: 'a' })).toMatchObject({ verdict: 'accept' });
  expect(after({ other: 'a' })).toMatchObject({ verdict: null, alternatives: [{ verdict: 'accept' }] });
  expect(after({ other: 'n', aspect: 'negative', verdict: 'same-object' }).negatives.map((n) => n.verdict)).toEqual([
    'same-object',
    'reject',
  ]);
  expect(after({ aspect: 'note', verdict: 'note', note: 'look' }).note).toBe('look');
  expect(after({ aspect: 'note', verdict: 'note', note: '' }).note).toBeNull();
});

it('what was decided of another tuple, or in another run, changes nothing', () => {
  for (const other of [{ tuple: 5 }, { run: 8 }, { query: 'x' }]) expect(after(other)).toEqual(tuple);
});
