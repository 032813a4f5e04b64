import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { BowIndex, DEFAULT_TEACHER, featuresWithin, type BowHit } from '../../../src/main/engine/teacher/bow-index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SAMPLE } from '../../support/small-library.ts';

const folder = temporaryFolder();
const photos = join(folder, 'photos');
const copy = (place: string, from: number, to: number): void => {
  mkdirSync(photos, { recursive: true });
  for (const name of readdirSync(join(SAMPLE, place, 'images'))
    .sort()
    .slice(from, to))
    copyFileSync(join(SAMPLE, place, 'images', name), join(photos, name));
};

describe('an index of visual words', async () => {
  copy('castle', 0, 4);
  copy('pagoda', 0, 2);
  const library = Library.create(join(folder, 'library'));
  const bring = (): Promise<unknown> => importSources(library, { sources: [photos] }, silentContext());
  await bring();
  const steps: string[] = [];
  const task = { ...silentContext(), step: (name: string, total: number) => steps.push(`${name} ${total}`) };
  const p = { ...DEFAULT_TEACHER, words: 200 };
  const index = await BowIndex.prepare(library, p, task);

  it('ranks by tf-idf, then by a hundredth for every match that geometry confirms, then asks again with what it is sure of', () => {
    const n = index.photos.length;
    expect(n).toBe(6);
    let expanded = 0;
    for (let q = 0; q < n; q += 1) {
      const [f, words] = [index.features(q), index.lists[q]!];
      const confirmed = (image: number): number => index.verify(f, words, image).verified.inliers.length;
      const order = (hits: { image: number; inliers: number; score: number }[]): BowHit[] =>
        hits.sort((a, b) => b.score - a.score || a.image - b.image);
      const vector = index.inverted.vector(words);
      const plain = [...index.inverted.scores(vector)];
      const all = plain.map((_, i) => i);
      const close = (got: readonly BowHit[], expected: readonly BowHit[]): void => {
        expect(got.map((h) => [h.image, h.inliers])).toEqual(expected.map((h) => [h.image, h.inliers]));
        got.forEach((h, i) => expect(h.score).toBeCloseTo(expected[i]!.score, 6));
      };
      close(
        index.search(f, words, { verified: 0, expansion: 0 }),
        order(all.map((image) => ({ image, inliers: 0, score: plain[image]! }))),
      );
      const best = (scores: readonly number[], most: number): number[] =>
        all
          .toSorted((a, b) => scores[b]! - scores[a]! || a - b)
          .slice(0, most)
          .filter((i) => scores[i]! > 0);
      for (const verified of [2, 100]) {
        const checked = new Map(best(plain, verified).map((i) => [i, confirmed(i)]));
        const hit =
          (scores: readonly number[]) =>
          (image: number): BowHit => {
            const inliers = checked.get(image) ?? 0;
            return { image, inliers, score: scores[image]! + Math.min(inliers, 100) / 100 };
          };
        close(index.search(f, words, { verified, expansion: 0 }), order(all.map(hit(plain))));
        // Query expansion: the mean of the query and of photos with twelve confirmed matches, most first.
        const sure = [...checked]
          .filter(([, k]) => k >= 12)
          .sort((a, b) => b[1] - a[1] || a[0] - b[0])
          .slice(0, 2);
        expanded += sure.length;
        const mean = index.inverted.mean([vector, ...sure.map(([i]) => index.inverted.vector(index.lists[i]!))]);
        const again = sure.length === 0 ? plain : [...index.inverted.scores(mean)];
        if (sure.length > 0) for (const i of best(again, verified)) if (!checked.has(i)) checked.set(i, confirmed(i));
        close(index.search(f, words, { verified, expansion: 2 }), order(all.map(hit(again))));
      }
      // A photo agrees with itself, feature by feature.
      expect(index.search(f, words, p)[0]!.image).toBe(q);
    }
    expect(expanded).toBeGreaterThan(8);
  });

  it('is kept: nothing is computed twice, new photos get their words from the same vocabulary', async () => {
    expect(steps.some((s) => s.startsWith('Training the vocabulary'))).toBe(true);
    expect(steps).toContain('Finding visual words 6');
    steps.length = 0;
    const same = await BowIndex.prepare(library, p, task);
    expect(steps.filter((s) => /words|vocabulary/.test(s))).toEqual([]);
    expect(same.lists).toEqual(index.lists);
    expect(same.words).toBe(index.words);
    copy('pagoda', 2, 3);
    await bring();
    const more = await BowIndex.prepare(library, p, task);
    expect(steps.filter((s) => /words|vocabulary/.test(s))).toEqual(['Finding visual words 1']);
    expect(more.photos.length).toBe(7);
    more.photos.forEach((photo, i) => {
      const before = index.photos.findIndex((x) => x.id === photo.id);
      if (before >= 0) expect(more.lists[i]).toEqual(index.lists[before]);
      expect(more.lists[i]).toEqual(more.quantise(more.features(i)));
    });
    // Another wish is another vocabulary; none is the one that is there.
    steps.length = 0;
    const other = await BowIndex.prepare(library, { ...p, words: 50 }, task);
    expect(steps.some((s) => s.startsWith('Training the vocabulary'))).toBe(true);
    expect(other.words).toBeLessThan(more.words);
    steps.length = 0;
    expect((await BowIndex.prepare(library, DEFAULT_TEACHER, task)).words).toBe(other.words);
    expect(steps.filter((s) => /vocabulary/.test(s))).toEqual([]);
  });

  it('of some photos has those alone, and of none is refused', async () => {
    const some = await BowIndex.prepare(library, p, silentContext(), index.photos.slice(1, 3));
    expect(some.photos.map((x) => x.id)).toEqual(index.photos.slice(1, 3).map((x) => x.id));
    expect([...some.search(some.features(0), some.lists[0]!, p)].map((h) => h.image).sort()).toEqual([0, 1]);
    await expect(BowIndex.prepare(library, p, silentContext(), [])).rejects.toMatchObject({ code: 'STATE_EMPTY' });
  });

  it('keeps the features inside a part', () => {
    const f = index.features(0);
    const part = featuresWithin(f, (x, y) => x < 100 && y > 50);
    const kept = Array.from({ length: f.count }, (_, i) => i).filter(
      (i) => f.frames[4 * i]! < 100 && f.frames[4 * i + 1]! > 50,
    );
    expect(part.count).toBe(kept.length);
    kept.forEach((i, k) => {
      expect(part.frames.subarray(4 * k, 4 * k + 4)).toEqual(f.frames.subarray(4 * i, 4 * i + 4));
      expect(part.descriptors.subarray(128 * k, 128 * k + 128)).toEqual(f.descriptors.subarray(128 * i, 128 * i + 128));
    });
    rmSync(photos, { recursive: true, force: true });
  });
});
