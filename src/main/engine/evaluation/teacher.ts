import { CovisError } from '../../../shared/errors.ts';
import type { TeacherComparison } from '../../../shared/domain.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { ofCurrentPhoto } from '../library/current-photo.ts';
import { FeatureRunner } from '../retrieval/feature-maps.ts';
import { decodeFor } from '../inputs/framing.ts';
import { poolRegions } from '../retrieval/regions.ts';
import { rankingParameters } from '../retrieval/methods/parameters.ts';
import { Ranker } from '../retrieval/ranker.ts';
import type { LoadedSet } from '../retrieval/vector-sets.ts';
import { BowIndex, DEFAULT_TEACHER, type TeacherParameters } from '../teacher/bow-index.ts';
import { judge } from './ground-truth.ts';
import { geometryBenchmark, measureLibrary, recordRanking, type Benchmark } from './library-measure.ts';
import { foundIn } from './measure.ts';

/** What is set beside the student: the teacher plain, with re-ranking, and whole. */
const TEACHERS = [
  { method: 'BoW', verified: 0, expansion: 0 },
  { method: 'BoW+R', verified: DEFAULT_TEACHER.verified, expansion: 0 },
  { method: 'BoW+R+QE', verified: DEFAULT_TEACHER.verified, expansion: DEFAULT_TEACHER.expansion },
] as const;

/** Of descriptors that are no network's, or of regions. */
export function notAStudent(): CovisError {
  return new CovisError('INPUT_INVALID', 'The student is a network with one descriptor a photo', {
    hint: "Choose a network's own descriptors.",
  });
}

/**
 * Teacher against student (methods.md 1.1): BoW, BoW+R, BoW+R+QE beside MAC, GeM and GeM+QE on the geometry's own benchmark, query by
 * query. Every measurement is kept, as those of `covis evaluate` are.
 * @param set descriptors of the student, of whole photos. @throws CovisError `STATE_EMPTY` when no query has a positive, `CANCELLED`.
 */
export async function teacherAgainstStudent(
  library: Library,
  set: LoadedSet,
  protocol: string,
  p: TeacherParameters,
  task: TaskContext,
): Promise<TeacherComparison[]> {
  if (set.owners !== undefined || set.network === undefined || set.size === undefined) throw notAStudent();
  const benchmark = geometryBenchmark(library, set, protocol, p.seed);
  const index = await BowIndex.prepare(library, p, task);
  const out: TeacherComparison[] = [];
  for (const t of TEACHERS) {
    task.step(`Ranking with ${t.method}`, benchmark.truth.queries.length, 'queries');
    const began = performance.now();
    const found = foundByWords(index, set, benchmark, t, task);
    const ms = performance.now() - began;
    const measured = recordRanking(
      library,
      {
        key: 'bow',
        name: `BoW, ${index.words} words`,
        method: t.method,
        parameters: { words: index.words, verified: t.verified, expansion: t.expansion },
        offlineMs: 0,
        msPerQuery: ms / Math.max(1, benchmark.truth.queries.length),
      },
      benchmark,
      found,
    );
    task.changed('measurements');
    out.push({
      method: t.method,
      teacher: true,
      map: measured.map,
      measurement: measured.id,
    });
  }
  const students: [string, LoadedSet, 'cosine' | 'alpha-qe'][] = [
    ['MAC', await macSet(library, set, task), 'cosine'],
    ['GeM', set, 'cosine'],
    ['GeM+QE', set, 'alpha-qe'],
  ];
  for (const [name, own, method] of students) {
    const database = { vectors: own.vectors, owners: undefined, images: own.ids.length };
    const ranker = await Ranker.prepare(database, rankingParameters(method, {}, { rows: own.vectors.rows }), task);
    try {
      const m = await measureLibrary(library, own, ranker, benchmark, task);
      out.push({ method: name, teacher: false, map: m.map, measurement: m.id });
    } finally {
      await ranker.close();
    }
  }
  return out;
}

/** What every query finds among the set's images; photos without features come last. */
function foundByWords(
  index: BowIndex,
  set: LoadedSet,
  b: Benchmark,
  t: { readonly verified: number; readonly expansion: number },
  task: TaskContext,
): number[][] {
  const imageOf = new Map(index.photos.map((p, i) => [p.id, i]));
  const rowOf = new Map(Array.from(set.ids, (id, i) => [id, i]));
  const judged = judge(b.truth, b.judged);
  return b.truth.queries.map((_, q) => {
    task.check();
    const image = imageOf.get(b.photos[q]!);
    const hits = image === undefined ? [] : index.search(index.features(image), index.lists[image]!, t);
    const ids = hits.flatMap((hit) => {
      const row = rowOf.get(index.photos[hit.image]!.id);
      return row !== undefined && b.images[row]! >= 0 ? [b.images[row]!] : [];
    });
    task.progress(q + 1);
    return foundIn({ ids, queries: 1, top: ids.length }, judged, q)[0]!;
  });
}

/** MAC descriptors of the set's photos: the largest value of each channel of the same network's last map (methods.md 1.5). */
async function macSet(library: Library, set: LoadedSet, task: TaskContext): Promise<LoadedSet> {
  const runner = await FeatureRunner.create(library, set.network!);
  try {
    task.step('Describing photos by MAC', set.ids.length, 'photos');
    // As many as the map has channels, which a whitening behind it may have made fewer.
    let dim = 0;
    let data = new Float32Array(0);
    for (const [i, id] of set.ids.entries()) {
      task.check();
      const map = await runner.run(
        await ofCurrentPhoto(library, id, (file) => decodeFor(set.network!.spec, file, set.size!)),
      );
      if (i === 0) {
        dim = map.channels;
        data = new Float32Array(set.ids.length * dim);
      }
      data.set(poolRegions(map, [{ x: 0, y: 0, width: map.width, height: map.height }], 'mac'), i * dim);
      task.progress(i + 1);
    }
    return {
      ...set,
      key: `${set.key}-mac`,
      name: `${set.name}, MAC`,
      vectors: { data, rows: set.ids.length, dim },
    };
  } finally {
    await runner.release();
  }
}
