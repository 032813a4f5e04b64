/** Ranking the rows of a file for each row of another: neighbours, what diffusion computes beforehand, and rankings, each by blocks of rows. */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { CovisError } from '../../../../shared/errors.ts';
import type { Asked } from '../../../../shared/jobs/planned-works.ts';
import { METHODS, ranking, type GivenParameters, type Method } from '../../../../shared/methods/index.ts';
import { counted } from '../../../../shared/counted.ts';
import { ranked } from '../../evaluation/rank-files.ts';
import { rankPlaces, writeRanks } from '../../evaluation/rank-places.ts';
import { digestOf } from '../../library/hash-file.ts';
import type { Library } from '../../library/library.ts';
import type { TaskContext } from '../../queue/context.ts';
import { readDescriptorFile } from '../../retrieval/descriptor-files.ts';
import { mutualGraph, normaliseGraph } from '../../retrieval/graph.ts';
import { GraphCache } from '../../retrieval/graph-cache.ts';
import { shorter } from '../../retrieval/kept-neighbours.ts';
import { rankingParameters } from '../../retrieval/methods/parameters.ts';
import { exactNeighbours, queryBlock, type Neighbours } from '../../retrieval/neighbours.ts';
import { joinedDiffusion, offlineDiffusion, type OfflineDiffusion } from '../../retrieval/offline.ts';
import { normaliseRows, type Matrix } from '../../retrieval/rank.ts';
import { Ranker } from '../../retrieval/ranker.ts';
import { MOST_ITEMS } from '../facts.ts';
import { readShard, resultOf, shardFiles, stageOf, wrongResult, type Plan } from '../folder.ts';
import { bytesOf, decodeBundle, encodeBundle, floatsOf, numbersOf } from './bundle.ts';
import { parts, shardCount, type Cut, type CutShard, type Outcome, type PlanWork, type Results } from './work.ts';

const NEIGHBOURS = 'neighbours';
const DIFFUSE = 'diffuse';
const RANK = 'rank';
/** Products of rows of one shard where nobody says how many shards: some minutes of two threads at 256 dimensions. */
const SUITABLE = 5e10;

const source = z.strictObject({ file: z.string().min(1).max(4096), sha256: z.string().regex(/^[0-9a-f]{64}$/) });
const place = z.string().min(1).max(4096);
const params = z.strictObject({
  database: source,
  /** Left out where the database asks itself. */
  queries: source.optional(),
  method: z.enum(METHODS),
  ranking: ranking.optional(),
  rows: z.int().min(1),
  asked: z.int().min(1),
  top: z.int().min(1),
  out: place,
  scores: place.optional(),
  force: z.boolean().optional(),
});
type Params = z.output<typeof params>;
const span = z.strictObject({ from: z.int().min(0), to: z.int().min(1) });
/** Of lists: how many of each row; of diffusion: how many rows. */
const listsSaid = z.strictObject({ k: z.int().min(1), rows: z.int().min(1) });

/** A file of descriptors, one a row. @param sha256 what it was when it was planned. @throws CovisError `INPUT_*` naming the file. */
async function vectorsOf(file: string, role: 'database' | 'queries', sha256?: string): Promise<Matrix> {
  if (sha256 !== undefined && digestOf(file) !== sha256)
    throw new CovisError('INPUT_CORRUPT', 'These descriptors are not the ones that were planned', {
      file,
      hint: 'Put the file back, or plan again.',
    });
  const { vectors, owners } = await readDescriptorFile(file, undefined, role);
  if (owners !== undefined)
    throw new CovisError('INPUT_UNSUPPORTED', 'These are regions, several an image, which are ranked on one machine', {
      file,
      hint: 'covis rank ranks them.',
    });
  return normaliseRows(vectors, role === 'database' ? 'the database' : 'the queries', file);
}

const planned = (p: Params, role: 'database' | 'queries'): Promise<Matrix> => {
  const from = role === 'queries' ? (p.queries ?? p.database) : p.database;
  return vectorsOf(from.file, role, from.sha256);
};

/** Rows in parts of whole blocks, so that each is computed in the very block in which it would be with all others. */
function spans(rows: number, block: number, shards: number | undefined, products: number, what: string): CutShard[] {
  const blocks = Array.from({ length: Math.ceil(rows / block) }, (_, b) => b);
  const suitable = Math.max(1, Math.ceil(blocks.length / Math.max(1, products / SUITABLE)));
  const count = shards === undefined ? Math.ceil(blocks.length / suitable) : shardCount(blocks.length, shards, 1, what);
  return Array.from(parts(blocks, count), (some) => {
    const [from, to] = [some[0]! * block, Math.min(rows, (some.at(-1)! + 1) * block)];
    return { content: { from, to }, items: Math.min(MOST_ITEMS, to - from) };
  });
}

async function cut(
  title: string,
  method: Method,
  given: Asked<'neighbours'>,
  told: GivenParameters,
  shards: number | undefined,
): Promise<Cut> {
  const { out, scores } = rankPlaces({ out: given.ranks, withScores: given.withScores, force: given.force });
  const files = [given.database, ...(given.queries === undefined ? [] : [given.queries])].map((f) => resolve(f));
  for (const file of files)
    if (statSync(file, { throwIfNoEntry: false }) === undefined)
      throw new CovisError('INPUT_MISSING', 'This file does not exist', { file, hint: 'Name a file of descriptors.' });
  const [database, queries = database] = [
    await vectorsOf(files[0]!, 'database'),
    files[1] === undefined ? undefined : await vectorsOf(files[1], 'queries'),
  ];
  for (const [i, m] of [database, queries].entries())
    if (m.rows === 0)
      throw new CovisError('STATE_EMPTY', 'There are no descriptors in it', {
        file: files[i] ?? files[0]!,
        hint: 'Give a file with rows.',
      });
  if (queries.dim !== database.dim)
    throw new CovisError(
      'INPUT_INVALID',
      `The queries have ${queries.dim} dimensions and the database has ${database.dim}: they must come from the same network`,
      { file: files[1]!, hint: 'Describe both with one network.' },
    );
  // Refused here rather than by every shard.
  rankingParameters(method, told);
  const { rows } = database;
  const block = queryBlock(rows);
  const sources = files.map((file) => ({ file, sha256: digestOf(file) }));
  const of = (count: number, name: string): CutShard[] =>
    spans(
      count,
      block,
      shards === undefined ? undefined : Math.min(shards, Math.ceil(count / block)),
      count * rows,
      name,
    );
  if (shards !== undefined) shardCount(Math.ceil(queries.rows / block), shards, 1, `blocks of ${block} rows`);
  const stage = (name: string, after: readonly string[], cuts: CutShard[]) => ({ name, after, shards: cuts });
  const graph = method === 'cosine' ? [] : [stage(NEIGHBOURS, [], of(rows, NEIGHBOURS))];
  const beforehand = method === 'offline' ? [stage(DIFFUSE, [NEIGHBOURS], of(rows, DIFFUSE))] : [];
  const before = [...graph, ...beforehand];
  return {
    title: `${title} ${files[0]!}`,
    params: {
      database: sources[0]!,
      ...(sources[1] === undefined ? {} : { queries: sources[1] }),
      method,
      ranking: told,
      rows,
      asked: queries.rows,
      top: ranked(rows, queries.rows, given.top),
      out,
      ...(scores === undefined ? {} : { scores }),
      ...(given.force === undefined ? {} : { force: given.force }),
    } satisfies Params,
    files: {},
    inputs: {
      count: sources.length,
      sha256: createHash('sha256')
        .update(sources.map((s) => s.sha256).join(' '))
        .digest('hex'),
    },
    stages: [
      ...before,
      stage(
        RANK,
        before.map((s) => s.name),
        of(queries.rows, RANK),
      ),
    ],
  };
}

/** The longest lists that the method reads. */
function listLength(p: Params): number {
  const { k = 1, truncation = 1 } = rankingParameters(p.method, p.ranking) as GivenParameters;
  return Math.min(p.rows, Math.max(k, p.method === 'offline' ? truncation : 1));
}

const part = (m: Matrix, from: number, to: number): Matrix => ({
  data: m.data.subarray(from * m.dim, to * m.dim),
  rows: to - from,
  dim: m.dim,
});

const encodeLists = ({ k, ids, scores }: Neighbours, rows: number): Buffer =>
  encodeBundle({ k, rows } satisfies z.output<typeof listsSaid>, [
    ['ids', bytesOf(ids)],
    ['scores', bytesOf(scores)],
  ]);

/** Lists of all rows of a stage, in order. @throws CovisError `INPUT_CORRUPT` where a result is not of its rows. */
function listsOf(
  plan: Plan,
  stage: string,
  of: (shard: number) => Buffer,
  most: number,
): Neighbours & { rows: number } {
  const read = stageOf(plan, stage).shards.map((_, i) => {
    const { result: file } = shardFiles(plan.folder, stage, i + 1);
    const { from, to } = readShard(plan, stage, i + 1, span);
    const { said, parts: own } = decodeBundle(of(i + 1), file, listsSaid);
    const [ids, scores] = [
      numbersOf(own.get('ids') ?? Buffer.alloc(0)),
      floatsOf(own.get('scores') ?? Buffer.alloc(0)),
    ];
    const count = said.rows * said.k;
    if (said.rows !== to - from || ids.length !== count || scores.length !== count || ids.some((id) => id >= most))
      throw wrongResult(file, 'has not the lists of its rows');
    return { ...said, ids, scores };
  });
  const [{ k }] = read as [(typeof read)[0]];
  const rows = read.reduce((n, r) => n + r.rows, 0);
  const out = { k, rows, ids: new Uint32Array(rows * k), scores: new Float32Array(rows * k) };
  let at = 0;
  for (const r of read) {
    if (r.k !== k) throw wrongResult(plan.folder, 'has lists of another length than the others');
    out.ids.set(r.ids, at);
    out.scores.set(r.scores, at);
    at += r.ids.length;
  }
  return out;
}

function diffusionOf(plan: Plan): OfflineDiffusion {
  return joinedDiffusion(
    stageOf(plan, DIFFUSE).shards.map((_, i) => {
      const { result: file } = shardFiles(plan.folder, DIFFUSE, i + 1);
      const { said, parts: own } = decodeBundle(resultOf(plan, DIFFUSE, i + 1), file, listsSaid);
      const { from, to } = readShard(plan, DIFFUSE, i + 1, span);
      const starts = numbersOf(own.get('starts') ?? Buffer.alloc(0));
      const [ids, values] = [
        numbersOf(own.get('ids') ?? Buffer.alloc(0)),
        floatsOf(own.get('values') ?? Buffer.alloc(0)),
      ];
      if (said.rows !== to - from || starts.length !== said.rows + 1 || ids.length !== values.length)
        throw wrongResult(file, 'has not the diffusion of its rows');
      return { nodes: said.rows, starts, ids, values };
    }),
  );
}

const earlier = (plan: Plan, p: Params): Neighbours =>
  listsOf(plan, NEIGHBOURS, (i) => resultOf(plan, NEIGHBOURS, i), p.rows);

async function shard(plan: Plan, stage: string, number: number, task: TaskContext): Promise<Outcome> {
  const p = params.parse(plan.file.params);
  const { from, to } = readShard(plan, stage, number, span);
  const done = Math.min(MOST_ITEMS, to - from);
  if (stage === NEIGHBOURS) {
    const database = await planned(p, 'database');
    task.step('Finding neighbours', to - from, 'descriptors');
    const found = await exactNeighbours(database, part(database, from, to), listLength(p), task);
    return { bytes: encodeLists(found, to - from), done };
  }
  if (stage === DIFFUSE) {
    const o = rankingParameters('offline', p.ranking);
    const lists = earlier(plan, p);
    const s = normaliseGraph(mutualGraph(shorter(lists, Math.min(o.k, p.rows)), o.gamma));
    task.step('Diffusing from descriptors', to - from, 'descriptors');
    const cutTo = shorter(lists, Math.min(o.truncation, p.rows));
    const { starts, ids, values } = offlineDiffusion(s, cutTo, o, task, from, to);
    const said = { k: cutTo.k, rows: to - from };
    return {
      bytes: encodeBundle(said, [
        ['starts', bytesOf(starts)],
        ['ids', bytesOf(ids)],
        ['values', bytesOf(values)],
      ]),
      done,
    };
  }
  const vectors = await planned(p, 'database');
  const queries = part(p.queries === undefined ? vectors : await planned(p, 'queries'), from, to);
  const store = {
    read: (): Neighbours => earlier(plan, p),
    write: (): void => undefined,
    ...(p.method === 'offline' ? { diffused: () => diffusionOf(plan) } : {}),
  };
  const cache = new GraphCache(vectors, p.method === 'cosine' ? undefined : store);
  const database = { vectors, owners: undefined, images: vectors.rows };
  const ranker = await Ranker.prepare(database, rankingParameters(p.method, p.ranking), task, cache);
  try {
    const lists = await ranker.rank({ vectors: queries, count: queries.rows }, p.top, task);
    if (lists.outside > 0)
      task.warn(`${counted(lists.outside, 'row has', 'rows have')} no similar neighbour: ranked by cosine`);
    return { bytes: encodeLists(lists, to - from), done };
  } finally {
    await ranker.close();
  }
}

function collect(library: Library, plan: Plan, results: Results): number {
  const { rows, asked, top, ...p } = params.parse(plan.file.params);
  const lists = listsOf(plan, RANK, (i) => results.of(RANK, i), rows);
  if (lists.rows !== asked || lists.k !== top)
    throw wrongResult(plan.folder, 'has not the rankings that were asked for');
  library.transaction(() => {
    writeRanks({ out: p.out, scores: p.scores }, lists, asked, { force: p.force });
    results.also();
  });
  return asked;
}

export const neighboursPlan: PlanWork<Asked<'neighbours'>> = {
  work: 'neighbours',
  resumable: false,
  cut: (_, given, shards) => cut('Neighbours in', 'cosine', given, {}, shards),
  shard,
  collect,
};

export const diffusionPlan: PlanWork<Asked<'diffusion'>> = {
  work: 'diffusion',
  resumable: false,
  cut: (_, { database, queries, ranks, withScores, top, force, method, ...told }, shards) =>
    cut('Diffusion in', method, { database, queries, ranks, withScores, top, force }, told, shards),
  shard,
  collect,
};
