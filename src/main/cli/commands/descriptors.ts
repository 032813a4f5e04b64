/** `covis descriptors`: the descriptor sets that a library is searched by. */
import { counted } from '../../../shared/counted.ts';
import { z } from 'zod';
import { backend, file, folder, network, precision, size } from '../../../shared/fields.ts';
import { vectorsJob } from '../../../shared/jobs/vectors.ts';
import { listSets, removeSet } from '../../engine/retrieval/vector-sets.ts';
import { command } from '../program/command.ts';
import { runJob } from '../program/job.ts';
import { withLibrary } from '../program/library.ts';
import { namesLines } from '../program/names.ts';
import { print } from '../program/output.ts';
import { refuseTogether } from '../program/together.ts';

const { variable, name } = vectorsJob.params.shape;

export const descriptors = command({
  name: 'descriptors',
  summary: "list a library's descriptor sets, import one of another program, or describe regions",
  arguments: { library: folder, file: vectorsJob.params.shape.file.optional() },
  options: {
    names: file.optional().meta({ help: 'photo of each row, one a line' }),
    variable,
    name,
    half: z.boolean().default(false).meta({ help: 'keep it as float16' }),
    regions: z.boolean().default(false).meta({ help: "describe R-MAC's regions of every photo" }),
    network: network.optional(),
    size: size.optional(),
    backend: backend.optional(),
    precision: precision.optional(),
    remove: z.string().min(1).optional().meta({ help: 'take an imported set out of the library', value: 'set' }),
  },
  run: async (o) => {
    if (o.file === undefined) refuseTogether(o, ['names', 'variable', 'name'], 'is of a file that is imported');
    if (!o.regions) refuseTogether(o, ['network', 'size', 'backend', 'precision'], 'goes with --regions');
    if (!o.regions && o.file === undefined) refuseTogether(o, ['half'], 'is of a set that is made');
    await withLibrary(o.library, false, async (library) => {
      if (o.remove !== undefined) {
        removeSet(library, o.remove);
        print(o.json, { removed: o.remove }, () => [`Removed ${o.remove as string}`]);
        return;
      }
      if (o.regions) {
        const r = await runJob(library, 'regions', { network: o.network, size: o.size, half: o.half });
        print(o.json, r, () => [
          `Set ${r.set}: ${counted(r.rows, 'region')} of ${counted(r.photos, 'photo')}, ${counted(r.dim, 'dimension')}`,
        ]);
        return;
      }
      const { file } = o;
      if (file !== undefined) {
        const r = await runJob(library, 'vectors', {
          file,
          variable: o.variable,
          namesFile: o.names,
          name: o.name,
          half: o.half,
        });
        print(o.json, r, () => [
          `Set ${r.set}: ${counted(r.rows, 'descriptor')} of ${counted(r.photos, 'photo')}, ${counted(r.dim, 'dimension')}${r.unknown > 0 ? `; ${r.unknown} images are left out` : ''}`,
          ...namesLines(r, 'images'),
        ]);
        return;
      }
      const sets = await listSets(library);
      print(o.json, sets, () =>
        sets.length === 0
          ? ['No descriptors yet: covis extract']
          : sets.map(
              (s) =>
                `${s.key}  ${s.name}  ${s.rows} x ${s.dim}${s.regional ? ', regions' : ''}${s.half ? ', float16' : ''}${s.precision === 'half' ? ', computed in half precision' : ''}${s.stale === null ? '' : `  (${s.stale})`}`,
            ),
      );
    });
  },
});
