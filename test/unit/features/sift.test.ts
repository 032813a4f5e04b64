import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { describeQuery, featuresWithin } from '../../../src/main/engine/teacher/bow-index.ts';
import { Matcher } from '../../../src/main/engine/teacher/matcher.ts';
import { extractFeatures, hasFeatures, readFeatures } from '../../../src/main/engine/features/store.ts';
import { sift, type Features } from '../../../src/main/engine/features/sift.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos } from '../../../src/main/engine/library/photos.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SAMPLE } from '../../support/small-library.ts';

const PHOTO = join(SAMPLE, 'castle', 'images', 'castle_01.jpg');
const folder = temporaryFolder();

/** Share of matches that land within a few pixels of where the transformation puts them. */
async function agreement(
  matcher: Matcher,
  a: Features,
  b: Features,
  to: (x: number, y: number) => readonly [number, number],
): Promise<{ matches: number; right: number }> {
  const matches = await matcher.match(a, b);
  let right = 0;
  for (let k = 0; k < matches.length; k += 2) {
    const [i, j] = [4 * matches[k]!, 4 * matches[k + 1]!];
    const [x, y] = to(a.frames[i]!, a.frames[i + 1]!);
    if (Math.hypot(x - b.frames[j]!, y - b.frames[j + 1]!) < 2.5) right += 1;
  }
  return { matches: matches.length / 2, right: right / (matches.length / 2) };
}

describe('SIFT', async () => {
  const matcher = await Matcher.create();
  afterAll(() => matcher.release());
  const photo = await sharp(PHOTO).greyscale().png().toBuffer({ resolveWithObject: true });
  const { width, height } = photo.info;
  const own = await describeQuery(photo.data);

  it('finds the same places after a quarter turn, with the orientation turned', async () => {
    const turned = await describeQuery(await sharp(photo.data).rotate(90).png().toBuffer());
    const { matches, right } = await agreement(matcher, own, turned, (x, y) => [height - y, x]);
    expect(matches).toBeGreaterThan(0.5 * own.count);
    expect(right).toBeGreaterThan(0.95);
  });

  it('finds the same places at 60 % of the size, with scales to match', async () => {
    const small = await describeQuery(
      await sharp(photo.data)
        .resize(Math.round(0.6 * width))
        .png()
        .toBuffer(),
    );
    const { matches, right } = await agreement(matcher, own, small, (x, y) => [0.6 * x, 0.6 * y]);
    expect(matches).toBeGreaterThan(20);
    expect(right).toBeGreaterThan(0.85);
    const pairs = await matcher.match(own, small);
    const ratios = Array.from(
      { length: pairs.length / 2 },
      (_, k) => small.frames[4 * pairs[2 * k + 1]! + 2]! / own.frames[4 * pairs[2 * k]! + 2]!,
    );
    expect(ratios.sort((a, b) => a - b)[ratios.length >> 1]).toBeCloseTo(0.6, 1);
  });

  it('puts a blob where it is, at its own scale', () => {
    const [w, h, sigma] = [96, 80, 5];
    const grey = Float32Array.from({ length: w * h }, (_, i) =>
      Math.exp(-(((i % w) + 0.5 - 40.3) ** 2 + (Math.floor(i / w) + 0.5 - 33.6) ** 2) / (2 * sigma * sigma)),
    );
    const { frames, count } = sift(grey, w, h);
    expect(count).toBeGreaterThan(0);
    expect(Math.abs(frames[0]! - 40.3)).toBeLessThan(0.3);
    expect(Math.abs(frames[1]! - 33.6)).toBeLessThan(0.3);
    // The difference of Gaussians answers most at the blob's own scale.
    expect(frames[2]! / sigma).toBeGreaterThan(0.75);
    expect(frames[2]! / sigma).toBeLessThan(1.25);
  });

  it('describes by unit vectors, and says nothing of an even surface', () => {
    for (let i = 0; i < own.count; i += 50) {
      let norm = 0;
      for (let k = 0; k < 128; k += 1) norm += (own.descriptors[128 * i + k]! / 512) ** 2;
      expect(norm).toBeCloseTo(1, 1);
    }
    expect(sift(new Float32Array(64 * 64).fill(0.5), 64, 64).count).toBe(0);
    expect(sift(new Float32Array(8 * 8), 8, 8).count).toBe(0);
  });

  it('matches as plain loops over all pairs do', async () => {
    const [a, b] = [
      featuresWithin(own, (x) => x < width / 2),
      await describeQuery(await sharp(photo.data).blur(1).png().toBuffer()),
    ];
    const dot = (x: Features, i: number, y: Features, j: number): number => {
      let s = 0;
      for (let k = 0; k < 128; k += 1) s += x.descriptors[128 * i + k]! * y.descriptors[128 * j + k]!;
      return s / 512 ** 2;
    };
    const slow: number[] = [];
    for (let i = 0; i < a.count; i += 1) {
      const all = Array.from({ length: b.count }, (_, j) => [dot(a, i, b, j), j] as const).sort((x, y) => y[0] - x[0]);
      const [[best, j], [second]] = [all[0]!, all[1]!];
      const back = Array.from({ length: a.count }, (_, k) => [dot(a, k, b, j), k] as const).sort((x, y) => y[0] - x[0]);
      if (back[0]![1] === i && best > 0.75 && 1 - best < 0.64 * (1 - second)) slow.push(i, j);
    }
    expect(slow.length).toBeGreaterThan(10);
    expect(Array.from(await matcher.match(a, b))).toEqual(slow);
  });
});

describe('features of a library', () => {
  it('are computed once, survive a stop in the middle, and a broken photo is said', async () => {
    const photos = join(folder, 'photos');
    const library = Library.create(join(folder, 'library'));
    const names = ['castle_01.jpg', 'castle_02.jpg', 'castle_03.jpg', 'castle_04.jpg'];
    const { mkdirSync, copyFileSync } = await import('node:fs');
    mkdirSync(photos, { recursive: true });
    for (const n of names) copyFileSync(join(SAMPLE, 'castle', 'images', n), join(photos, n));
    await importSources(library, { sources: [photos] }, silentContext());
    const all = allPhotos(library);
    let checks = 0;
    const stopping = {
      ...silentContext(),
      check: () => {
        checks += 1;
        if (checks > 3) throw new Error('stopped');
      },
    };
    await expect(extractFeatures(library, all, stopping)).rejects.toThrow('stopped');
    const done = all.filter((p) => hasFeatures(library, p.hash)).length;
    expect(done).toBeGreaterThan(0);
    const bytes = readFileSync(join(photos, names[3]!));
    writeFileSync(join(photos, names[3]!), bytes.subarray(0, 200));
    const warnings: string[] = [];
    const { computed, failed } = await extractFeatures(library, all, silentContext(warnings));
    expect(computed + done + failed.size).toBe(4);
    expect(failed.size).toBe(warnings.length);
    expect(
      (
        await extractFeatures(
          library,
          all.filter((p) => !failed.has(p.id)),
          silentContext(),
        )
      ).computed,
    ).toBe(0);
    const kept = readFeatures(library, all[0]!.hash);
    expect(kept.frames.length).toBe(4 * kept.count);
    const file = library.file('features', all[0]!.hash.slice(0, 2), `${all[0]!.hash}.sift1`);
    writeFileSync(file, readFileSync(file).subarray(0, 100));
    expect(() => readFeatures(library, all[0]!.hash)).toThrow(/damaged/);
    library.close();
  });
});
