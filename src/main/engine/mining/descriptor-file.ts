/** Pools mined on the manifold of descriptors of a file, without a library. */
import { defined } from '../../../shared/defined.ts';
import type { ManifoldParameters } from '../../../shared/domain.ts';
import type { JobParams, JobResult } from '../../../shared/jobs/index.ts';
import { writeWhole } from '../formats/beside.ts';
import { fileTarget } from '../formats/target.ts';
import type { TaskContext } from '../queue/context.ts';
import { readDescriptorFile } from '../retrieval/descriptor-files.ts';
import { normaliseRows } from '../retrieval/rank.ts';
import { DEFAULT_MANIFOLD, mineManifold } from './manifold.ts';

/**
 * Mines the descriptors of a file (methods.md 5) and writes the pools, one JSON object a line.
 * @throws CovisError `INPUT_*` naming the file, `STATE_CONFLICT` for an output that is there without `force`, `CANCELLED`.
 */
export async function mineDescriptors(
  o: JobParams<'mine-descriptors'>,
  task: TaskContext,
): Promise<JobResult<'mine-descriptors'>> {
  const out = fileTarget(o.out, o, 'made');
  const read = await readDescriptorFile(o.descriptors, undefined, 'database');
  const vectors = normaliseRows(read.vectors, 'the descriptors', o.descriptors);
  const parameters: ManifoldParameters = { ...DEFAULT_MANIFOLD, ...defined(o.manifold ?? {}) };
  const began = performance.now();
  const mined = await mineManifold(vectors, parameters, task);
  writeWhole(out, mined.pools.map((p) => `${JSON.stringify(p)}\n`).join(''), o);
  return {
    descriptors: vectors.rows,
    edges: mined.edges,
    component: mined.component,
    anchors: mined.anchors,
    pools: mined.pools.length,
    skipped: mined.skipped,
    seconds: (performance.now() - began) / 1000,
    parameters,
    out,
  };
}
