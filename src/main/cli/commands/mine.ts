/** `covis mine`: tuples from geometry or on the manifold, of a library or of raw descriptors. */
import { counted } from '../../../shared/counted.ts';
import { z } from 'zod';
import { defined } from '../../../shared/defined.ts';
import { CovisError } from '../../../shared/errors.ts';
import { fileTarget } from '../../engine/formats/target.ts';
import { file, folder, force, manifold } from '../../../shared/fields.ts';
import { saidBy } from '../../../shared/jobs/job.ts';
import { mineDescriptorsJob } from '../../../shared/jobs/mine-descriptors.ts';
import { mineJob } from '../../../shared/jobs/mine.ts';
import { mineDescriptors } from '../../engine/mining/descriptor-file.ts';
import { writeTupleLines } from '../../engine/exchange/exports/jsonl.ts';
import { command, type Asked } from '../program/command.ts';
import { runJob } from '../program/job.ts';
import { withLibrary } from '../program/library.ts';
import { print, terminalContext } from '../program/output.ts';
import { refuseTogether } from '../program/together.ts';

const words = { library: folder.optional() };
const options = {
  strategy: z.enum(['geometry', 'manifold']).default('geometry').meta({ help: 'manifold needs no 3D model' }),
  ...mineJob.params.shape,
  descriptors: file.optional().meta({ help: 'mine raw descriptors instead of a library: .npy, .mat, .h5 (manifold)' }),
  out: file.optional().meta({ help: 'also write the tuples or pools, one JSON object a line' }),
  force,
};
type Given = Asked<typeof words, typeof options>;

export const mine = command({
  name: 'mine',
  summary: 'mine training tuples from the geometry of a library, or on the manifold of descriptors',
  arguments: words,
  options,
  run: async (o) => {
    if (o.out === undefined) refuseTogether(o, ['force'], 'goes with --out');
    if (o.strategy === 'geometry') refuseTogether({ ...o.manifold, set: o.set }, MANIFOLD, 'is of --strategy manifold');
    else refuseTogether(o.mining ?? {}, MINING, 'is of mining by geometry');
    if (o.descriptors !== undefined) return mineRaw(o, o.descriptors);
    if (o.library === undefined)
      throw new CovisError('INPUT_INVALID', 'Say what to mine: a library, or --descriptors with a file', {
        hint: 'covis mine LIBRARY, or covis mine --descriptors X.npy --strategy manifold --out pools.jsonl',
      });
    await mineLibrary(o, o.library);
  },
});

const MANIFOLD = [...Object.keys(manifold.shape), 'set'];
const MINING = [
  'positives',
  'negatives',
  'count',
  'minShared',
  'minOverlap',
  'maxScale',
  'cameraPool',
  'pool',
  'queryFraction',
  'queriesPerCluster',
  'queries',
];

async function mineLibrary(o: Given, path: string): Promise<void> {
  await withLibrary(path, false, async (library) => {
    const { network, size, seed, collection } = o;
    const how = o.strategy === 'manifold' ? { manifold: o.manifold ?? {}, set: o.set } : { mining: o.mining };
    const out = o.out === undefined ? undefined : fileTarget(o.out, o, 'made');
    const r = await runJob(library, 'mine', { network, size, seed, collection, ...how });
    if (out !== undefined) {
      const task = terminalContext([]);
      writeTupleLines(library, r.run, out, task, o);
      task.finish();
    }
    print(o.json, { ...r, ...defined({ out }) }, () => [
      `Mining run ${r.run}: ${counted(r.tuples, 'tuple')} of ${counted(r.queries, 'query', 'queries')}, mean distance of a negative ${r.meanNegativeDistance.toFixed(3)}`,
      ...(out === undefined ? [] : [`written to ${out}`]),
    ]);
  });
}

async function mineRaw(o: Given, file: string): Promise<void> {
  if (o.strategy !== 'manifold')
    throw new CovisError('INPUT_INVALID', 'Raw descriptors have no geometry: they are mined with --strategy manifold');
  if (o.out === undefined) throw new CovisError('INPUT_INVALID', '--descriptors needs --out, the file that is written');
  refuseTogether(o, ['library', 'network', 'size', 'seed', 'set', 'collection'], 'is of a library');
  const { out, force: over } = o;
  const task = terminalContext();
  const given = defined({ manifold: o.manifold, force: over });
  const report = await mineDescriptors({ descriptors: file, out, ...given }, task).finally(() => task.finish());
  print(o.json, report, () => saidBy(mineDescriptorsJob, report));
}
