import { describe, expect, it } from 'vitest';
import { JOBS } from '../../../src/shared/jobs/index.ts';
import { CHOSEN_JOBS, chosenJobSchema, downloadedJobSchema } from '../../../src/shared/jobs/started.ts';
import { forPages, leavesOf, withPaths } from '../../../src/shared/schema.ts';

const ID = '0123456789abcdef0123456789abcdef';
const OTHER = 'fedcba9876543210fedcba9876543210';

describe('a job with what a person chose', () => {
  it('is each that takes a path which can be chosen', () => {
    const kinds = CHOSEN_JOBS.map((j) => j.kind);
    for (const kind of ['import', 'cluster', 'vectors', 'sketches', 'domains', 'network', 'run', 'train'] as const)
      expect(kinds).toContain(kind);
    // What writes where it is told is asked for by routes of its own.
    for (const kind of ['export', 'backup', 'check'] as const) expect(kinds).not.toContain(kind);
  });

  it.each(CHOSEN_JOBS.map((j) => [j.kind, j] as const))('%s: takes ids alone in the place of paths', (_kind, job) => {
    const schema = forPages(job.params, true);
    const leaves = leavesOf(schema);
    for (const { meta } of leaves) expect(meta.page).not.toBe(false);
    const chosen = leaves.filter((l) => l.meta.pick !== undefined);
    expect(chosen.length).toBeGreaterThan(0);
    for (const { schema: one } of chosen) {
      const takes = (v: unknown): boolean => one.safeParse(v).success || one.safeParse([v]).success;
      expect(takes(ID)).toBe(true);
      for (const path of ['/etc/passwd', '../x', 'photos', '', 'C:\\x']) expect(takes(path), path).toBe(false);
    }
  });

  it.each([
    [{ kind: 'cluster', photos: ID, neighbours: 30, reconstruct: false }],
    [{ kind: 'import', sources: [ID], images: OTHER }],
    [{ kind: 'vectors', file: ID, namesFile: OTHER, half: true }],
    [{ kind: 'network', backbone: { file: ID, pooling: 'mac' } }],
  ])('takes %j', (job) => expect(chosenJobSchema.safeParse(job).success).toBe(true));

  it.each([
    [{ kind: 'cluster', photos: '/home/me/photos' }],
    [{ kind: 'cluster', photos: ID, out: '/home' }],
    [{ kind: 'import', sources: ['/etc'] }],
    [{ kind: 'export', format: 'csv', out: ID }],
    [{ kind: 'sketches', photos: ID, network: '/x.onnx' }],
    [{ kind: 'cluster', photos: ID, neighbours: 0 }],
  ])('refuses %j', (job) => expect(chosenJobSchema.safeParse(job).success).toBe(false));

  it('has the paths of what was chosen in the place of their ids, and nothing else changed', () => {
    const pathOf = (id: string): string => `/roots/${id.slice(0, 4)}`;
    expect(withPaths(JOBS.import.params, { sources: [ID, OTHER], images: ID, keepBoth: true }, pathOf)).toEqual({
      sources: ['/roots/0123', '/roots/fedc'],
      images: '/roots/0123',
      keepBoth: true,
    });
    expect(withPaths(JOBS.network.params, { backbone: { file: ID, pooling: 'gem' } }, pathOf)).toEqual({
      backbone: { file: '/roots/0123', pooling: 'gem' },
    });
  });

  it('says what is made within the folder that was chosen, and says no folder where it is downloaded', () => {
    const pathOf = (id: string, made?: string): string =>
      [id.slice(0, 4), ...(made === undefined ? [] : [made])].join('/');
    const job = { database: ID, queries: ID, out: OTHER };
    expect(withPaths(JOBS.rank.params, job, pathOf)).toEqual({
      database: '0123',
      queries: '0123',
      out: 'fedc/ranks.npy',
    });
    const takes = (v: unknown): boolean => downloadedJobSchema.safeParse(v).success;
    expect(takes({ kind: 'rank', database: ID, queries: ID })).toBe(true);
    expect(takes({ kind: 'rank', ...job })).toBe(false);
    // What writes into the library alone is nothing to download.
    expect(takes({ kind: 'cluster', photos: ID })).toBe(false);
  });
});
