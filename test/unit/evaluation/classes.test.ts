import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import {
  evaluateClasses,
  kMeans,
  normalisedMutualInformation,
  recallAtK,
} from '../../../src/main/engine/evaluation/classes.ts';
import { ensureDefaultNetwork } from '../../../src/main/engine/network/networks.ts';
import { l2Normalise } from '../../../src/main/engine/network/pooling.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SAMPLE, smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();

describe('the CUB protocol', () => {
  it('has mutual information as worked out by hand', () => {
    expect(normalisedMutualInformation([0, 0, 1, 1], [5, 5, 7, 7])).toBeCloseTo(1, 12);
    expect(normalisedMutualInformation([0, 1, 0, 1], [0, 0, 1, 1])).toBeCloseTo(0, 12);
    // Joint 2, 1, 3: I = 0.4591 nats over the mean of two entropies of 3 of 6 and 2, 4 of 6.
    const half = Math.log(2);
    const third = -(1 / 3) * Math.log(1 / 3) - (2 / 3) * Math.log(2 / 3);
    const joint = -(2 / 6) * Math.log(2 / 6) - (1 / 6) * Math.log(1 / 6) - 0.5 * Math.log(0.5);
    expect(normalisedMutualInformation([0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 1, 1])).toBeCloseTo(
      (2 * (half + third - joint)) / (half + third),
      12,
    );
  });

  it('counts recall as a literal definition does, and clusters what is apart', async () => {
    const r = random(3);
    const [rows, dim, classes] = [120, 8, 5];
    const labels = Array.from({ length: rows }, (_, i) => i % classes);
    const centres = Array.from({ length: classes * dim }, () => r.next() - 0.5);
    const data = Float32Array.from(
      { length: rows * dim },
      (_, at) => centres[labels[Math.floor(at / dim)]! * dim + (at % dim)]! + 0.5 * (r.next() - 0.5),
    );
    for (let i = 0; i < rows; i += 1) l2Normalise(data.subarray(i * dim, (i + 1) * dim));
    const dotOf = (i: number, j: number): number =>
      data.subarray(i * dim, (i + 1) * dim).reduce((s, x, k) => s + x * data[j * dim + k]!, 0);
    const got = await recallAtK({ data, rows, dim }, labels);
    for (const k of [1, 2, 4, 8]) {
      const hits = labels.filter((label, i) =>
        Array.from({ length: rows }, (_, j) => j)
          .filter((j) => j !== i)
          .sort((a, b) => dotOf(i, b) - dotOf(i, a))
          .slice(0, k)
          .some((j) => labels[j] === label),
      );
      expect(got[k]).toBeCloseTo(hits.length / rows, 10);
    }
    expect(normalisedMutualInformation(kMeans({ data, rows, dim }, classes, 1), labels)).toBeGreaterThan(0.8);
  });

  it('measures a folder of classes', async () => {
    const library = await smallLibrary(join(folder, 'library'));
    const classes = join(folder, 'classes');
    for (const name of ['castle', 'pagoda']) {
      mkdirSync(join(classes, name), { recursive: true });
      cpSync(join(SAMPLE, name, 'images'), join(classes, name), { recursive: true });
    }
    const report = await evaluateClasses(library, ensureDefaultNetwork(library), classes, 128, 0, silentContext());
    expect(report).toMatchObject({ classes: 2, photos: 26, dim: 256 });
    expect(report.recallAtK['1']).toBeGreaterThan(0.8);
    await expect(
      evaluateClasses(library, ensureDefaultNetwork(library), join(classes, 'castle'), 128, 0, silentContext()),
    ).rejects.toThrow(/at least two classes/);
    library.close();
  }, 30_000);
});
