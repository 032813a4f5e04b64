/** Indices of descriptors beyond memory, from files and to files. */
import type { JobParams, JobResult } from '../../../shared/jobs/index.ts';
import { outsideLibraries } from '../formats/target.ts';
import type { TaskContext } from '../queue/context.ts';
import { readDescriptorFile } from '../retrieval/descriptor-files.ts';
import { buildIndexFolder, IndexFolder } from '../retrieval/index-folder.ts';
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
  const places = rankPlaces(o);
  const opening = performance.now();
  const { index, recallAt10 } = IndexFolder.open(o.index);
  const openMs = performance.now() - opening;
  try {
    const read = await readDescriptorFile(o.queries, undefined, 'queries');
    const queries = normaliseRows(read.vectors, 'the queries', o.queries);
    task.step('Searching', queries.rows, 'queries');
    const began = performance.now();
    const found = index.search(queries, o.top, task);
    const msPerQuery = (performance.now() - began) / Math.max(1, queries.rows);
    return {
      queries: queries.rows,
      rows: index.rows,
      dim: index.dim,
      shards: index.shards,
      top: found.k,
      openMs,
      msPerQuery,
      recallAt10,
      files: writeRanks(places, found, queries.rows, o),
    };
  } finally {
    index.close();
  }
}
