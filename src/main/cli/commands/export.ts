/** `covis export`: what Covis made, in formats that other tools open. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { EXPORT_FORMATS } from '../../../shared/domain.ts';
import { defined } from '../../../shared/defined.ts';
import { CovisError } from '../../../shared/errors.ts';
import { network, path, size } from '../../../shared/fields.ts';
import { exportJob } from '../../../shared/jobs/export.ts';
import { exportLibrary } from '../../engine/exchange/export.ts';
import type { ExportReport } from '../../engine/exchange/retrieval-sfm.ts';
import { writeTupleLines } from '../../engine/exchange/tuple-files.ts';
import { writeNpy } from '../../engine/formats/npy.ts';
import { defaultSize } from '../../engine/inputs/inputs.ts';
import type { Library } from '../../engine/library/library.ts';
import { miningRun } from '../../engine/mining/runs.ts';
import { resolveNetwork } from '../../engine/network/networks.ts';
import type { TaskContext } from '../../engine/queue/context.ts';
import { loadDescriptors } from '../../engine/retrieval/extract.ts';
import { command, type Asked } from '../program/command.ts';
import { libraryWord, withLibrary } from '../program/library.ts';
import { print, terminalContext } from '../program/output.ts';
import { refuseTogether } from '../program/together.ts';

const FORMATS = [...EXPORT_FORMATS, 'network', 'descriptors'] as const;
type Format = (typeof FORMATS)[number];

const { run, seed, photos, pairsPerQuery, mining } = exportJob.params.shape;
const options = {
  format: z.enum(FORMATS).optional().meta({ value: 'format' }),
  what: z
    .enum(['tuples', ...FORMATS])
    .optional()
    .meta({ help: 'the same as --format; tuples is jsonl to the file --out', value: 'what' }),
  out: path.meta({ help: 'folder; for network and descriptors the file' }),
  network: network.optional().meta({ help: 'which network', otherwise: 'the newest' }),
  size: size.optional().meta({ help: 'which descriptors' }),
  run,
  photos,
  seed,
  pairsPerQuery,
  mining,
};
type Given = Asked<typeof libraryWord, typeof options>;

export const exportCommand = command({
  name: 'export',
  summary: 'write pairs, a benchmark, tuples, descriptors or a network in formats that other tools open',
  arguments: libraryWord,
  options,
  run: async (o) => {
    const format = o.format ?? (o.what === 'tuples' ? 'jsonl' : o.what);
    if (format === undefined)
      throw new CovisError('INPUT_INVALID', `--format takes ${FORMATS.join(', ')}, and is missing`);
    if (format !== 'descriptors') refuseTogether(o, ['size'], 'is of --format descriptors');
    if (format !== 'descriptors' && format !== 'network')
      refuseTogether(o, ['network'], 'is of --format descriptors and network');
    if (format !== 'retrieval-sfm') {
      refuseTogether(o, ['pairsPerQuery'], 'is of --format retrieval-sfm');
      refuseTogether(o.mining ?? {}, Object.keys(o.mining ?? {}), 'is of --format retrieval-sfm');
    }
    await withLibrary(o.library, false, async (library) => {
      const warnings: string[] = [];
      const task = terminalContext(warnings);
      const r = await exportAs(library, format, o, task);
      task.finish();
      print(o.json, { format, ...r, warnings }, () => [`${r.items} ${r.what} written to ${r.files.join(', ')}`]);
    });
  },
});

async function exportAs(library: Library, format: Format, o: Given, task: TaskContext): Promise<ExportReport> {
  const out = resolve(o.out);
  const { run, photos } = o;
  if (o.what === 'tuples')
    return {
      what: 'tuples',
      items: await writeTupleLines(library, miningRun(library, run).id, out, task),
      files: [out],
    };
  switch (format) {
    case 'network': {
      const row = await resolveNetwork(library, o.network, 'latest');
      copyFileSync(library.file('networks', `${row.uid}.onnx`), `${out}.tmp`);
      renameSync(`${out}.tmp`, out);
      return { what: 'network', items: 1, files: [out] };
    }
    case 'descriptors':
      return exportDescriptors(library, o, out);
    default:
      return exportLibrary(
        library,
        {
          format,
          out,
          run,
          seed: o.seed,
          photos,
          pairsPerQuery: o.pairsPerQuery,
          mining: defined(o.mining ?? {}),
        },
        task,
      );
  }
}

async function exportDescriptors(library: Library, o: Given, out: string): Promise<ExportReport> {
  const row = await resolveNetwork(library, o.network, 'latest');
  const size = o.size ?? defaultSize(row.spec);
  const set = loadDescriptors(library, row, size);
  if (set.ids.length === 0)
    throw new CovisError('STATE_EMPTY', `Network ${row.uid} has no descriptors at ${size} pixels`, {
      hint: 'Extract them first.',
    });
  writeNpy(out, set.data, [set.ids.length, set.dim]);
  const names = out.replace(/\.npy$/, '') + '.txt';
  writeFileSync(names, Array.from(set.ids, (id) => `${photoPath(library, id)}\n`).join(''));
  return { what: 'descriptors', items: set.ids.length, files: [out, names] };
}
