import { threads } from '../environment/threads.ts';
import type { MatchedPhoto } from '../../../shared/domain.ts';
import { readFeatures } from '../features/store.ts';
import type { Features } from '../features/sift.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { photoByHash, upright, type PhotoRow } from '../library/photos.ts';
import type { BowIndex } from '../teacher/bow-index.ts';
import { bestImages } from '../teacher/inverted-file.ts';
import { Matcher } from '../teacher/matcher.ts';
import { DEFAULT_AFFINE, verifyAffine } from '../teacher/verification.ts';
import { bytes, integer, real, record, select, text } from '../library/rows.ts';

const FEATURES_KEPT = 512;
const COMMIT_EVERY = 32;
/** Scenes have depth, and one affine map explains it only so far. */
const PARALLAX = { ...DEFAULT_AFFINE, threshold: 0.03 };

/** Pairs of images to match: every image with those that its words rank first, each pair once, a < b. */
export function candidatePairs(index: BowIndex, neighbours: number, task: TaskContext): [number, number][] {
  const seen = new Set<number>();
  const out: [number, number][] = [];
  const n = index.photos.length;
  task.step('Ranking by visual words', n, 'photos');
  for (let i = 0; i < n; i += 1) {
    task.check();
    const scores = index.inverted.scores(index.inverted.vector(index.lists[i]!));
    scores[i] = -1;
    for (const j of bestImages(scores, neighbours)) {
      if (!(scores[j]! > 0)) break;
      const [a, b] = i < j ? [i, j] : [j, i];
      if (seen.has(a * n + b)) continue;
      seen.add(a * n + b);
      out.push([a, b]);
    }
    task.progress(i + 1);
  }
  return out;
}

/** Pairs that were not matched before, the photo with the smaller id first. */
export function freshPairs(
  library: Library,
  photos: readonly PhotoRow[],
  pairs: readonly (readonly [number, number])[],
): [PhotoRow, PhotoRow][] {
  const known = select(library.db, 'SELECT 1 FROM photo_match WHERE a = ? AND b = ?', integer);
  return pairs
    .map(([i, j]): [PhotoRow, PhotoRow] =>
      photos[i]!.id < photos[j]!.id ? [photos[i]!, photos[j]!] : [photos[j]!, photos[i]!],
    )
    .filter(([a, b]) => known.get(a.id, b.id) === undefined);
}

/** What matching a pair gives: feature indices [n, 2], none where geometry confirms none, and indices of those that it confirms. */
export interface PairMatches {
  readonly matches: Uint32Array;
  readonly confirmed: Uint32Array;
}

/** Matches two photos and confirms the matches by geometry. */
export async function matchPair(matcher: Matcher, a: Features, b: Features): Promise<PairMatches> {
  const matches = await matcher.match(a, b);
  const { inliers } = verifyAffine(a, b, matches, PARALLAX);
  return { matches: inliers.length > 0 ? matches : new Uint32Array(0), confirmed: inliers };
}

/** Writes pairs into a library, photos by id with the smaller one first. */
export function matchWriter(library: Library): (a: number, b: number, m: PairMatches) => void {
  const insert = library.db.prepare(
    'INSERT OR REPLACE INTO photo_match (a, b, inliers, matches, confirmed) VALUES (?, ?, ?, ?, ?)',
  );
  return (a, b, { matches, confirmed }) =>
    void insert.run(a, b, confirmed.length, bytesOf(matches), bytesOf(confirmed));
}

const bytesOf = (x: Uint32Array): Uint8Array => new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
const numbersOf = (b: Uint8Array): Uint32Array => new Uint32Array(Uint8Array.from(b).buffer);

/**
 * Matches pairs of photos and confirms the matches by geometry; what was tried before is not tried again, and what is done stays when
 * the task is stopped. @returns how many pairs were new.
 */
export async function matchPairs(
  library: Library,
  photos: readonly PhotoRow[],
  pairs: readonly (readonly [number, number])[],
  task: TaskContext,
): Promise<number> {
  const write = matchWriter(library);
  const fresh = freshPairs(library, photos, pairs);
  if (fresh.length === 0) return 0;
  task.step('Matching and verifying', fresh.length, 'pairs');
  const cache = new Map<number, Features>();
  const features = (p: PhotoRow): Features => {
    let f = cache.get(p.id);
    if (f === undefined) {
      f = readFeatures(library, p.hash);
      if (cache.size >= FEATURES_KEPT) cache.delete(cache.keys().next().value!);
      cache.set(p.id, f);
    }
    return f;
  };
  const matcher = await Matcher.create();
  let next = 0;
  let done = 0;
  let rows: [number, number, PairMatches][] = [];
  const flush = (): void => {
    library.transaction(() => rows.forEach((r) => write(...r)));
    rows = [];
  };
  const one = async (): Promise<void> => {
    while (next < fresh.length) {
      const [a, b] = fresh[next++]!;
      task.check();
      const found = await matchPair(matcher, features(a), features(b));
      rows.push([a.id, b.id, found]);
      if (rows.length >= COMMIT_EVERY) flush();
      task.progress((done += 1));
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(2, threads()) }, one));
  } finally {
    if (rows.length > 0) flush();
    await matcher.release();
  }
  return fresh.length;
}

/** One matched pair of photos by their ids. */
export interface StoredMatch {
  readonly a: number;
  readonly b: number;
  readonly inliers: number;
}

/** Pairs of these photos with at least so many confirmed matches. */
export function verifiedPairs(library: Library, photos: ReadonlySet<number>, least: number): StoredMatch[] {
  const rows = select(
    library.db,
    'SELECT a, b, inliers FROM photo_match WHERE inliers >= ? ORDER BY a, b',
    record<StoredMatch>({ a: integer, b: integer, inliers: integer }),
  ).all(least);
  return rows.filter((r) => photos.has(r.a) && photos.has(r.b));
}

/** Matches of a pair: feature indices [n, 2], and indices of those that geometry confirms. */
export function storedMatches(
  library: Library,
  a: number,
  b: number,
): { matches: Uint32Array; confirmed: Uint32Array } | undefined {
  const row = select(
    library.db,
    'SELECT matches, confirmed FROM photo_match WHERE a = ? AND b = ?',
    record({ matches: bytes, confirmed: bytes }),
  ).get(Math.min(a, b), Math.max(a, b));
  return row === undefined ? undefined : { matches: numbersOf(row.matches), confirmed: numbersOf(row.confirmed) };
}

/** Photos that match one, those with most confirmed matches first. @throws CovisError `NOT_FOUND`. */
export function matchedPhotos(library: Library, hash: string): MatchedPhoto[] {
  const photo = photoByHash(library, hash);
  return select(
    library.db,
    `SELECT p.hash AS photo, m.inliers, LENGTH(m.matches) / 8 AS matches, CAST(p.width AS REAL) / p.height AS aspect,
       (SELECT f.name FROM known_file f WHERE f.photo_id = p.id LIMIT 1) AS name
     FROM (SELECT b AS other, inliers, matches FROM photo_match WHERE a = :id UNION ALL
           SELECT a, inliers, matches FROM photo_match WHERE b = :id) m
     JOIN photo p ON p.id = m.other WHERE m.inliers > 0 ORDER BY m.inliers DESC, p.id LIMIT 200`,
    record<MatchedPhoto>({ photo: text, inliers: integer, matches: integer, aspect: real, name: text }),
  ).all({ id: photo.id });
}

/**
 * Matches of two photos for drawing: five float32 each (xA, yA, xB, yB, 1 where confirmed), fractions of the photos as displayed.
 * Empty where they were not matched.
 */
export function drawnMatches(library: Library, hashA: string, hashB: string): Float32Array {
  const [a, b] = [photoByHash(library, hashA), photoByHash(library, hashB)];
  const stored = storedMatches(library, a.id, b.id);
  if (stored === undefined || stored.matches.length === 0) return new Float32Array(0);
  const features = [readFeatures(library, a.hash), readFeatures(library, b.hash)] as const;
  const swapped = a.id > b.id;
  const confirmed = new Set(stored.confirmed);
  const out = new Float32Array((5 * stored.matches.length) / 2);
  const place = (p: PhotoRow, f: Features, i: number): [number, number] => {
    // Frames are of the stored photo; its sides are swapped where it is shown turned.
    const [w, h] = p.orientation >= 5 ? [p.height, p.width] : [p.width, p.height];
    return upright(f.frames[4 * i]! / w, f.frames[4 * i + 1]! / h, p.orientation);
  };
  for (let k = 0; 2 * k < stored.matches.length; k += 1) {
    const [i, j] = [stored.matches[2 * k + (swapped ? 1 : 0)]!, stored.matches[2 * k + (swapped ? 0 : 1)]!];
    out.set([...place(a, features[0], i), ...place(b, features[1], j), confirmed.has(k) ? 1 : 0], 5 * k);
  }
  return out;
}
