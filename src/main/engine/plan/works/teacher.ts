/** Teacher against student: local features by photos, and everything else one after another in one shard. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { teacherAgainstStudent } from '../../evaluation/teacher.ts';
import { narrowed } from '../../library/collection-subset.ts';
import { now, type Library } from '../../library/library.ts';
import { presentPhotos } from '../../library/photos.ts';
import { integer, json, list, real, select, text } from '../../library/rows.ts';
import { networkRow, type NetworkRow } from '../../network/networks.ts';
import type { TaskContext } from '../../queue/context.ts';
import { extract } from '../../retrieval/extract.ts';
import { networkSet } from '../../retrieval/vector-sets.ts';
import { DEFAULT_TEACHER, TEACHER_FILES } from '../../teacher/bow-index.ts';
import { readShard, shardFiles, wrongResult, type Plan } from '../folder.ts';
import { packLibrary } from '../library-pack.ts';
import { inWorkLibrary, PACK } from '../work-library.ts';
import { decodeBundle, encodeBundle } from './bundle.ts';
import { cutFeatures, FEATURES, featuresShard, PlannedFeatures, takeFeatures } from './features.ts';
import { inputsOf } from './planned-photos.ts';
import type { Cut, Outcome, PlanWork, Results } from './work.ts';

const COMPARE = 'compare';
/** BoW, BoW+R, BoW+R+QE, MAC, GeM, GeM+QE. */
const METHODS = 6;
/** Columns of a measurement that are the same whenever it is made; the facts stand behind them. */
const COLUMNS = ['set_key', 'set_name', 'method', 'parameters', 'truth', 'protocol', 'map', 'low', 'high', 'queries'];
const CELLS = [text, text, text, text, text, text, real, real, real, integer] as const;

/** What is asked for; descriptors of the student are those of a network at a size. */
export interface TeacherGiven {
  readonly network: NetworkRow;
  readonly size: number;
  readonly seed?: number | undefined;
  readonly words?: number | undefined;
  readonly collection?: string | undefined;
  readonly protocol: string;
}

const params = z.strictObject({
  network: z.string().regex(/^[0-9a-f]{16}$/),
  size: z.int().min(1).max(16_384),
  seed: z.int().min(0),
  words: z.int().min(2).optional(),
  collection: z.string().max(4096).optional(),
  protocol: z.enum(['sfm-easy', 'sfm-medium', 'sfm']),
});
const facts = z.looseObject({ msPerQuery: z.number(), offlineMs: z.number() });
const cell = z.union([z.string(), z.number()]);
const said = z.strictObject({
  rows: z.array(z.strictObject({ cells: z.array(cell).length(COLUMNS.length), facts })).length(METHODS),
});

function cut(library: Library, given: TeacherGiven, shards: number | undefined, task: TaskContext): Promise<Cut> {
  return narrowed(library, given.collection, () => {
    const { network, size, seed, words, collection, protocol } = given;
    const features = cutFeatures(library, presentPhotos(library), shards);
    const own = [
      ...TEACHER_FILES.map((f) => `teacher/${f}`),
      `descriptors/${network.uid}-${size}.npy`,
      `descriptors/${network.uid}-${size}.ids.npy`,
    ].filter((f) => existsSync(join(library.path, f)));
    return {
      title: `Teacher against ${network.spec.name}`,
      params: {
        network: network.uid,
        size,
        seed: seed ?? 0,
        ...(words === undefined ? {} : { words }),
        ...(collection === undefined ? {} : { collection }),
        protocol,
      },
      files: { ...features.files, [PACK]: (to) => packLibrary(library, [network.uid], to, task, own) },
      inputs: inputsOf(features.photos),
      stages: [
        ...features.stages,
        { name: COMPARE, after: features.stages.map((s) => s.name), shards: [{ content: {}, items: METHODS }] },
      ],
    };
  });
}

async function shard(plan: Plan, stage: string, number: number, task: TaskContext): Promise<Outcome> {
  if (stage === FEATURES) return featuresShard(plan, number, task);
  const p = params.parse(plan.file.params);
  readShard(plan, stage, number, z.strictObject({}));
  const { value, written } = await inWorkLibrary(plan, stage, number, task, (library) =>
    narrowed(library, p.collection, async () => {
      const features = PlannedFeatures.open(plan, true);
      try {
        features.into(library, task);
      } finally {
        features.close();
      }
      const network = networkRow(library, p.network);
      await extract(library, network, p.size, task);
      const teacher = { ...DEFAULT_TEACHER, ...(p.words === undefined ? {} : { words: p.words }), seed: p.seed };
      const set = networkSet(library, network, p.size);
      const compared = await teacherAgainstStudent(library, set, p.protocol, teacher, task);
      const row = select(
        library.db,
        `SELECT ${COLUMNS.join(', ')}, facts FROM measurement WHERE id = ?`,
        list(...CELLS, json(facts)),
      );
      return compared.map((c) => row.one(c.measurement));
    }),
  );
  const rows = value.map((r) => {
    const own = r.at(-1) as z.output<typeof facts>;
    return { cells: r.slice(0, -1) as z.output<typeof cell>[], facts: { ...own, msPerQuery: 0, offlineMs: 0 } };
  });
  // How fast it was is no part of what came of it.
  const times = value.flatMap((r) => {
    const { msPerQuery, offlineMs } = r.at(-1) as z.output<typeof facts>;
    return [msPerQuery / 1000, offlineMs / 1000];
  });
  return { bytes: encodeBundle({ rows }, []), done: METHODS, times, written };
}

function collect(library: Library, plan: Plan, results: Results, task: TaskContext): number {
  takeFeatures(library, plan, results, task);
  const { result } = shardFiles(plan.folder, COMPARE, 1);
  const { rows } = decodeBundle(results.of(COMPARE, 1), result, said).said;
  const { times = [] } = results.said(COMPARE, 1);
  const insert = library.db.prepare(
    `INSERT INTO measurement (created, ${COLUMNS.join(', ')}, facts) VALUES (?, ${COLUMNS.map(() => '?').join(', ')}, ?)`,
  );
  library.transaction(() => {
    for (const [i, { cells, facts: own }] of rows.entries()) {
      if (cells.some((c, k) => typeof c !== (k < 6 ? 'string' : 'number')))
        throw wrongResult(result, 'has measurements that are none');
      const [msPerQuery, offlineMs] = [1000 * (times[2 * i] ?? 0), 1000 * (times[2 * i + 1] ?? 0)];
      insert.run(now(), ...cells, JSON.stringify({ ...own, msPerQuery, offlineMs }));
    }
    results.also();
  });
  task.changed('measurements');
  return rows.length;
}

export const teacherPlan: PlanWork<TeacherGiven> = { work: 'teacher', resumable: true, cut, shard, collect };
