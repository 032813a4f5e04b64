import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FeatureDetector } from '../../../src/main/engine/features/detect.ts';
import type { Features } from '../../../src/main/engine/features/sift.ts';
import * as npy from '../../../src/main/engine/formats/npy.ts';
import { readNpy, writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import type { PhotoRow } from '../../../src/main/engine/library/photos.ts';
import { cancelled, silentContext, type TaskContext } from '../../../src/main/engine/queue/context.ts';
import { BowIndex, DEFAULT_TEACHER, describeQuery } from '../../../src/main/engine/teacher/bow-index.ts';
import * as vocabularies from '../../../src/main/engine/teacher/vocabulary.ts';
import { temporaryFolder } from '../../support/folders.ts';

// The vocabulary is trained as ever; what it is given is looked at.
vi.mock('../../../src/main/engine/teacher/vocabulary.ts', async (original) => {
  const own = await original<typeof vocabularies>();
  return { ...own, trainVocabulary: vi.fn(own.trainVocabulary) };
});
const training = vi.mocked(vocabularies.trainVocabulary);
// Arrays are written as ever, but where a disk is to fail.
vi.mock('../../../src/main/engine/formats/npy.ts', async (original) => {
  const own = await original<typeof npy>();
  return { ...own, writeNpy: vi.fn(own.writeNpy) };
});
const writing = vi.mocked(npy.writeNpy);

const folder = temporaryFolder();
let made = 0;
const libraries: Library[] = [];
function library(): Library {
  const own = Library.create(`${folder}/library-${(made += 1)}`);
  libraries.push(own);
  return own;
}
afterEach(() => {
  for (const own of libraries.splice(0)) own.close();
  training.mockClear();
});

/** One feature: where it is, and its descriptor as values by place. */
interface Spot {
  readonly x: number;
  readonly y: number;
  readonly descriptor: Readonly<Record<number, number>>;
}
const spot = (x: number, y: number, descriptor: Spot['descriptor']): Spot => ({ x, y, descriptor });

/** A photo whose features lie in the library as its files have them: 'CVF1', their number, frames, descriptors. */
function photo(own: Library, id: number, spots: readonly Spot[]): PhotoRow {
  const hash = id.toString(16).padStart(32, '0');
  const file = own.file('features', '00', `${hash}.sift1`);
  const descriptors = new Uint8Array(128 * spots.length);
  spots.forEach((s, i) => {
    for (const [k, v] of Object.entries(s.descriptor)) descriptors[128 * i + Number(k)] = v;
  });
  const frames = Float32Array.from(spots.flatMap((s) => [s.x, s.y, 2, 0.5]));
  const head = Buffer.from('CVF1\0\0\0\0', 'latin1');
  head.writeUInt32LE(spots.length, 4);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, Buffer.concat([head, new Uint8Array(frames.buffer), descriptors]));
  return { id, hash, width: 640, height: 480, orientation: 1, place: 1 };
}
const many = (n: number, from = 0): Spot[] =>
  Array.from({ length: n }, (_, i) => spot(i, i % 7, { [(from + i) % 128]: 1 + ((from + i) >> 7) }));

interface Heard extends TaskContext {
  readonly said: string[];
}
/** Notes steps and progress, and stops at the check of this number. */
function heard(stopAt = Infinity): Heard {
  const said: string[] = [];
  let checks = 0;
  return {
    ...silentContext(),
    said,
    step: (name, total, unit) => said.push(`${name} ${total} ${unit}`),
    progress: (done) => said.push(String(done)),
    check: () => {
      if ((checks += 1) >= stopAt) throw cancelled();
    },
  };
}

describe('what a vocabulary is trained on', () => {
  const rows = (d: Uint8Array): string[] =>
    Array.from({ length: d.length / 128 }, (_, i) => d.subarray(128 * i, 128 * i + 128).join()).sort();

  it('is all descriptors of photos that have few, by a seed and a wish that are handed on', async () => {
    const own = library();
    const photos = [photo(own, 1, many(9)), photo(own, 2, many(4, 300)), photo(own, 3, [])];
    await BowIndex.prepare(own, { ...DEFAULT_TEACHER, words: 5, seed: 3 }, silentContext(), photos);
    const [descriptors, words, seed] = training.mock.calls[0]!;
    expect([words, seed]).toEqual([5, 3]);
    const expected = [...many(9), ...many(4, 300)].map((s) =>
      Array.from({ length: 128 }, (_, k) => s.descriptor[k] ?? 0).join(),
    );
    expect(rows(descriptors)).toEqual(expected.sort());
  });

  it('is a share of each photo, drawn by the seed, so that all are 300000 at most', async () => {
    const own = library();
    // 300000 / 13 is 23076.9; whoever has more gives that many, and the others what they have.
    const photos = [
      photo(own, 1, many(23_080)),
      ...Array.from({ length: 12 }, (_, i) => photo(own, 2 + i, many(2, 77))),
    ];
    const given: string[][] = [];
    for (const seed of [0, 1]) {
      rmSync(own.file('teacher'), { recursive: true, force: true });
      await BowIndex.prepare(own, { ...DEFAULT_TEACHER, words: 2, seed }, silentContext(), photos);
      const all = training.mock.lastCall![0];
      expect(all.length).toBe(128 * (23_076 + 24));
      given.push(rows(all));
    }
    expect(given[0]).not.toEqual(given[1]);
    // No descriptor is drawn twice: those of the large photo all differ.
    for (const list of given) expect(new Set(list).size).toBeGreaterThanOrEqual(23_076);
  });

  it.each([
    [0, 2, 64],
    [0, 1030, 64],
    [0, 1031, 64],
    [0, 1032, 65],
    [9, 1600, 101],
  ])('is asked for a word to sixteen features, 64 at least: of %i and %i, %i', async (one, other, words) => {
    const own = library();
    await BowIndex.prepare(own, DEFAULT_TEACHER, silentContext(), [
      photo(own, 1, many(one)),
      photo(own, 2, many(other)),
    ]);
    expect(training.mock.lastCall![1]).toBe(words);
  });

  it('is refused below two descriptors', async () => {
    const own = library();
    for (const spots of [[], many(1)])
      await expect(
        BowIndex.prepare(own, DEFAULT_TEACHER, silentContext(), [photo(own, 1, spots)]),
      ).rejects.toMatchObject({
        code: 'STATE_EMPTY',
        message: 'The photos have no local features to make visual words of',
      });
    const two = await BowIndex.prepare(own, DEFAULT_TEACHER, silentContext(), [photo(own, 1, many(2))]);
    expect([two.words, [...two.lists[0]!]]).toEqual([1, [0, 0]]);
  });

  it('leaves out photos that can no longer be read', async () => {
    const own = library();
    const gone: PhotoRow = { id: 9, hash: '9'.repeat(32), width: 1, height: 1, orientation: 1, place: 1 };
    const photos = [photo(own, 1, many(5)), gone, photo(own, 2, many(6))];
    const index = await BowIndex.prepare(own, { ...DEFAULT_TEACHER, words: 2 }, silentContext(), photos);
    expect(index.photos.map((p) => p.id)).toEqual([1, 2]);
    expect(index.lists.map((l) => l.length)).toEqual([5, 6]);
  });

  it('says why, and of which, where none can be read: not that they have no features', async () => {
    const own = library();
    const gone = (id: number): PhotoRow => ({
      id,
      hash: `${id}`.repeat(32),
      width: 1,
      height: 1,
      orientation: 1,
      place: 1,
    });
    await expect(BowIndex.prepare(own, DEFAULT_TEACHER, silentContext(), [gone(8), gone(9)])).rejects.toMatchObject({
      code: 'INPUT_MISSING',
      message: 'None of 2 photos can be read. Of the first: This photo is no longer where it was imported from',
      hint: 'Put the folder back, or import it again from where it is now.',
    });
  });
});

describe('a task that is stopped', () => {
  it('stops at the next photo, while descriptors are read and while words are found', async () => {
    const own = library();
    const photos = Array.from({ length: 5 }, (_, i) => photo(own, i + 1, many(3, 3 * i)));
    const p = { ...DEFAULT_TEACHER, words: 2 };
    for (const at of [1, 5]) {
      await expect(BowIndex.prepare(own, p, heard(at), photos)).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(training).not.toHaveBeenCalled();
    }
    // Five checks while reading, one as the root of the tree is divided, then one a photo.
    const late = heard(9);
    await expect(BowIndex.prepare(own, p, late, photos)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(late.said.slice(late.said.indexOf('Finding visual words 5 photos'))).toEqual([
      'Finding visual words 5 photos',
      '1',
      '2',
    ]);
    expect(existsSync(own.file('teacher', 'words.json'))).toBe(false);
    const whole = heard();
    await BowIndex.prepare(own, p, whole, photos);
    expect(whole.said).toEqual(['Finding visual words 5 photos', '1', '2', '3', '4', '5']);
  });
});

/** A vocabulary of 126 words below one root: the descriptor 200 at place w has word w. */
function literalVocabulary(own: Library): void {
  mkdirSync(own.file('teacher'), { recursive: true });
  const centres = new Float32Array(127 * 128);
  for (let w = 0; w < 126; w += 1) centres[128 * (w + 1) + w] = 200;
  const of = (root: number, leaf: (i: number) => number): number[] => [
    root,
    ...Array.from({ length: 126 }, (_, i) => leaf(i)),
  ];
  const write = (name: string, data: Float32Array | Uint32Array | Int32Array): void =>
    writeNpy(own.file('teacher', `${name}.npy`), data, [data.length]);
  write('centres', centres);
  write('first', Uint32Array.from(of(1, () => 0)));
  write('count', Uint32Array.from(of(126, () => 0)));
  write('word', Int32Array.from(of(-1, (i) => i)));
  writeFileSync(own.file('teacher', 'vocabulary.json'), '{"words":126,"wanted":null}');
}

/** Features of the words `from .. to`, each at a place that belongs to the word, in two dimensions. */
const wall = (from: number, to: number): Spot[] =>
  Array.from({ length: to - from }, (_, i) => {
    const w = from + i;
    return spot(40 * (w % 11), 40 * Math.floor(w / 11) + (w % 3), { [w]: 200 });
  });
/** The same words all about the place, so that no map explains four. */
const torn = (words: readonly number[]): Spot[] =>
  words.map((w, i) => spot(37 * ((i * i * 7 + 3 * w) % 13), 31 * ((i * 5 + w * w) % 17), { [w]: 200 }));

describe('the words of photos', () => {
  it('are kept for every photo, also when one alone is new', async () => {
    const own = library();
    literalVocabulary(own);
    const photos = [photo(own, 1, wall(3, 9)), photo(own, 2, []), photo(own, 3, torn([7, 7, 1]))];
    const kept = (): unknown => [
      JSON.parse(readFileSync(own.file('teacher', 'words.json'), 'utf8')),
      [...readNpy(own.file('teacher', 'word_offsets.npy')).data],
      [...readNpy(own.file('teacher', 'words.npy')).data],
    ];
    const hashes = photos.map((p) => p.hash);
    const first = await BowIndex.prepare(own, DEFAULT_TEACHER, silentContext(), photos.slice(0, 2));
    expect(first.lists.map((l) => [...l])).toEqual([[3, 4, 5, 6, 7, 8], []]);
    expect(first.words).toBe(126);
    expect(kept()).toEqual([{ hashes: hashes.slice(0, 2) }, [0, 6, 6], [3, 4, 5, 6, 7, 8]]);
    const task = heard();
    const all = await BowIndex.prepare(own, DEFAULT_TEACHER, task, photos);
    expect(task.said).toEqual(['Finding visual words 1 photos', '1']);
    expect(all.lists.map((l) => [...l])).toEqual([[3, 4, 5, 6, 7, 8], [], [7, 7, 1]]);
    expect(kept()).toEqual([{ hashes }, [0, 6, 6, 9], [3, 4, 5, 6, 7, 8, 7, 7, 1]]);
    // What is known is read, not found again.
    const again = heard();
    const turned = await BowIndex.prepare(own, DEFAULT_TEACHER, again, photos.toReversed());
    expect(again.said).toEqual([]);
    expect(turned.lists.map((l) => [...l])).toEqual([[7, 7, 1], [], [3, 4, 5, 6, 7, 8]]);
  });

  it('are found anew where the vocabulary is another', async () => {
    const own = library();
    literalVocabulary(own);
    const photos = [photo(own, 1, wall(0, 90)), photo(own, 2, wall(30, 126))];
    await BowIndex.prepare(own, DEFAULT_TEACHER, silentContext(), photos);
    const task = heard();
    const other = await BowIndex.prepare(own, { ...DEFAULT_TEACHER, words: 20 }, task, photos);
    expect(task.said).toContain('Finding visual words 2 photos');
    other.lists.forEach((l, i) => expect(l).toEqual(other.quantise(other.features(i))));
    expect(JSON.parse(readFileSync(own.file('teacher', 'vocabulary.json'), 'utf8'))).toEqual({
      words: other.words,
      wanted: 20,
    });
  });

  it('are not told to be there while they are written anew, should the disk fail', async () => {
    const own = library();
    literalVocabulary(own);
    const photos = [photo(own, 1, wall(3, 9)), photo(own, 2, wall(50, 60))];
    await BowIndex.prepare(own, DEFAULT_TEACHER, silentContext(), photos);
    const about = own.file('teacher', 'words.json');
    expect(existsSync(about)).toBe(true);
    const asEver = writing.getMockImplementation()!;
    const failing = (name: string): void => {
      writing.mockImplementation((path, ...rest) => {
        if (path.endsWith(name)) throw new Error('disk full');
        asEver(path, ...rest);
      });
    };
    try {
      failing('words.npy');
      await expect(
        BowIndex.prepare(own, DEFAULT_TEACHER, silentContext(), [...photos, photo(own, 3, wall(7, 8))]),
      ).rejects.toThrow('disk full');
      expect(existsSync(about)).toBe(false);
      writing.mockImplementation(asEver);
      const again = await BowIndex.prepare(own, DEFAULT_TEACHER, silentContext(), photos);
      expect(again.lists.map((l) => [...l])).toEqual([
        [3, 4, 5, 6, 7, 8],
        [50, 51, 52, 53, 54, 55, 56, 57, 58, 59],
      ]);
      // The same for words of a vocabulary that is replaced.
      failing('centres.npy');
      await expect(BowIndex.prepare(own, { ...DEFAULT_TEACHER, words: 4 }, silentContext(), photos)).rejects.toThrow(
        'disk full',
      );
      expect(existsSync(about)).toBe(false);
    } finally {
      writing.mockImplementation(asEver);
    }
  });

  it('are refused of a tree whose children reach one beyond its end', async () => {
    const own = library();
    literalVocabulary(own);
    const photos = [photo(own, 1, wall(0, 9))];
    writeNpy(
      own.file('teacher', 'first.npy'),
      Uint32Array.from({ length: 127 }, (_, i) => (i === 0 ? 2 : 0)),
      [127],
    );
    await expect(BowIndex.prepare(own, DEFAULT_TEACHER, silentContext(), photos)).rejects.toMatchObject({
      code: 'INPUT_CORRUPT',
      hint: 'Delete the folder teacher of the library; it is made again.',
    });
  });
});

describe('a ranking of photos of known words', async () => {
  const own = library();
  literalVocabulary(own);
  /** How many words of the query each photo shows at its places, and words that agree with nothing. */
  const shown = [
    wall(0, 124),
    wall(0, 101),
    wall(0, 100),
    wall(0, 99),
    wall(0, 12),
    wall(0, 11),
    [...wall(0, 12), ...wall(110, 126)],
    torn([2, 5, 77, 81, 94, 103]),
    torn([124, 125]),
    [],
  ];
  const photos = shown.map((spots, i) => photo(own, i + 1, spots));
  const index = await BowIndex.prepare(own, DEFAULT_TEACHER, silentContext(), photos);
  const words = shown.map((spots) => spots.map((s) => Number(Object.keys(s.descriptor)[0])));
  const idf = Array.from({ length: 126 }, (_, w) => {
    const n = words.filter((l) => l.includes(w)).length;
    return n === 0 ? 0 : Math.log(words.length / n);
  });
  const unit = (v: readonly number[]): number[] => v.map((x) => x / (Math.hypot(...v) || 1));
  const vector = (l: readonly number[]): number[] =>
    unit(idf.map((x, w) => x * Math.sqrt(l.filter((y) => y === w).length)));
  const cosines = (q: readonly number[]): number[] =>
    words.map((l) => vector(l).reduce((sum, x, w) => sum + x * q[w]!, 0));
  const query: Features = index.features(0);
  const asked = words[0]!;
  const agreed = [124, 101, 100, 99, 12, 11, 26, 0, 0, 0];
  const ranked = (scores: readonly number[], inliers: readonly number[]): [number, number, number][] =>
    scores
      .map((s, image): [number, number, number] => [image, inliers[image]!, s + Math.min(inliers[image]!, 100) / 100])
      .sort((a, b) => b[2] - a[2] || a[0] - b[0]);
  const search = (verified: number, expansion: number): [number, number, number][] =>
    index.search(query, Uint32Array.from(asked), { verified, expansion }).map((h) => [h.image, h.inliers, h.score]);
  const close = (got: [number, number, number][], expected: [number, number, number][]): void => {
    expect(got.map((h) => h.slice(0, 2))).toEqual(expected.map((h) => h.slice(0, 2)));
    got.forEach((h, i) => expect(h[2]).toBeCloseTo(expected[i]![2], 5));
  };
  const plain = cosines(vector(asked));

  it('adds a hundredth for every match that one map explains, up to a hundred', () => {
    expect(index.lists.map((l) => [...l])).toEqual(words);
    close(search(100, 0), ranked(plain, agreed));
    // Photos that share no word are not looked at, and stay at nothing.
    expect(search(100, 0).at(-1)).toEqual([9, 0, 0]);
    close(
      search(0, 0),
      ranked(
        plain,
        agreed.map(() => 0),
      ),
    );
  });

  it('verifies as many as are wanted, the best by words', () => {
    const best = plain.map((_, i) => i).sort((a, b) => plain[b]! - plain[a]! || a - b);
    for (const n of [1, 2, 5])
      close(
        search(n, 0),
        ranked(
          plain,
          agreed.map((a, i) => (best.indexOf(i) < n ? a : 0)),
        ),
      );
  });

  it.each([1, 2, 4, 6, 10])(
    'is asked again with the mean of the query and of %i photos, most agreeing first, that agree in twelve at least',
    (expansion) => {
      const sure = [0, 1, 2, 3, 6, 4].slice(0, expansion);
      const sum = [vector(asked), ...sure.map((i) => vector(words[i]!))].reduce((a, b) => a.map((x, w) => x + b[w]!));
      close(search(100, expansion), ranked(cosines(unit(sum)), agreed));
    },
  );

  it('is asked again with none where none agrees in twelve', () => {
    const eleven = Uint32Array.from(asked.slice(0, 11));
    const part = index.features(5);
    const hits = index.search(part, eleven, { verified: 100, expansion: 10 });
    expect(hits).toEqual(index.search(part, eleven, { verified: 100, expansion: 0 }));
    expect(Math.max(...hits.map((h) => h.inliers))).toBe(11);
  });
});

describe('features of photos', () => {
  it('are kept in memory for 256, the oldest given up first', async () => {
    const own = library();
    literalVocabulary(own);
    const photos = Array.from({ length: 258 }, (_, i) => photo(own, i + 1, wall(i % 126, (i % 126) + 1)));
    const index = await BowIndex.prepare(own, DEFAULT_TEACHER, silentContext(), photos);
    const first = Array.from({ length: 256 }, (_, i) => index.features(i));
    expect(first.every((f, i) => index.features(i) === f)).toBe(true);
    index.features(256);
    expect([1, 2, 255].every((i) => index.features(i) === first[i])).toBe(true);
    expect(index.features(0)).not.toBe(first[0]);
    expect(index.features(0)).toEqual(first[0]);
    // That came for image 1.
    expect(index.features(2)).toBe(first[2]);
    expect(index.features(1)).not.toBe(first[1]);
  });

  it('of an asking photo are detected in one thread, which is ended', async () => {
    const close = vi.spyOn(FeatureDetector.prototype, 'close');
    const detect = vi.spyOn(FeatureDetector.prototype, 'detect');
    await expect(describeQuery(Buffer.from('no photo'))).rejects.toMatchObject({ code: 'INPUT_CORRUPT' });
    expect(close).toHaveBeenCalledTimes(1);
    expect((detect.mock.contexts[0] as FeatureDetector).threads).toBe(1);
    vi.restoreAllMocks();
  });
});
