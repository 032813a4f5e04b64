/** Every ranking method on the matrices of a researcher, without a library. */
import { CovisError } from '../../../shared/errors.ts';
import type { JobParams, JobResult } from '../../../shared/jobs/index.ts';
import { reportedParameters } from '../../../shared/methods/parameters.ts';
import { counted } from '../../../shared/counted.ts';
import { readNpy } from '../formats/npy.ts';
import { fileTarget, outsideLibraries } from '../formats/target.ts';
import type { TaskContext } from '../queue/context.ts';
import { readDescriptorFile, type DescriptorFile } from '../retrieval/descriptor-files.ts';
import { rankingParameters } from '../retrieval/methods/parameters.ts';
import { normaliseRows, type Matrix } from '../retrieval/rank.ts';
import { Ranker } from '../retrieval/ranker.ts';
import { rankPlaces, writeRanks } from './rank-places.ts';
import { verifyRanks } from './verify-ranks.ts';

/** A ranking larger than this many numbers is cut to 1,000 a query unless one says how many. */
const FULL_RANKING = 50_000_000;
const CUT = 1000;
const VERIFIED = 100;

/** What is ranked, and where the ranks go. */
export type RankFiles = JobParams<'rank'>;

/** How many of a database are ranked for each query. */
export function ranked(images: number, queries: number, asked: number | undefined): number {
  return Math.min(asked ?? (images * queries <= FULL_RANKING ? images : CUT), images);
}

/**
 * Ranks the rows of a database for each query and writes rows, and scores if asked, as .npy (methods.md 9.3).
 * @throws CovisError `INPUT_*` naming the file, `STATE_CONFLICT` for files that are there without `force`, `CANCELLED`.
 */
export async function rankFiles(o: RankFiles, task: TaskContext): Promise<JobResult<'rank'>> {
  const places = rankPlaces(o);
  const kept = o.keepIndex === true ? fileTarget(`${places.out.replace(/\.npy$/i, '')}.usearch`, {}) : undefined;
  const index = o.index ?? kept;
  if (index !== undefined) outsideLibraries(index);
  const database = await load(o, 'database');
  const queries = await load(o, 'queries');
  const parameters = rankingParameters(o.method, o.ranking, { regional: database.owners !== undefined });
  const ranker = await Ranker.prepare(
    { vectors: database.vectors, owners: database.owners, images: database.images },
    parameters,
    task,
    undefined,
    index,
  );
  try {
    const top = ranked(database.images, queries.images, o.top);
    const began = performance.now();
    let ranks = await ranker.rank(
      { vectors: queries.vectors, owners: queries.owners, count: queries.images },
      top,
      task,
    );
    const ms = performance.now() - began;
    let verified: { photos: number; msPerQuery: number } | undefined;
    if (o.local !== undefined) {
      const start = performance.now();
      const photos = o.verify ?? VERIFIED;
      const names = [namesOf(o, database, 'names'), namesOf(o, queries, 'queryNames')] as const;
      ranks = { ...ranks, ...(await verifyRanks(ranks, ...names, o.local, photos, task)) };
      verified = { photos, msPerQuery: (performance.now() - start) / queries.images };
    }
    const files = writeRanks(places, ranks, queries.images, o);
    const { facts } = ranker;
    return {
      method: o.method,
      parameters: reportedParameters(parameters),
      offlineMs: facts.offlineMs,
      msPerQuery: ms / queries.images,
      nodes: facts.nodes,
      edges: facts.edges,
      queries: queries.images,
      top: ranks.k,
      bytes: facts.bytes,
      ...(facts.eigenResidual === null ? {} : { eigenResidual: facts.eigenResidual }),
      ...(facts.recall === null ? {} : { recallAt10: facts.recall }),
      ...(ranks.outside > 0 ? { rankedByCosine: ranks.outside } : {}),
      ...(verified === undefined ? {} : { verified }),
      database: database.images,
      files: kept === undefined ? files : [...files, kept],
    };
  } finally {
    await ranker.close();
  }
}

/** Reads one side, with its distractors and owners, and normalises it. */
async function load(o: RankFiles, role: 'database' | 'queries'): Promise<DescriptorFile> {
  const file = o[role];
  const variable = o[role === 'database' ? 'variable' : 'queryVariable'];
  const read = await readDescriptorFile(file, variable, role);
  let vectors: Matrix = normaliseRows(read.vectors, role === 'database' ? 'the database' : 'the queries', file);
  let { images } = read;
  let owners = read.owners;
  const ownersFile = o[role === 'database' ? 'owners' : 'queryOwners'];
  if (ownersFile !== undefined) ({ owners, images } = readOwners(ownersFile, vectors.rows));
  const more = role === 'database' ? o.distractors : undefined;
  if (more !== undefined) {
    if (owners !== undefined)
      throw new CovisError('INPUT_INVALID', '--distractors goes with global descriptors, not with regions');
    const extra = await readDescriptorFile(more);
    if (extra.vectors.dim !== vectors.dim)
      throw new CovisError(
        'INPUT_INVALID',
        `The distractors have ${extra.vectors.dim} dimensions and the database ${vectors.dim}`,
        {
          file: more,
          hint: 'Describe both with one network, and whiten both or neither.',
        },
      );
    const behind = normaliseRows(extra.vectors, 'the distractors', more);
    const data = new Float32Array(vectors.data.length + behind.data.length);
    data.set(vectors.data);
    data.set(behind.data, vectors.data.length);
    vectors = { data, rows: vectors.rows + behind.rows, dim: vectors.dim };
    images = vectors.rows;
  }
  return {
    vectors,
    images,
    ...(owners === undefined ? {} : { owners }),
    ...(read.names === undefined ? {} : { names: read.names }),
  };
}

function readOwners(file: string, rows: number): { owners: Uint32Array; images: number } {
  const { shape, data } = readNpy(file);
  if (shape.length !== 1 || shape[0] !== rows)
    throw new CovisError(
      'INPUT_INVALID',
      `There are ${counted(rows, 'row')}, and their owners have the shape (${shape.join(', ')})`,
      { file, hint: 'Owners are one number a row: the image, from 0, that the region is of.' },
    );
  let images = 0;
  for (const v of data) {
    if (!Number.isInteger(v) || v < 0 || v >= rows)
      throw new CovisError('INPUT_INVALID', `The owner ${v} is no image of these rows`, {
        file,
        hint: 'Owners are one number a row: the image, from 0, that the region is of.',
      });
    images = Math.max(images, v + 1);
  }
  return { owners: Uint32Array.from(data), images };
}

function namesOf(o: RankFiles, side: DescriptorFile, key: 'names' | 'queryNames'): readonly string[] | string {
  return o[key] ?? side.names ?? '';
}
