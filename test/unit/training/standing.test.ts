import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobResult } from '../../../src/shared/jobs/index.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { chooseDefault, defaultNetworks } from '../../../src/main/engine/network/default-network.ts';
import {
  defaultNetworkOf,
  ensureDefaultNetwork,
  loadNetwork,
  networkRow,
  storeComputed,
  type NetworkRow,
} from '../../../src/main/engine/network/networks.ts';
import { cancelled, silentContext } from '../../../src/main/engine/queue/context.ts';
import { drawPart, learnedOf, partOf } from '../../../src/main/engine/training/known-part.ts';
import { meanOf } from '../../../src/main/engine/evaluation/compared.ts';
import { described, libraryGeometry } from '../../../src/main/engine/evaluation/library-geometry.ts';
import { ask } from '../../../src/main/engine/evaluation/protocols.ts';
import { extract } from '../../../src/main/engine/retrieval/extract.ts';
import { listTrainingRuns } from '../../../src/main/engine/training/runs.ts';
import { DEFAULT_TRAINING } from '../../../src/main/engine/training/presets.ts';
import { decideDefault } from '../../../src/main/engine/training/standing.ts';
import { whitenNetwork } from '../../../src/main/engine/training/whiten.ts';
import { evaluateWork } from '../../../src/main/engine/work/evaluate.ts';
import { trainWork } from '../../../src/main/engine/work/train.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const SMALL = { epochs: 1, queriesPerEpoch: 4, size: 64, network: 'tiny' } as const;
let library: Library;
let parent: NetworkRow;
let ruined: JobResult<'train'>;
beforeAll(async () => {
  library = await smallLibrary(join(folder, 'library'));
  parent = ensureDefaultNetwork(library);
  ruined = await trainWork.run(library, { ...SMALL, learningRate: 0.05 }, silentContext());
});
afterAll(() => library.close());

describe('a training run', () => {
  it('learns on no photo of those that ask it, which are photos of places that it knows', () => {
    const run = listTrainingRuns(library).find((r) => r.id === ruined.run)!;
    expect(run.parameters).toMatchObject({ protocol: 'new-photos', folds: 1, learn: { fold: 0, parts: 3 } });
    const { g, split, asking } = drawPart(library, run.parameters.learn!);
    const { photos } = learnedOf(library, networkRow(library, ruined.network));
    const ids = Array.from(asking, (i) => g.ids[i]!);
    expect(ids.length).toBeGreaterThan(0);
    expect(ids.some((id) => photos.has(id))).toBe(false);
    const known = new Set(Array.from(g.ids.keys(), (i) => (split.training.has(g.ids[i]!) ? g.group[i] : -1)));
    expect(Array.from(asking).every((i) => known.has(g.group[i]!))).toBe(true);
  });

  it('that ruins the network does not make it the default, and says by which protocol, how far and whose figures', () => {
    const { standing } = ruined;
    expect(standing).toMatchObject({
      changed: false,
      network: parent.uid,
      figure: { protocol: 'new-photos', folds: 1 },
    });
    const { before, after, difference, places, learned } = standing!.figure!;
    expect(after.mean).toBeLessThan(before.mean);
    expect(difference.mean).toBeCloseTo(after.mean - before.mean, 10);
    expect(difference.low!).toBeLessThan(0);
    expect(places).toBe(5);
    expect(learned).toMatch(
      /which has learned nothing of this library.*; after: .* which has learned from \d+ photos of this library, none of those that ask among them; both at 320 px, as search asks$/,
    );
    expect(standing!.reason).toMatch(
      /^Kept .* as the default: with .* mAP of new photos of known places changes by -\d+\.\d points \[-\d+\.\d, [-+]\d+\.\d\] against .*, which is not better beyond its interval$/,
    );
    expect(defaultNetworkOf(library).uid).toBe(parent.uid);
    expect(defaultNetworks(library)[0]?.reason).toMatch(/not better beyond its interval \(run \d+\)$/);
    expect(listTrainingRuns(library).find((r) => r.id === ruined.run)?.standing).toEqual(standing);
    expect(ruined.measured).toBe('new photos of known places');
  });

  it('is measured before and after each epoch with the photos that decide, at the size that it is trained at', async () => {
    const run = listTrainingRuns(library).find((r) => r.id === ruined.run)!;
    const { g, asking } = drawPart(library, run.parameters.learn!);
    const mapOf = async (n: NetworkRow): Promise<number> =>
      meanOf(g, [ask(g, asking, described(g, await extract(library, n, SMALL.size, silentContext())))], 0).mean;
    expect(run.mapBefore).toBeCloseTo(await mapOf(parent), 3);
    expect(run.epochs.at(-1)!.map).toBeCloseTo(await mapOf(networkRow(library, ruined.network)), 3);
  });

  it('that is stopped leaves the default alone', async () => {
    let stop = false;
    const task = {
      ...silentContext(),
      check: () => {
        if (stop) throw cancelled();
      },
      step: (name: string) => void (stop ||= name.startsWith('Measuring epoch')),
    };
    await expect(trainWork.run(library, SMALL, task)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(listTrainingRuns(library)[0]).toMatchObject({ state: 'stopped', standing: null });
    expect(defaultNetworkOf(library).uid).toBe(parent.uid);
  });

  it('of several folds learns in each on what the others ask', async () => {
    const r = await trainWork.run(library, { ...SMALL, folds: 2, seed: 5 }, silentContext());
    expect(r.standing?.figure).toMatchObject({ folds: 2, protocol: 'new-photos' });
    const inFolds = listTrainingRuns(library).filter((t) => t.parameters.learn?.seed === 5);
    expect(inFolds.map((t) => [t.parameters.learn!.fold, t.parameters.experiment])).toEqual([
      [1, true],
      [0, false],
    ]);
    const asked = inFolds.map((t) => drawPart(library, t.parameters.learn!).split.heldOut);
    expect([...asked[0]!].some((id) => asked[1]!.has(id))).toBe(false);
    expect(r.standing!.figure!.queries).toBe(asked[0]!.size + asked[1]!.size);
    expect(r.standing!.figure!.learned).toMatch(/learned in each of 2 folds on what was not held out alone/);
  });

  it('for the own collection learns on all photos, and says that those that ask are among them', async () => {
    const r = await trainWork.run(library, { ...SMALL, protocol: 'own' }, silentContext());
    expect(r.standing?.figure).toMatchObject({ protocol: 'own', folds: 1 });
    expect(r.standing!.figure!.learned).toMatch(/those that ask among them; both at 320 px, as search asks$/);
    expect(listTrainingRuns(library)[0]!.parameters.learn).toMatchObject({ fold: null });
  });
});

describe('the measure of a trained network', () => {
  it('is not called one of held-out places where it has learned from their photos', async () => {
    const warnings: string[] = [];
    const r = await evaluateWork.run(library, { network: ruined.network }, silentContext(warnings));
    expect(warnings.join()).toMatch(
      /has learned from \d+ of the \d+ photos of the held-out places that would ask; measured instead: new photos of known places, which is another protocol/,
    );
    expect(r.measure).toMatchObject({ protocol: 'new-photos', map: ruined.standing!.figure!.after });
  });
});

describe('a better network', () => {
  it('becomes the default, with the interval that says so', async () => {
    const g = libraryGeometry(library);
    const learn = partOf(g, { protocol: 'new-photos', parts: 3, seed: 0 }, 0);
    const made = await whitenNetwork(
      library,
      parent,
      { method: 'learned', size: 64, seed: 0, on: { part: learn, mining: DEFAULT_TRAINING.mining } },
      silentContext(),
    );
    chooseDefault(library, networkRow(library, ruined.network));
    const run = { trainingId: ruined.run, parent, network: networkRow(library, made.network) };
    const parameters = { ...DEFAULT_TRAINING, size: 64, protocol: 'new-photos' as const, folds: 1, learn };
    // What was ruined is left far behind on every machine.
    const d = await decideDefault(library, { ...run, parameters }, silentContext());
    expect(d).toMatchObject({ changed: true, network: made.network });
    expect(d!.figure!.difference.low!).toBeGreaterThan(0);
    expect(d!.reason).toMatch(
      / is the default now: mAP of new photos of known places changes by \+\d+\.\d points \[\+\d/,
    );
    expect(defaultNetworkOf(library).uid).toBe(made.network);
    // Of its equal nothing is gained, and who asks has been learned from by neither.
    const { graph, spec } = loadNetwork(library, run.network);
    const equal = storeComputed(library, graph, { ...spec, name: 'its equal' }, made.network);
    const same = await decideDefault(library, { ...run, network: equal, parameters }, silentContext());
    expect(same).toMatchObject({ changed: false, network: made.network, figure: { difference: { mean: 0 } } });
  });

  it('is not compared by photos that the default has learned from, and says so', async () => {
    const all = await trainWork.run(library, { ...SMALL, protocol: 'own' }, silentContext());
    chooseDefault(library, networkRow(library, all.network));
    const r = await trainWork.run(library, { ...SMALL, learningRate: 1e-6 }, silentContext());
    expect(r.standing).toMatchObject({ changed: false, network: all.network, figure: null });
    expect(r.standing!.reason).toMatch(
      /was not measured beside it, for there is no photo of the places that they know of which neither has learned: the default has learned from \d+ photos/,
    );
  });
});

describe('what cannot be held out', () => {
  it('is refused where it was asked for, and said where it was not', async () => {
    const few = Library.create(join(folder, 'few'));
    try {
      ensureDefaultNetwork(few);
      await expect(trainWork.run(few, { ...SMALL, protocol: 'new-places' }, silentContext())).rejects.toMatchObject({
        code: 'STATE_EMPTY',
        message: expect.stringMatching(/"new places" cannot be measured here/) as string,
      });
      const warnings: string[] = [];
      await expect(trainWork.run(few, SMALL, silentContext(warnings))).rejects.toMatchObject({ code: 'STATE_EMPTY' });
      expect(warnings.join()).toMatch(/new photos of known places cannot be measured here, so that the default stays/);
    } finally {
      few.close();
    }
  });
});
