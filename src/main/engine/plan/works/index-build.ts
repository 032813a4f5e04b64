/** An index of descriptors beyond memory: a shard of the index is a shard of the plan. */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { CovisError } from '../../../../shared/errors.ts';
import type { Asked } from '../../../../shared/jobs/planned-works.ts';
import { NpyRows } from '../../formats/npy-rows.ts';
import { outsideLibraries } from '../../formats/target.ts';
import { digestOf } from '../../library/hash-file.ts';
import type { Library } from '../../library/library.ts';
import type { TaskContext } from '../../queue/context.ts';
import { buildIndexFolder, indexShape, refuseIndex, saveGraph } from '../../retrieval/index-folder.ts';
import { MOST_RESULT, readShard, shardFiles, stageOf, type Plan } from '../folder.ts';
import type { Cut, Outcome, PlanWork, Results } from './work.ts';

const STAGE = 'index';
/** Of a row in a graph beside its vector in half precision, with room to spare. */
const LINKS = 320;
/** Rows that are added at the same moment do not link to each other: by one thread a graph is the same every time. */
const ONE_THREAD = 1;

const place = z.string().min(1).max(4096);
const params = z.strictObject({
  descriptors: place,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  into: place,
  shardRows: z.int().min(1000).max(10_000_000),
  force: z.boolean().optional(),
});
const span = z.strictObject({ from: z.int().min(0), to: z.int().min(1) });

function cut(_library: Library, { descriptors, into, shardRows, force }: Asked<'index'>): Promise<Cut> {
  const file = resolve(descriptors);
  const out = outsideLibraries(into);
  refuseIndex(out, { force });
  const source = new NpyRows(file);
  try {
    const { rows, dim, shards } = indexShape(source, shardRows);
    const bytes = Math.min(rows, shardRows) * (2 * dim + LINKS);
    if (bytes > MOST_RESULT)
      throw new CovisError('INPUT_INVALID', `The graph of ${shardRows} rows of ${dim} dimensions has more than 4 GB`, {
        file,
        hint: `Take fewer rows for a shard: --shard-rows ${Math.floor(MOST_RESULT / (2 * dim + LINKS) / 1000) * 1000}.`,
      });
    const sha256 = digestOf(file);
    return Promise.resolve({
      title: `Index ${file}`,
      params: { descriptors: file, sha256, into: out, shardRows, ...(force === undefined ? {} : { force }) },
      files: {},
      inputs: { count: 1, sha256 },
      stages: [
        {
          name: STAGE,
          after: [],
          shards: Array.from({ length: shards }, (_, i) => {
            const [from, to] = [i * shardRows, Math.min(rows, (i + 1) * shardRows)];
            return { content: { from, to }, items: to - from };
          }),
        },
      ],
    });
  } finally {
    source.close();
  }
}

/** The descriptors as they were planned. @throws CovisError `INPUT_CORRUPT` where they are others by now. */
function planned({ descriptors, sha256 }: z.output<typeof params>): string {
  if (statSync(descriptors, { throwIfNoEntry: false }) === undefined || digestOf(descriptors) !== sha256)
    throw new CovisError('INPUT_CORRUPT', 'These descriptors are not the ones that were planned', {
      file: descriptors,
      hint: 'Put the file back, or plan again.',
    });
  return descriptors;
}

function shard(plan: Plan, stage: string, number: number, task: TaskContext): Promise<Outcome> {
  const p = params.parse(plan.file.params);
  const { from, to } = readShard(plan, stage, number, span);
  const source = new NpyRows(planned(p));
  const path = `${shardFiles(plan.folder, stage, number).work}.${process.pid}.usearch`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    task.step('Building the index', to, 'descriptors');
    saveGraph(source, [from, to], path, task, ONE_THREAD);
    return Promise.resolve({ bytes: readFileSync(path), done: to - from });
  } finally {
    source.close();
    rmSync(path, { force: true });
  }
}

function collect(library: Library, plan: Plan, results: Results, task: TaskContext): number {
  const p = params.parse(plan.file.params);
  const file = planned(p);
  const graph = (i: number, path: string): void => writeFileSync(path, results.of(STAGE, i + 1));
  library.transaction(() => {
    buildIndexFolder(file, outsideLibraries(p.into), { shardRows: p.shardRows, force: p.force, graph }, task);
    results.also();
  });
  return stageOf(plan, STAGE).shards.reduce((n, s) => n + s.items, 0);
}

export const indexPlan: PlanWork<Asked<'index'>> = {
  work: 'index',
  resumable: false,
  cut: (library, given) => cut(library, given),
  shard: async (...asked) => shard(...asked),
  collect,
};
