import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { described, libraryGeometry } from '../../../src/main/engine/evaluation/library-geometry.ts';
import { ask, drawFold } from '../../../src/main/engine/evaluation/protocols.ts';
import { splitOf } from '../../../src/main/engine/training/known-part.ts';
import { evaluateGeometry } from '../../../src/main/engine/training/held-out.ts';
import { readNpy } from '../../../src/main/engine/formats/npy.ts';
import { cancelled, silentContext } from '../../../src/main/engine/queue/context.ts';
import { listExperiments } from '../../../src/main/engine/library/experiments.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { listImages } from '../../../src/main/engine/library/photos.ts';
import { splitPlaces } from '../../../src/main/engine/mining/split.ts';
import { embeddedNetwork } from '../../../src/main/engine/network/embedded.ts';
import {
  ensureDefaultNetwork,
  defaultNetworkOf,
  listNetworks,
  networkRow,
  repoolNetwork,
} from '../../../src/main/engine/network/networks.ts';
import { extractFolder } from '../../../src/main/engine/retrieval/extract-folder.ts';
import { extract } from '../../../src/main/engine/retrieval/extract.ts';
import { ladderTable } from '../../../src/shared/ladder-table.ts';
import { runLadder } from '../../../src/main/engine/training/ladder.ts';
import { DEFAULT_TRAINING } from '../../../src/main/engine/training/presets.ts';
import { listTrainingRuns } from '../../../src/main/engine/training/runs.ts';
import { train } from '../../../src/main/engine/training/train.ts';
import { whitenNetwork } from '../../../src/main/engine/training/whiten.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SAMPLE, smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
let library: Library;
beforeAll(async () => {
  library = await smallLibrary(join(folder, 'library'));
});
afterAll(() => library.close());
const OPTIONS = { method: 'learned', size: 128, seed: 0 } as const;

describe('whitening as a step', () => {
  it('makes a network that describes as the measured whitening does, says what it learned from, and why it shrank', async () => {
    const start = ensureDefaultNetwork(library);
    const warnings: string[] = [];
    const task = { ...silentContext(), warn: (w: string) => warnings.push(w) };
    const made = await whitenNetwork(library, start, OPTIONS, task);
    expect(made.whitening).toMatchObject({ method: 'learned', from: 256, size: 128, seed: 0 });
    expect(made.whitening.pairs).toBeGreaterThan(20);
    expect(made.whitening.shrinkage).toBeGreaterThan(0);
    expect(warnings.join()).toMatch(/256 dimensions from \d+ pairs of \d+ photos: the covariance was shrunk/);
    const row = networkRow(library, made.network);
    expect(row.spec.whitening).toEqual(made.whitening);
    const split = splitPlaces(library, 0);
    const plain = evaluateGeometry(library, split, await extract(library, start, 128, silentContext()));
    const white = evaluateGeometry(library, split, await extract(library, row, 128, silentContext()));
    expect(white.map).toBeCloseTo(plain.mapWhitened!, 3);
    await expect(whitenNetwork(library, row, OPTIONS, silentContext())).rejects.toThrow(
      /already ends in a linear layer/,
    );
  });

  it('keeps dimensions, learns by PCA, and is another one for several scales, which are not trained', async () => {
    const start = ensureDefaultNetwork(library);
    const small = await whitenNetwork(library, start, { ...OPTIONS, method: 'pca', dim: 32 }, silentContext());
    expect(small).toMatchObject({ dim: 32, whitening: { method: 'pca', pairs: 0 } });
    const multi = await whitenNetwork(
      library,
      start,
      { ...OPTIONS, dim: 32, scales: [1, Math.SQRT1_2] },
      silentContext(),
    );
    const row = networkRow(library, multi.network);
    expect(row.spec.scales).toHaveLength(2);
    expect((await extract(library, row, 128, silentContext())).dim).toBe(32);
    await expect(train(library, row, { ...DEFAULT_TRAINING, epochs: 1 }, silentContext())).rejects.toThrow(
      /several scales, which is not trained/,
    );
    await expect(whitenNetwork(library, start, { ...OPTIONS, dim: 300 }, silentContext())).rejects.toThrow(
      /1 to 256 dimensions/,
    );
  });

  it('trains with the layer behind the pooling', { timeout: 300_000 }, async () => {
    const made = await whitenNetwork(library, ensureDefaultNetwork(library), { ...OPTIONS, dim: 16 }, silentContext());
    const r = await train(
      library,
      networkRow(library, made.network),
      { ...DEFAULT_TRAINING, backend: 'cpu', epochs: 1, queriesPerEpoch: 4, size: 96, loss: 'triplet', margin: 0.5 },
      silentContext(),
    );
    expect(r.network.spec).toMatchObject({ dim: 16, whitening: made.whitening });
    expect(r.network.uid).not.toBe(made.network);
  });
});

describe('the ladder', () => {
  const base = { ...DEFAULT_TRAINING, backend: 'cpu' as const, epochs: 1, queriesPerEpoch: 4, size: 96 };

  it('has every rung for MAC and GeM, over seeds, and goes on where it was stopped', { timeout: 300_000 }, async () => {
    const start = ensureDefaultNetwork(library);
    const options = { poolings: ['mac', 'gem'] as const, seeds: 2 };
    let steps = 0;
    const stopping = {
      ...silentContext(),
      step: (name: string) => {
        if (name.includes('Training')) steps += 1;
      },
      check: () => {
        if (steps === 4) throw cancelled();
      },
    };
    await expect(runLadder(library, start, base, options, stopping)).rejects.toMatchObject({ code: 'CANCELLED' });
    const before = listTrainingRuns(library).filter((r) => r.state === 'done' && r.parameters.name !== null).length;
    expect(before).toBe(3);
    const report = await runLadder(library, start, base, options, silentContext());
    const runs = listTrainingRuns(library).filter((r) => r.parameters.name?.startsWith('ladder') === true);
    expect(runs).toHaveLength(16);
    expect(report.rungs.map((r) => `${r.pooling} ${r.whitening}`)).toEqual(
      ['mac', 'gem'].flatMap((p) => [...Array.from({ length: 5 }, () => `${p} false`), `${p} true`]),
    );
    for (const { map } of report.rungs) {
      expect(map.values).toHaveLength(2);
      expect(map.mean).toBeCloseTo((map.values[0]! + map.values[1]!) / 2, 12);
      expect(map.std).toBeCloseTo(Math.abs(map.values[0]! - map.values[1]!) / Math.SQRT2, 12);
    }
    expect(ladderTable(report).split('\n')).toHaveLength(14);
    expect(ladderTable(report)).toMatch(
      /^component,pooling,whitening,mean,std,seed 0,seed 1\n"off the shelf",mac,false,0\.\d+/,
    );
    expect(listExperiments(library)[0]).toMatchObject({ kind: 'ladder', report: { seeds: 2, epochs: 1 } });
    // What it trained is no network to work with.
    expect(listNetworks(library).filter((n) => n.name.startsWith('ladder'))).toEqual([]);
    expect(defaultNetworkOf(library).spec.name).not.toMatch(/ladder/);
    const again = await runLadder(library, start, base, options, silentContext());
    expect(again.rungs).toEqual(report.rungs);
    expect(listTrainingRuns(library).filter((r) => r.parameters.name?.startsWith('ladder') === true)).toHaveLength(16);
  });

  it(
    'asks with new photos of known places, of which no rung has learned, with intervals',
    { timeout: 300_000 },
    async () => {
      const start = ensureDefaultNetwork(library);
      const options = { poolings: ['gem'] as const, seeds: 1, protocol: 'new-photos', parts: 3 } as const;
      const report = await runLadder(library, start, { ...base, seed: 40 }, options, silentContext());
      expect(report).toMatchObject({ protocol: 'new-photos', seeds: 1 });
      expect(report.rungs).toHaveLength(6);
      const g = libraryGeometry(library);
      const { known, asking } = drawFold(g, { protocol: 'new-photos', parts: 3, seed: 40 }, 0);
      expect(asking.length).toBeGreaterThan(4);
      expect(Array.from(asking).every((i) => known[i] === 0)).toBe(true);
      const runs = listTrainingRuns(library).filter((r) => r.parameters.seed === 40);
      expect(runs).toHaveLength(4);
      for (const { parameters } of runs) {
        const { training } = splitOf(library, parameters.learn!);
        expect(Array.from(asking).some((i) => training.has(g.ids[i]!))).toBe(false);
      }
      // The first rung by hand, and what each adds: the same questions, so that differences of means are means of differences.
      const answers = ask(g, asking, described(g, await extract(library, start, 96, silentContext())));
      const weight = answers.reduce((sum, a) => sum + a.weight!, 0);
      const mean = answers.reduce((sum, a) => sum + a.weight! * a.ap, 0) / weight;
      expect(report.rungs[0]!.interval!.mean).toBeCloseTo(mean, 10);
      expect(report.rungs[0]!.gain).toBeUndefined();
      report.rungs.forEach(({ interval, gain, map }, i) => {
        expect(interval!.low!).toBeLessThanOrEqual(interval!.mean);
        expect(interval!.high!).toBeGreaterThanOrEqual(interval!.mean);
        expect(map.values[0]).toBeCloseTo(interval!.mean, 10);
        if (i > 0) expect(gain!.mean).toBeCloseTo(interval!.mean - report.rungs[i - 1]!.interval!.mean, 10);
      });
      expect(ladderTable(report)).toMatch(
        /^component,pooling,whitening,mean,std,seed 40,low,high,gain,gain low,gain high\n/,
      );
      expect(listExperiments(library)[0]).toMatchObject({ kind: 'ladder', report: { protocol: 'new-photos' } });
    },
  );

  it('pools anew only what can be', () => {
    const start = ensureDefaultNetwork(library);
    const mac = repoolNetwork(library, start, 'mac');
    expect(mac.spec).toMatchObject({ pooling: 'mac', name: 'MobileNetV1 0.25 MAC' });
    expect(repoolNetwork(library, mac, 'mac')).toBe(mac);
    expect(repoolNetwork(library, mac, 'gem').spec.pooling).toBe('gem');
  });
});

describe('extraction of a folder', () => {
  const photos = join(folder, 'photos');
  const out = join(folder, 'X.npy');
  beforeAll(() => {
    mkdirSync(join(photos, 'sub'), { recursive: true });
    const names = listImages(join(SAMPLE, 'castle')).slice(0, 12);
    names.forEach((n, i) =>
      copyFileSync(join(SAMPLE, 'castle', n), join(photos, i % 2 === 0 ? `${i}.jpg` : `sub/${i}.jpg`)),
    );
    writeFileSync(join(photos, 'broken.jpg'), 'no image');
    copyFileSync(join(photos, '0.jpg'), join(photos, 'again.jpg'));
  });

  it('writes rows in the order of the names beside it, goes on after a stop, and names what it could not read', async () => {
    const network = embeddedNetwork('photos');
    let described = 0;
    const stopping = {
      ...silentContext(),
      progress: () => (described += 1),
      check: () => {
        // Once through the hashes and one window of photos.
        if (described > 14) throw cancelled();
      },
    };
    await expect(extractFolder(network, 'k', photos, out, 96, stopping)).rejects.toMatchObject({ code: 'CANCELLED' });
    const warnings: string[] = [];
    const task = { ...silentContext(), warn: (w: string) => warnings.push(w) };
    const report = await extractFolder(network, 'k', photos, out, 96, task);
    expect(report).toMatchObject({ photos: 13, failed: ['broken.jpg'], dim: 256 });
    expect(report.computed).toBeLessThan(12);
    expect(warnings).toHaveLength(1);
    const names = readFileSync(join(folder, 'X.txt'), 'utf8').trimEnd().split('\n');
    expect(names).toEqual(listImages(photos).filter((x) => x !== 'broken.jpg'));
    const { shape, data } = readNpy(out);
    expect(shape).toEqual([13, 256]);
    const row = (i: number): number[] => Array.from(data.subarray(i * 256, (i + 1) * 256) as Float32Array);
    expect(row(names.indexOf('again.jpg'))).toEqual(row(names.indexOf('0.jpg')));
    // A run that was never stopped gives the same.
    await extractFolder(network, 'k', photos, join(folder, 'Y.npy'), 96, silentContext());
    const whole = readNpy(join(folder, 'Y.npy')).data as Float32Array;
    whole.forEach((v, i) => expect(Math.abs(v - (data[i] as number))).toBeLessThan(1e-5));
  });
});
