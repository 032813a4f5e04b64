import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdaptReport } from '../../../src/shared/facts/adapt.ts';
import { tryCandidates } from '../../../src/main/engine/adapt/candidates.ts';
import { planOf } from '../../../src/main/engine/adapt/plan.ts';
import { described, libraryGeometry } from '../../../src/main/engine/evaluation/library-geometry.ts';
import { ask, drawFold } from '../../../src/main/engine/evaluation/protocols.ts';
import { defaultSize } from '../../../src/main/engine/inputs/inputs.ts';
import { listExperiments } from '../../../src/main/engine/library/experiments.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { integer, list, select } from '../../../src/main/engine/library/rows.ts';
import {
  defaultNetworkOf,
  ensureDefaultNetwork,
  listNetworks,
  networkRow,
} from '../../../src/main/engine/network/networks.ts';
import { cancelled, silentContext } from '../../../src/main/engine/queue/context.ts';
import { extract } from '../../../src/main/engine/retrieval/extract.ts';
import { learnWhitening, whiten } from '../../../src/main/engine/retrieval/whitening.ts';
import { learnedOf, partOf, splitOf } from '../../../src/main/engine/training/known-part.ts';
import { DEFAULT_TRAINING } from '../../../src/main/engine/training/presets.ts';
import { whiteningSample } from '../../../src/main/engine/training/whitening-sample.ts';
import { listTrainingRuns } from '../../../src/main/engine/training/runs.ts';
import { adaptWork } from '../../../src/main/engine/work/adapt.ts';
import { evaluateWork } from '../../../src/main/engine/work/evaluate.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const SMALL = { size: 64, epochs: 1, queriesPerEpoch: 6, folds: 2 } as const;
let library: Library;
let report: AdaptReport;
const experiments = (): AdaptReport[] =>
  listExperiments(library).flatMap((e) => (e.kind === 'adapt' ? [e.report] : []));

beforeAll(async () => {
  library = await smallLibrary(join(folder, 'library'));
  // Stopped in the training of the first fold, then asked for again.
  let steps = 0;
  const stopped = {
    ...silentContext(),
    step: (name: string) => void (steps += name.startsWith('Training, fold 1 of 2: Training') ? 1 : 0),
    check: () => {
      if (steps > 0) throw cancelled();
    },
  };
  await expect(adaptWork.run(library, SMALL, stopped)).rejects.toMatchObject({ code: 'CANCELLED' });
  report = (await adaptWork.run(library, SMALL, silentContext())) as AdaptReport;
}, 240_000);
afterAll(() => library.close());

describe('adapting to the sample', () => {
  it('goes on after a stop with what was begun, and trains each fold and the whole once', () => {
    const runs = listTrainingRuns(library);
    expect(runs.every((r) => r.state === 'done' && r.parameters.experiment)).toBe(true);
    expect(runs.length).toBe(report.chosen.startsWith('trained') ? 3 : 2);
  });

  it('lets a fold learn from nothing that asks in it', () => {
    const inFold = listTrainingRuns(library).filter((r) => r.parameters.learn?.fold != null);
    expect(inFold.map((r) => r.parameters.learn!.fold).sort()).toEqual([0, 1]);
    const asked = new Set<number>();
    for (const run of inFold) {
      const { training, heldOut } = splitOf(library, run.parameters.learn!);
      const used = select(
        library.db,
        'SELECT query, positive FROM tuple WHERE run_id IN (SELECT id FROM mining_run WHERE training_id = ?)',
        list(integer, integer),
      ).all(run.id);
      expect(used.length).toBeGreaterThan(0);
      for (const photo of used.flat()) expect(training.has(photo)).toBe(true);
      for (const photo of heldOut) {
        expect(training.has(photo)).toBe(false);
        asked.add(photo);
      }
    }
    // Every photo that may ask does so in one of the folds.
    expect(asked.size).toBe(report.figures[0]!.queries);
  });

  it('names protocol and what was learned for each figure, with intervals of the same questions', () => {
    expect(report).toMatchObject({ protocol: 'new-photos', places: 5, size: 64, geometry: '3D models' });
    const [photos] = report.figures;
    expect(photos).toMatchObject({ protocol: 'new-photos', folds: 2, places: 5 });
    expect(photos!.learned).toMatch(/in each of 2 folds on the photos that were not held out alone/);
    for (const f of report.figures) {
      expect(f.difference.mean).toBeCloseTo(f.after.mean - f.before.mean, 10);
      for (const i of [f.before, f.after, f.difference]) {
        expect(i.low!).toBeLessThanOrEqual(i.mean);
        expect(i.high!).toBeGreaterThanOrEqual(i.mean);
      }
    }
    expect(report.candidates.map((c) => c.name)).toEqual(['start', 'whitened', 'trained', 'trained-whitened']);
    for (const q of [...report.gained, ...report.lost]) {
      expect(q.foundBefore).toHaveLength(5);
      expect(q.foundAfter).toHaveLength(5);
    }
    for (const q of report.gained) expect(q.after).toBeGreaterThan(q.before);
    for (const q of report.lost) expect(q.after).toBeLessThan(q.before);
  });

  it('switches search over only to what is better beyond its interval, with a figure of its own', () => {
    const best = report.candidates.find((c) => c.name === report.chosen)!;
    // Whitening lifts the sample far beyond its interval on every machine.
    expect(report.outcome).toBe('changed');
    expect(best.difference!.low!).toBeGreaterThan(0);
    const now = defaultNetworkOf(library);
    expect(now.uid).toBe(report.after.network);
    expect(now.spec.experiment).toBeUndefined();
    expect(defaultSize(now.spec)).toBe(64);
    expect(report.figures[1]).toMatchObject({ protocol: 'own' });
    expect(report.figures[1]!.learned).toMatch(/search takes and which has learned on all photos/);
    expect(learnedOf(library, now)).toMatchObject({ before: report.start.network });
    expect(learnedOf(library, now).photos.size).toBe(report.photos);
  });

  it('refuses to call a photo new that the network has learned from', async () => {
    await expect(evaluateWork.run(library, { protocol: 'new-photos' }, silentContext())).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
      message: expect.stringMatching(/has learned from 65 photos of this library: there is no other photo/),
    });
    const own = await evaluateWork.run(library, { protocol: 'own' }, silentContext());
    expect(own.measure!.map.mean).toBeCloseTo(report.figures[1]!.after.mean, 10);
    expect(own.protocol).toMatch(/^own collection: .*; the network has learned from 65 photos of this library$/);
  });

  it('begins again at the network that has learned nothing, and trains nothing twice', async () => {
    const before = listTrainingRuns(library).length;
    const warnings: string[] = [];
    const again = (await adaptWork.run(library, SMALL, silentContext(warnings))) as AdaptReport;
    expect(again.start).toEqual(report.start);
    expect(again.candidates).toEqual(report.candidates);
    expect(again).toMatchObject({ outcome: 'kept', after: report.after });
    expect(listTrainingRuns(library)).toHaveLength(before);
    expect(warnings.join()).toMatch(/has learned from photos of this library, so that no photo is new to it/);
  });

  it('is undone: search takes the network from before, and what was learned stays', async () => {
    const networks = listNetworks(library).length;
    const undone = (await adaptWork.run(library, { undo: true }, silentContext())) as AdaptReport;
    expect(undone).toMatchObject({ outcome: 'undone', before: report.after, after: report.before });
    expect(experiments()[0]).toEqual(undone);
    expect(defaultNetworkOf(library).uid).toBe(ensureDefaultNetwork(library).uid);
    expect(listNetworks(library)).toHaveLength(networks);
    expect(networkRow(library, report.after.network).uid).toBe(report.after.network);
    await expect(adaptWork.run(library, { undo: true }, silentContext())).rejects.toThrow(
      /which adapting did not choose/,
    );
  });
});

describe('whitening in a fold', () => {
  it.each([
    ['new-places', 1],
    ['new-photos', undefined],
  ] as const)('of %s is learned on what the fold knows, with a shrinkage of %s', async (protocol, shrinkage) => {
    const g = libraryGeometry(library);
    const start = ensureDefaultNetwork(library);
    const drawing = { protocol, parts: 2, seed: 0 };
    const parameters = { ...DEFAULT_TRAINING, size: SMALL.size };
    const trial = { drawing, folds: 1, start, parameters, noWhitening: null, noTraining: 'nobody asked for it' };
    const amounts = { photos: g.ids.length, folds: 1, known: 0.5, epochs: 0, tuples: 0, trains: false };
    const tried = await tryCandidates(library, g, trial, planOf(silentContext(), amounts), (what) => what);
    const set = await extract(library, start, SMALL.size, silentContext());
    const split = splitOf(library, partOf(g, drawing, 0));
    const { vectors, queries, positives } = whiteningSample(library, split, set, parameters.mining);
    const by = (wanted: number | undefined): number[] => {
      const { data, dim } = whiten(
        { data: set.data, rows: set.ids.length, dim: set.dim },
        learnWhitening(vectors, queries, positives, wanted),
      );
      return ask(g, drawFold(g, drawing, 0).asking, described(g, { ids: set.ids, data, dim })).map((a) => a.ap);
    };
    const whitened = tried.get('whitened')!;
    expect('answers' in whitened && whitened.answers[0]!.map((a) => a.ap)).toEqual(by(shrinkage));
    expect(by(1)).not.toEqual(by(undefined));
    expect(tried.get('trained')).toEqual({ why: 'nobody asked for it' });
  });
});

describe('adapting to what is too little', () => {
  it('says what is missing', async () => {
    const empty = Library.create(join(folder, 'empty'));
    try {
      await expect(adaptWork.run(empty, {}, silentContext())).rejects.toMatchObject({
        code: 'STATE_EMPTY',
        hint: 'Name a folder of photos: covis adapt LIB --photos FOLDER',
      });
    } finally {
      empty.close();
    }
  });
});
