/** `covis sketches`: search by drawing, measured. */
import { meanPrecision, of100 } from '../../../shared/precision.ts';
import { counted } from '../../../shared/counted.ts';
import { resolve } from 'node:path';
import type { SketchReport } from '../../../shared/domain.ts';
import { folder } from '../../../shared/fields.ts';
import { sketchesJob } from '../../../shared/jobs/sketches.ts';
import { measureSketches, type SketchOptions } from '../../engine/evaluation/sketches.ts';
import { embeddedNetwork } from '../../engine/network/embedded.ts';
import { readNetworkFile } from '../../engine/network/networks.ts';
import { command } from '../program/command.ts';
import { runJob } from '../program/job.ts';
import { withLibrary } from '../program/library.ts';
import { print, terminalContext } from '../program/output.ts';

const { photos: images, ...options } = sketchesJob.params.shape;
const path = (p: string | undefined): string | undefined => (p === undefined ? undefined : resolve(p));

export const sketches = command({
  name: 'sketches',
  summary: 'measure search by drawing: mAP, or accuracy where each drawing has its photo',
  arguments: { photos: images },
  options: { ...options, library: folder.optional().meta({ help: 'keep the report there' }) },
  run: async (o) => {
    const { layout, method, whiten, network } = o;
    const asked: SketchOptions = {
      layout,
      method,
      whiten,
      photos: resolve(o.photos),
      sketches: path(o.sketches),
      truth: path(o.truth),
    };
    const alone = async (): Promise<SketchReport> => {
      const task = terminalContext();
      try {
        const edges = network === undefined ? embeddedNetwork('edges') : readNetworkFile(network);
        return await measureSketches(edges, asked, task);
      } finally {
        task.finish();
      }
    };
    const report =
      o.library === undefined
        ? await alone()
        : await withLibrary(o.library, false, (l) => runJob(l, 'sketches', { ...asked, network }));
    print(o.json, report, () => [
      `${report.sketches} drawings against ${counted(report.photos, 'photo')} with ${report.network}, ${report.method}${report.supervised ? `, whitened on ${counted(report.trainingPairs, 'training pair')} of the set itself (supervised)` : ''}`,
      `mAP ${meanPrecision(report.map)}; right among the first ${Object.entries(report.accuracyAt)
        .map(([k, v]) => `${k}: ${of100(v)} %`)
        .join(', ')}`,
    ]);
  },
});
