/** Indices of descriptors beyond memory, from files and to files. */
import { CovisError } from '../../../shared/errors.ts';
import type { JobParams, JobResult } from '../../../shared/jobs/index.ts';
import { SHORTLIST } from '../../../shared/jobs/index-vectors.ts';
import { outsideLibraries } from '../formats/target.ts';
import type { TaskContext } from '../queue/context.ts';
import { readDescriptorFile } from '../retrieval/descriptor-files.ts';
import { diffuseShortlists, truncatedParameters } from '../retrieval/index-diffusion.ts';
import { buildIndexFolder } from '../retrieval/index-folder.ts';
import { IndexPool } from '../retrieval/index-pool.ts';
import { normaliseRows } from '../retrieval/rank.ts';
import { rankPlaces, writeRanks } from './rank-places.ts';

/** Writes an index of the rows of a .npy. @throws CovisError as {@link buildIndexFolder}. */
export function indexFiles(o: JobParams<'index-build'>, task: TaskContext): JobResult<'index-build'> {
  const began = performance.now();
  const built = buildIndexFolder(o.descriptors, outsideLibraries(o.out), o, task);
  return { ...built, seconds: (performance.now() - began) / 1000, out: o.out };
}

/** Ranks the rows of an index for each query of a file. @throws CovisError `INPUT_*` naming the file, `STATE_CONFLICT`, `CANCELLED`. */
export async function searchIndexFiles(
  o: JobParams<'index-search'>,
  task: TaskContext,
): Promise<JobResult<'index-search'>> {
  const diffusing = o.method === 'truncated';
  if (!diffusing && (o.shortlist !== undefined || o.k !== undefined))
    throw new CovisError('INPUT_INVALID', 'The method cosine reads neither a shortlist nor neighbours', {
      hint: 'They are of diffusion: take the method truncated.',
    });
  const p = truncatedParameters({ shortlist: o.shortlist ?? SHORTLIST, k: o.k });
  const places = rankPlaces(o);
  const opening = performance.now();
  const pool = await IndexPool.open(o.index);
  const { index, recallAt10 } = pool;
  const openMs = performance.now() - opening;
  try {
    const mapping = performance.now();
    await pool.mapGraphs();
    const mapMs = performance.now() - mapping;
    const read = await readDescriptorFile(o.queries, undefined, 'queries');
    const queries = normaliseRows(read.vectors, 'the queries', o.queries);
    task.step('Searching', queries.rows, 'queries');
    const began = performance.now();
    const found = diffusing
      ? await diffuseShortlists(pool, queries, o.top, p, task)
      : { ...(await pool.search(queries, o.top, task)), outside: 0 };
    const msPerQuery = (performance.now() - began) / Math.max(1, queries.rows);
    return {
      queries: queries.rows,
      rows: index.rows,
      dim: index.dim,
      shards: index.shards,
      shardsAtOnce: pool.atOnce,
      method: o.method,
      ...(diffusing
        ? { diffusion: { shortlist: Math.min(p.shortlist, index.rows), k: p.k, outside: found.outside } }
        : {}),
      top: found.k,
      openMs,
      mapMs,
      msPerQuery,
      recallAt10,
      files: writeRanks(places, found, queries.rows, o),
    };
  } finally {
    await pool.close();
  }
}
