/** Matching photos: features by photos, words and candidates once, pairs by blocks. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { Asked } from '../../../../shared/jobs/planned-works.ts';
import { DEFAULT_NEIGHBOURS, mixedPhotos, takePhotos } from '../../clustering/cluster.ts';
import { candidatePairs, freshPairs, matchPair, matchWriter } from '../../clustering/matches.ts';
import { writeWhole } from '../../formats/beside.ts';
import { narrowed } from '../../library/collection-subset.ts';
import type { Library } from '../../library/library.ts';
import { allPhotos } from '../../library/photos.ts';
import type { TaskContext } from '../../queue/context.ts';
import { BowIndex, DEFAULT_TEACHER, TEACHER_FILES } from '../../teacher/bow-index.ts';
import { Matcher } from '../../teacher/matcher.ts';
import { threads } from '../../environment/threads.ts';
import { MOST_ITEMS, MOST_SHARDS, photoHash } from '../facts.ts';
import { packLibrary } from '../library-pack.ts';
import { readShard, resultFile, resultOf, shardFiles, stageOf, wrongResult, type Plan } from '../folder.ts';
import { inWorkLibrary, PACK } from '../work-library.ts';
import { BundleFile, bytesOf, decodeBundle, encodeBundle, numbersOf } from './bundle.ts';
import { cutFeatures, FEATURES, featuresShard, PlannedFeatures, takeFeatures } from './features.ts';
import { inputsOf } from './planned-photos.ts';
import type { Cut, Outcome, PlanWork, Results } from './work.ts';

export const WORDS = 'words';
export const MATCH = 'match';
/** Pairs of so many photos are matched in some minutes. */
const SUITABLE = 1000;
const PAIRS = 'pairs';

/** What is asked to match the photos of a folder. */
export interface MatchesGiven {
  readonly photos: string;
  readonly neighbours?: number | undefined;
  readonly words?: number | undefined;
  readonly seed?: number | undefined;
  readonly collection?: string | undefined;
}

/** What all shards are told of matching; other kinds of work add theirs. */
export const matchParams = z.object({
  root: z.string().min(1).max(4096),
  neighbours: z.int().min(1).max(100_000),
  words: z.int().min(2).optional(),
  seed: z.int().min(0),
});
const words = z.strictObject({ hashes: z.array(photoHash).min(1).max(10_000_000) });
const block = z.strictObject({ of: z.int().min(1).max(MOST_SHARDS) });
/** Photos of pairs by their place in `hashes`. */
const wordsSaid = z.strictObject({ hashes: z.array(photoHash).max(10_000_000) });
/** Pairs by hash, with how many matches each has and how many of them are confirmed. */
const matchedPair = z.tuple([photoHash, photoHash, z.int().min(0), z.int().min(0)]);
const matchSaid = z.strictObject({ pairs: z.array(matchedPair).max(100_000_000) });

/** The stages up to matched pairs. @param params what else all shards are told. */
export function cutMatches(
  library: Library,
  title: string,
  given: MatchesGiven,
  shards: number | undefined,
  task: TaskContext,
  params: Cut['params'] = {},
): Promise<Cut> {
  return narrowed(library, given.collection, () => {
    const root = resolve(given.photos);
    const photos = mixedPhotos(library, root);
    const features = cutFeatures(library, photos, shards);
    const blocks = Math.min(MOST_SHARDS, shards ?? Math.ceil(photos.length / SUITABLE));
    const own = TEACHER_FILES.filter((f) => existsSync(library.file('teacher', f))).map((f) => `teacher/${f}`);
    return {
      title: `${title} ${root}`,
      params: {
        root,
        neighbours: given.neighbours ?? DEFAULT_NEIGHBOURS,
        ...(given.words === undefined ? {} : { words: given.words }),
        seed: given.seed ?? DEFAULT_TEACHER.seed,
        ...params,
      },
      files: { ...features.files, [PACK]: (to) => packLibrary(library, [], to, task, own) },
      inputs: inputsOf(features.photos),
      stages: [
        ...features.stages,
        {
          name: WORDS,
          after: features.stages.map((s) => s.name),
          shards: [{ content: { hashes: photos.map((p) => p.hash) }, items: Math.min(MOST_ITEMS, photos.length) }],
        },
        {
          name: MATCH,
          after: [WORDS],
          shards: Array.from({ length: blocks }, () => ({ content: { of: blocks }, items: 1 })),
        },
      ],
    };
  });
}

/** Does a shard of one of the stages up to matched pairs. */
export function matchesShard(plan: Plan, stage: string, number: number, task: TaskContext): Promise<Outcome> {
  if (stage === FEATURES) return featuresShard(plan, number, task);
  return stage === WORDS ? wordsShard(plan, number, task) : matchShard(plan, number, task);
}

/** The vocabulary, words of all photos, and pairs to match: one after another, going on from what an earlier task has left. */
async function wordsShard(plan: Plan, number: number, task: TaskContext): Promise<Outcome> {
  const { neighbours, words: count, seed } = matchParams.parse(plan.file.params);
  const { hashes } = readShard(plan, WORDS, number, words);
  const features = PlannedFeatures.open(plan, true);
  try {
    const { value, written } = await inWorkLibrary(plan, WORDS, number, task, async (library) => {
      features.into(library, task);
      const wanted = new Set(hashes);
      const photos = allPhotos(library).filter((p) => wanted.has(p.hash) && features.has(p.hash));
      const index = await BowIndex.prepare(library, { ...DEFAULT_TEACHER, words: count, seed }, task, photos);
      const pairs = freshPairs(library, index.photos, candidatePairs(index, neighbours, task));
      const at = new Map(index.photos.map((p, i) => [p.id, i]));
      const flat = Uint32Array.from(pairs.flatMap(([a, b]) => [at.get(a.id)!, at.get(b.id)!]));
      return {
        done: photos.length,
        bytes: encodeBundle({ hashes: index.photos.map((p) => p.hash) } satisfies z.output<typeof wordsSaid>, [
          [PAIRS, bytesOf(flat)],
          ...TEACHER_FILES.map((f) => [f, readFileSync(library.file('teacher', f))] as const),
        ]),
      };
    });
    return { ...value, written };
  } finally {
    features.close();
  }
}

async function matchShard(plan: Plan, number: number, task: TaskContext): Promise<Outcome> {
  const { of } = readShard(plan, MATCH, number, block);
  const found = BundleFile.open(resultFile(plan, WORDS, 1), wordsSaid);
  const { hashes } = found.said;
  const all = numbersOf(found.read(PAIRS) ?? Buffer.alloc(0));
  found.close();
  const count = all.length / 2;
  const [from, to] = [Math.floor(((number - 1) * count) / of), Math.floor((number * count) / of)];
  task.step('Matching and verifying', to - from, 'pairs');
  const features = PlannedFeatures.open(plan);
  const matcher = await Matcher.create();
  const results: (z.output<typeof matchedPair> | undefined)[] = [];
  const lists: Uint32Array[] = [];
  let [next, done] = [from, 0];
  const one = async (): Promise<void> => {
    while (next < to) {
      const k = next++;
      task.check();
      const [a, b] = [hashes[all[2 * k]!]!, hashes[all[2 * k + 1]!]!];
      const { matches, confirmed } = await matchPair(matcher, features.of(a), features.of(b));
      results[k - from] = [a, b, matches.length / 2, confirmed.length];
      lists[2 * (k - from)] = matches;
      lists[2 * (k - from) + 1] = confirmed;
      task.progress((done += 1));
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(2, threads()) }, one));
  } finally {
    await matcher.release();
    features.close();
  }
  const flat = new Uint32Array(lists.reduce((n, l) => n + l.length, 0));
  let at = 0;
  for (const l of lists) {
    flat.set(l, at);
    at += l.length;
  }
  const said = { pairs: results as z.output<typeof matchSaid>['pairs'] };
  return { bytes: encodeBundle(said, [[PAIRS, bytesOf(flat)]]), done: 1 };
}

/** A block's pairs, the matches of each and those of them that are confirmed. @throws CovisError `INPUT_CORRUPT`. */
function* matchedIn(
  bytes: Buffer,
  file: string,
): Generator<{ a: string; b: string; matches: Uint32Array; confirmed: Uint32Array }> {
  const { said, parts } = decodeBundle(bytes, file, matchSaid);
  const flat = numbersOf(parts.get(PAIRS) ?? Buffer.alloc(0));
  let at = 0;
  for (const [a, b, matches, confirmed] of said.pairs) {
    const [middle, end] = [at + 2 * matches, at + 2 * matches + confirmed];
    const own = { a, b, matches: flat.slice(at, middle), confirmed: flat.slice(middle, end) };
    if (end > flat.length || own.confirmed.some((k) => k >= matches)) throw wrongResult(file, 'has no such matches');
    yield own;
    at = end;
  }
  if (at !== flat.length) throw wrongResult(file, 'has more matches than pairs');
}

/** Writes all pairs of a plan into a library, within a transaction of the caller. @param of a shard's bytes. @returns how many. */
export function writeMatches(library: Library, plan: Plan, of: Results['of'], task: TaskContext): number {
  const { shards } = stageOf(plan, MATCH);
  const ids = new Map(allPhotos(library).map((p) => [p.hash, p.id]));
  const write = matchWriter(library);
  let count = 0;
  task.step('Taking up matches', shards.length, 'shards');
  for (let i = 1; i <= shards.length; i += 1) {
    task.check();
    for (const { a, b, ...found } of matchedIn(of(MATCH, i), shardFiles(plan.folder, MATCH, i).result)) {
      const [x, y] = [ids.get(a), ids.get(b)];
      // A photo that the library has no longer is matched with none.
      if (x === undefined || y === undefined) continue;
      if (x >= y) throw wrongResult(shardFiles(plan.folder, MATCH, i).result, 'has a pair the wrong way round');
      write(x, y, found);
      count += 1;
    }
    task.progress(i);
  }
  return count;
}

/** As {@link writeMatches}, into a library that a shard works in. */
export function matchesInto(library: Library, plan: Plan, task: TaskContext): void {
  library.transaction(() => writeMatches(library, plan, (stage, shard) => resultOf(plan, stage, shard), task));
}

/** What can be computed again is kept for the next run: features, the vocabulary, words. */
export function takeWords(library: Library, plan: Plan, results: Results, task: TaskContext): void {
  takeFeatures(library, plan, results, task);
  const { result } = shardFiles(plan.folder, WORDS, 1);
  const { parts } = decodeBundle(results.of(WORDS, 1), result, wordsSaid);
  const files = TEACHER_FILES.map((f) => [f, parts.get(f) ?? []] as const);
  const lacking = files.find(([, bytes]) => bytes.length === 0);
  if (lacking !== undefined) throw wrongResult(result, `lacks ${lacking[0]}`);
  // What says that the others are whole goes first and comes last.
  for (const [f] of files.filter(([name]) => name.endsWith('.json')))
    rmSync(library.file('teacher', f), { force: true });
  for (const [f, bytes] of files) {
    writeWhole(library.file('teacher', f), Buffer.from(bytes), { force: true, flush: false });
  }
}

function collect(library: Library, plan: Plan, results: Results, task: TaskContext): number {
  takeWords(library, plan, results, task);
  const count = library.transaction(() => {
    const written = writeMatches(library, plan, results.of, task);
    results.also();
    return written;
  });
  task.changed('matches');
  return count;
}

export const matchesPlan: PlanWork<Asked<'matches'>> = {
  work: 'matches',
  resumable: false,
  begin: (library, { photos }, task) => takePhotos(library, resolve(photos), task),
  cut: (library, given, shards, task) => cutMatches(library, 'Match the photos of', given, shards, task),
  shard: matchesShard,
  collect,
};
