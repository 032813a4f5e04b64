import { mkdirSync, rmSync } from 'node:fs';
import { z } from 'zod';
import { counted } from '../../../shared/counted.ts';
import { CovisError } from '../../../shared/errors.ts';
import { FeatureDetector } from '../features/detect.ts';
import { DESCRIPTOR_BYTES, type Features } from '../features/sift.ts';
import { extractFeatures, hasFeatures, readFeatures } from '../features/store.ts';
import { writeWhole } from '../formats/beside.ts';
import { readNpy, writeNpy } from '../formats/npy.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { ownJson } from '../library/own-json.ts';
import { presentPhotos, type PhotoRow } from '../library/photos.ts';
import { random } from '../library/random.ts';
import { bestImages, InvertedFile, type WordVector } from './inverted-file.ts';
import { Quantiser, trainVocabulary, type Vocabulary } from './vocabulary.ts';
import { matchByWords, verifyAffine, type Matches, type Verified } from './verification.ts';

export interface TeacherParameters {
  /** Visual words wanted; one for every sixteenth feature where left out. */
  readonly words?: number | undefined;
  readonly seed: number;
  /** Photos of a ranking that are verified (R); 0 for none. */
  readonly verified: number;
  /** Verified photos that expand the query (QE); 0 for none. */
  readonly expansion: number;
}

export const DEFAULT_TEACHER: TeacherParameters = { seed: 0, verified: 100, expansion: 10 };

/** Descriptors that a vocabulary is trained on, at most. */
const TRAINING_DESCRIPTORS = 300_000;
const FEATURES_PER_WORD = 16;
const FEWEST_WORDS = 64;
const MOST_WORDS = 1 << 20;
/** Agreeing matches that weigh as much as a cosine of 1. More do not count more. */
const FULL_EVIDENCE = 100;
/** Photos with so many expand a query: more than chance gives. */
const EXPANDING_INLIERS = 12;
const FEATURES_KEPT = 256;

/** One photo of a ranking. */
export interface BowHit {
  readonly image: number;
  /** Cosine of tf-idf vectors, plus a hundredth for every match that geometry confirms, up to 1. */
  readonly score: number;
  readonly inliers: number;
}

const file = (library: Library, name: string): string => library.file('teacher', name);
const PARTS = ['centres', 'first', 'count', 'word'] as const;
/** Files of the vocabulary and of the photos' words, in the order in which they are written: what says of others that they are whole comes last. */
export const TEACHER_FILES = [
  ...PARTS.map((p) => `${p}.npy`),
  'vocabulary.json',
  'word_offsets.npy',
  'words.npy',
  'words.json',
];

function storeVocabulary(library: Library, v: Vocabulary, wanted: number | undefined): void {
  mkdirSync(library.file('teacher'), { recursive: true });
  rmSync(file(library, 'words.json'), { force: true });
  writeNpy(file(library, 'centres.npy'), v.centres, [v.first.length, DESCRIPTOR_BYTES]);
  writeNpy(file(library, 'first.npy'), v.first, [v.first.length]);
  writeNpy(file(library, 'count.npy'), v.count, [v.count.length]);
  writeNpy(file(library, 'word.npy'), v.word, [v.word.length]);
  writeJson(file(library, 'vocabulary.json'), { words: v.words, wanted: wanted ?? null });
}

const vocabularyFacts = z.object({ words: z.int().min(1), wanted: z.int().nullable() });
const wordsFacts = z.object({ hashes: z.array(z.string()) });

function writeJson(path: string, value: unknown): void {
  writeWhole(path, JSON.stringify(value), { force: true, flush: false });
}

/** The library's vocabulary; undefined where there is none, or one for another wish. @throws `INPUT_CORRUPT`. */
function loadVocabulary(library: Library, wanted: number | undefined): Vocabulary | undefined {
  const about = file(library, 'vocabulary.json');
  const facts = ownJson(about, vocabularyFacts);
  if (facts === undefined || (wanted !== undefined && facts.wanted !== wanted)) return undefined;
  const [centres, first, count, word] = PARTS.map((p) => readNpy(file(library, `${p}.npy`)).data) as [
    Float32Array,
    Uint32Array,
    Uint32Array,
    Int32Array,
  ];
  const nodes = first.length;
  const whole = Array.from(first).every((f, i) => f + count[i]! <= nodes && (count[i] === 0 || f > i));
  if (centres.length !== nodes * DESCRIPTOR_BYTES || count.length !== nodes || word.length !== nodes || !whole)
    throw new CovisError('INPUT_CORRUPT', 'The vocabulary is damaged', {
      file: about,
      hint: 'Delete the folder teacher of the library; it is made again.',
    });
  return { centres, first, count, word, words: facts.words };
}

function train(library: Library, photos: readonly PhotoRow[], p: TeacherParameters, task: TaskContext): Vocabulary {
  // Whole photos in an order drawn by the seed, as many descriptors of each as keep the sum within bounds.
  const each = Math.max(1, Math.floor(TRAINING_DESCRIPTORS / photos.length));
  const r = random(p.seed);
  const parts: Uint8Array[] = [];
  let features = 0;
  for (const photo of photos) {
    task.check();
    const f = readFeatures(library, photo.hash);
    features += f.count;
    const order = r.shuffled(Array.from({ length: f.count }, (_, i) => i)).slice(0, each);
    const own = new Uint8Array(order.length * DESCRIPTOR_BYTES);
    order.forEach((i, k) =>
      own.set(f.descriptors.subarray(i * DESCRIPTOR_BYTES, (i + 1) * DESCRIPTOR_BYTES), k * DESCRIPTOR_BYTES),
    );
    parts.push(own);
  }
  const all = new Uint8Array(parts.reduce((n, x) => n + x.length, 0));
  let at = 0;
  for (const x of parts) {
    all.set(x, at);
    at += x.length;
  }
  if (all.length < 2 * DESCRIPTOR_BYTES)
    throw new CovisError('STATE_EMPTY', 'The photos have no local features to make visual words of', {
      hint: 'Import photos with some texture first.',
    });
  const words = p.words ?? Math.max(FEWEST_WORDS, Math.min(MOST_WORDS, Math.round(features / FEATURES_PER_WORD)));
  return trainVocabulary(all, words, p.seed, task);
}

/** Words of the photos, kept in the library; those that are new are computed. */
function wordLists(
  library: Library,
  photos: readonly PhotoRow[],
  quantiser: Quantiser,
  task: TaskContext,
): { lists: Uint32Array[]; computed: number } {
  const known = new Map<string, Uint32Array>();
  const about = file(library, 'words.json');
  const had = ownJson(about, wordsFacts);
  if (had !== undefined) {
    const { hashes } = had;
    const offsets = readNpy(file(library, 'word_offsets.npy')).data;
    const words = readNpy(file(library, 'words.npy')).data as Uint32Array;
    if (offsets.length === hashes.length + 1)
      hashes.forEach((h, i) => known.set(h, words.subarray(offsets[i], offsets[i + 1])));
  }
  const fresh = photos.filter((p) => !known.has(p.hash));
  if (fresh.length > 0) task.step('Finding visual words', fresh.length, 'photos');
  fresh.forEach((p, i) => {
    task.check();
    known.set(p.hash, quantiser.words(readFeatures(library, p.hash).descriptors));
    task.progress(i + 1);
  });
  const lists = photos.map((p) => known.get(p.hash)!);
  if (fresh.length > 0 || known.size !== photos.length) {
    const offsets = new Uint32Array(lists.length + 1);
    lists.forEach((l, i) => (offsets[i + 1] = offsets[i]! + l.length));
    const words = new Uint32Array(offsets[lists.length]!);
    lists.forEach((l, i) => words.set(l, offsets[i]));
    rmSync(about, { force: true });
    writeNpy(file(library, 'word_offsets.npy'), offsets, [offsets.length]);
    writeNpy(file(library, 'words.npy'), words, [words.length]);
    writeJson(about, { hashes: photos.map((p) => p.hash) });
  }
  return { lists, computed: fresh.length };
}

/**
 * The teacher of the talk: bag of visual words with spatial verification and query expansion, BoW+R+QE (methods.md 1.1). Image i is the
 * photo `photos[i]`. Photos that came since the vocabulary was trained are quantised with it.
 */
export class BowIndex {
  readonly photos: readonly PhotoRow[];
  readonly inverted: InvertedFile;
  readonly lists: readonly Uint32Array[];
  readonly #library: Library;
  readonly #quantiser: Quantiser;
  readonly #features = new Map<number, Features>();

  private constructor(
    library: Library,
    photos: readonly PhotoRow[],
    lists: readonly Uint32Array[],
    quantiser: Quantiser,
  ) {
    this.#library = library;
    this.photos = photos;
    this.lists = lists;
    this.#quantiser = quantiser;
    const offsets = new Uint32Array(lists.length + 1);
    lists.forEach((l, i) => (offsets[i + 1] = offsets[i]! + l.length));
    const words = new Uint32Array(offsets[lists.length]!);
    lists.forEach((l, i) => words.set(l, offsets[i]));
    this.inverted = new InvertedFile({ offsets, words }, quantiser.vocabulary.words);
  }

  /**
   * Computes what is missing: features of all photos, the vocabulary, their words. What is there is kept, so that it resumes.
   * @param wanted photos that shall be in it; all of the library when left out.
   * @throws CovisError `STATE_EMPTY` without photos or features, `INPUT_*` where none of the photos can be read, `CANCELLED`.
   */
  static async prepare(
    library: Library,
    p: TeacherParameters,
    task: TaskContext,
    wanted: readonly PhotoRow[] = presentPhotos(library),
  ): Promise<BowIndex> {
    if (wanted.length === 0)
      throw new CovisError('STATE_EMPTY', 'The library has no photos', { hint: 'Import some first.' });
    const { failed } = await extractFeatures(library, wanted, task);
    const photos = wanted.filter((x) => !failed.has(x.id) && hasFeatures(library, x.hash));
    const [why] = failed.values();
    if (photos.length === 0 && why !== undefined)
      throw new CovisError(
        why.code,
        `None of ${counted(wanted.length, 'photo')} can be read. Of the first: ${why.message}`,
        {
          ...(why.file === undefined ? {} : { file: why.file }),
          ...(why.hint === undefined ? {} : { hint: why.hint }),
        },
      );
    let vocabulary = loadVocabulary(library, p.words);
    if (vocabulary === undefined) {
      vocabulary = train(library, photos, p, task);
      storeVocabulary(library, vocabulary, p.words);
    }
    const quantiser = new Quantiser(vocabulary);
    const { lists } = wordLists(library, photos, quantiser, task);
    return new BowIndex(library, photos, lists, quantiser);
  }

  get words(): number {
    return this.#quantiser.vocabulary.words;
  }

  features(image: number): Features {
    let f = this.#features.get(image);
    if (f === undefined) {
      f = readFeatures(this.#library, this.photos[image]!.hash);
      if (this.#features.size >= FEATURES_KEPT) this.#features.delete(this.#features.keys().next().value!);
      this.#features.set(image, f);
    }
    return f;
  }

  quantise(f: Features): Uint32Array {
    return this.#quantiser.words(f.descriptors);
  }

  /** Matches by words between an asking photo and an image, and which of them one affine map explains. */
  verify(f: Features, words: Uint32Array, image: number): { matches: Matches; verified: Verified } {
    const other = this.features(image);
    const matches = matchByWords(f, words, other, this.lists[image]!);
    return { matches, verified: verifyAffine(f, other, matches) };
  }

  /** Ranks all images: by tf-idf, then with what geometry confirms added (R), then
   * once more with verified photos added to the query (QE).
   *
   * Evidence adds up instead of putting verified photos first: a handful of agreeing matches is what chance gives, and on rough
   * textures putting them first loses more than it wins (ARCHITECTURE.md).
   */
  search(f: Features, words: Uint32Array, p: Pick<TeacherParameters, 'verified' | 'expansion'>): BowHit[] {
    const vector = this.inverted.vector(words);
    let scores = this.inverted.scores(vector);
    const inliers = new Map<number, number>();
    const check = (): void => {
      for (const image of bestImages(scores, p.verified)) {
        if (scores[image] === 0 || inliers.has(image)) continue;
        inliers.set(image, this.verify(f, words, image).verified.inliers.length);
      }
    };
    check();
    if (p.expansion > 0) {
      const sure = [...inliers].filter(([, n]) => n >= EXPANDING_INLIERS).sort((a, b) => b[1] - a[1] || a[0] - b[0]);
      if (sure.length > 0) {
        const vectors: WordVector[] = sure.slice(0, p.expansion).map(([i]) => this.inverted.vector(this.lists[i]!));
        scores = this.inverted.scores(this.inverted.mean([vector, ...vectors]));
        check();
      }
    }
    const hits = Array.from(scores, (score, image): BowHit => {
      const n = inliers.get(image) ?? 0;
      return { image, inliers: n, score: score + Math.min(n, FULL_EVIDENCE) / FULL_EVIDENCE };
    });
    return hits.sort((a, b) => b.score - a.score || a.image - b.image);
  }
}

/** Features of a photo that need not be in the library, those inside a box as displayed where there is one. */
export async function describeQuery(source: string | Uint8Array): Promise<Features> {
  const detector = new FeatureDetector(undefined, 1);
  try {
    return await detector.detect(source);
  } finally {
    await detector.close();
  }
}

/** The features whose position `inside` accepts. */
export function featuresWithin(f: Features, inside: (x: number, y: number) => boolean): Features {
  const kept = Array.from({ length: f.count }, (_, i) => i).filter((i) =>
    inside(f.frames[4 * i]!, f.frames[4 * i + 1]!),
  );
  const frames = new Float32Array(4 * kept.length);
  const descriptors = new Uint8Array(DESCRIPTOR_BYTES * kept.length);
  kept.forEach((i, k) => {
    frames.set(f.frames.subarray(4 * i, 4 * i + 4), 4 * k);
    descriptors.set(f.descriptors.subarray(DESCRIPTOR_BYTES * i, DESCRIPTOR_BYTES * (i + 1)), DESCRIPTOR_BYTES * k);
  });
  return { count: kept.length, frames, descriptors };
}
