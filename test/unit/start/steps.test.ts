import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JobInfo } from '../../../src/shared/domain.ts';
import { noteRate, readRates } from '../../../src/main/engine/environment/rates.ts';
import { noteJobRate, stepsOf, type StepFacts } from '../../../src/main/engine/start/steps.ts';

const NOTHING: StepFacts = {
  photos: 0,
  clusters: 0,
  pairs: 0,
  loose: 0,
  sought: false,
  described: 0,
  dim: 256,
  runs: 0,
  decisions: 0,
  trained: 0,
  searched: false,
  epochs: 10,
  readOnly: false,
};
const at = (more: Partial<StepFacts>, rates = {}) => stepsOf({ ...NOTHING, ...more }, rates);
const states = (more: Partial<StepFacts>): Record<string, string> =>
  Object.fromEntries(at(more).steps.map((s) => [s.name, s.state]));

describe('the next step', () => {
  it.each<[string | null, Partial<StepFacts>]>([
    ['photos', {}],
    ['places', { photos: 9, loose: 1 }],
    ['describe', { photos: 9, clusters: 2, pairs: 5 }],
    ['describe', { photos: 9, clusters: 2, pairs: 5, described: 8 }],
    // Nothing was found in these photos: one goes on with what they are.
    ['describe', { photos: 9, loose: 1, sought: true }],
    ['search', { photos: 9, loose: 1, sought: true, described: 9 }],
    ['mine', { photos: 9, clusters: 2, pairs: 5, described: 9 }],
    ['look', { photos: 9, clusters: 2, pairs: 5, described: 9, runs: 1 }],
    ['train', { photos: 9, clusters: 2, pairs: 5, described: 9, runs: 1, decisions: 3 }],
    ['search', { photos: 9, clusters: 2, pairs: 5, described: 9, runs: 1, decisions: 3, trained: 1 }],
    [null, { photos: 9, clusters: 2, pairs: 5, described: 9, runs: 1, decisions: 3, trained: 1, searched: true }],
  ])('is %s with %j', (next, facts) => expect(at(facts).next).toBe(next));
});

describe('searching', () => {
  it('is done once somebody has searched, and no step is then left', () => {
    const all = { photos: 9, clusters: 2, pairs: 5, described: 9, runs: 1, decisions: 3, trained: 1 };
    expect(states(all)['search']).toBe('possible');
    expect(states({ ...all, searched: true })['search']).toBe('done');
  });
});

describe('a step that cannot be done', () => {
  it('says why', () => {
    const why = (name: string, more: Partial<StepFacts>): string => at(more).steps.find((s) => s.name === name)!.why;
    expect(why('mine', {})).toBe('There are no photos yet');
    expect(why('mine', { photos: 5 })).toBe('No places were found yet');
    expect(why('mine', { photos: 5, clusters: 1 })).toBe('No two photos share points');
    expect(why('look', { photos: 5, clusters: 1, pairs: 3 })).toBe('Nothing was mined yet');
    expect(why('search', { photos: 5 })).toBe('No photo is described yet');
    expect(why('places', { photos: 5, loose: 1, sought: true })).toMatch(/None were found/);
  });

  it('is every one that writes, where the library is open for reading; searching is not', () => {
    expect(states({ photos: 9, clusters: 2, pairs: 5, described: 8, readOnly: true })).toEqual({
      photos: 'done',
      places: 'done',
      describe: 'blocked',
      mine: 'blocked',
      look: 'blocked',
      train: 'blocked',
      search: 'possible',
    });
  });
});

describe('what a step will take', () => {
  const estimate = (name: string, rates: Parameters<typeof stepsOf>[1]) =>
    stepsOf({ ...NOTHING, photos: 100, clusters: 2, pairs: 5, described: 20 }, rates).steps.find(
      (s) => s.name === name,
    )!.estimate;

  it('is what is left of it at the speed that was measured, and what it adds to the disk', () => {
    // Eighty photos of 256 numbers of four bytes, at four a second.
    expect(estimate('describe', { extract: { units: 40, seconds: 10 } })).toEqual({ seconds: [20, 20], bytes: 81_920 });
    // Ten epochs, and a hundred photos that are compared.
    const train = { train: { units: 2, seconds: 30 }, compare: { units: 50, seconds: 10 } };
    expect(estimate('train', train)).toEqual({
      seconds: [170, 170],
      bytes: null,
      includes: 'the comparison with the default',
    });
  });

  it('is a range of other machines where nothing like it was measured, and nothing for what is done or for a person to do', () => {
    const { seconds, bytes } = estimate('describe', {})!;
    expect(bytes).toBe(81_920);
    expect(seconds[1]).toBeGreaterThan(seconds[0]);
    // What ten epochs take at most, and the comparison.
    expect(estimate('train', {})!.seconds[1]).toBe(10 * 400 + 100);
    expect(estimate('photos', {})).toBeNull();
    expect(estimate('look', {})).toBeNull();
  });
});

describe('how fast work was on this machine', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'covis-rates-'));
    vi.stubEnv('COVIS_SETTINGS', join(folder, 'settings.json'));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });
  const job = (more: Partial<JobInfo>): JobInfo => ({
    id: 1,
    kind: 'extract',
    title: '',
    state: 'done',
    created: '2026-01-01T00:00:00Z',
    started: '2026-01-01T00:00:00Z',
    finished: '2026-01-01T00:00:20Z',
    progress: null,
    error: null,
    warnings: [],
    result: { network: 'x', photos: 50, computed: 40, dim: 8, size: 320 },
    ...more,
  });

  it('is noted of jobs that ended well, by what they did', () => {
    noteJobRate(job({}), 50);
    noteJobRate(job({ kind: 'cluster', result: {} }), 50);
    noteJobRate(job({ kind: 'mine', state: 'failed' }), 50);
    expect(readRates()).toEqual({ extract: { units: 40, seconds: 20 }, cluster: { units: 50, seconds: 20 } });
  });

  it('is nothing of one that had nothing to do, and nothing where the file is damaged', () => {
    noteJobRate(job({ result: { network: 'x', photos: 50, computed: 0, dim: 8, size: 320 } }), 50);
    expect(readRates()).toEqual({});
    writeFileSync(join(folder, 'rates.json'), '{"extract": {"units": -1');
    expect(readRates()).toEqual({});
    noteRate('mine', 3, 6);
    expect(readRates()).toEqual({ mine: { units: 3, seconds: 6 } });
  });
});
