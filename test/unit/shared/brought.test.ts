import { expect, it } from 'vitest';
import type { Brought } from '../../../src/shared/domain.ts';
import { JOBS, type JobKind } from '../../../src/shared/jobs/index.ts';
import type { JobDefinition } from '../../../src/shared/jobs/job.ts';

const broughtBy = (kind: JobKind, given: object): readonly Brought[] => {
  const { params, brings }: JobDefinition = JOBS[kind];
  return brings?.(params.parse(given)) ?? [];
};

it('what only looks brings nothing', () => {
  expect(broughtBy('import', { sources: ['/photos'], dryRun: true })).toEqual([]);
  expect(broughtBy('import', { sources: ['/photos'] })).toEqual(['photos', 'clusters']);
});

it('what trains on its way brings trainings, and photos where it takes a folder of them', () => {
  expect(broughtBy('ladder', {})).toContain('training');
  expect(broughtBy('adapt', {})).toContain('training');
  expect(broughtBy('adapt', {})).not.toContain('photos');
  expect(broughtBy('adapt', { photos: '/photos' })).toContain('photos');
  expect(broughtBy('adapt', { photos: '/photos', undo: true })).toEqual([]);
});

it.each(['map', 'tradeoff', 'measure', 'teacher'] as const)('%s describes no photo for a set that is there', (kind) => {
  expect(broughtBy(kind, {})).toContain('descriptors');
  const others = broughtBy(kind, {}).filter((b) => b !== 'descriptors');
  expect(broughtBy(kind, { set: 'vectors' })).toEqual(others);
});
