/** `covis export`: what Covis made, in formats that other tools open. */
import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { EXPORT_FORMATS } from '../../../shared/domain.ts';
import { defined } from '../../../shared/defined.ts';
import { CovisError } from '../../../shared/errors.ts';
import { exportLibrary } from '../../engine/exchange/export.ts';
import { PHOTO_PLACEMENTS, type PhotoPlacement } from '../../engine/exchange/photo-tree.ts';
import type { ExportReport } from '../../engine/exchange/retrieval-sfm.ts';
import { writeTupleLines } from '../../engine/exchange/tuple-files.ts';
import { writeNpy } from '../../engine/formats/npy.ts';
import type { TaskContext } from '../../engine/queue/context.ts';
import type { Library } from '../../engine/library/library.ts';
import { photoPath } from '../../engine/library/photos.ts';
import { miningRun } from '../../engine/mining/runs.ts';
import { defaultSize } from '../../engine/inputs/inputs.ts';
import { loadDescriptors } from '../../engine/retrieval/extract.ts';
import { resolveNetwork } from '../../engine/network/networks.ts';
import { miningOf, miningOptions } from './mine.ts';
import { numberOption, print, terminalContext } from '../output.ts';
import { action, command, number, withLibrary, type Options } from '../program.ts';

const FORMATS = [...EXPORT_FORMATS, 'network', 'descriptors'] as const;
type Format = (typeof FORMATS)[number];

/** Adds the command. */
export function addExport(): void {
  let c = command(
    'export',
    'write pairs, a benchmark, tuples, descriptors or a network in formats that other tools open',
  )
    .argument('<library>')
    .option('--format <format>', FORMATS.join(', '))
    .option('--what <what>', 'the same as --format, for network, descriptors and tuples (jsonl to the file --out)')
    .requiredOption('--out <path>', 'folder; for network and descriptors the file')
    .option('--network <network>', 'which network; the newest if left out')
    .option('--size <n>', 'which descriptors (320)', numberOption('--size'))
    .option('--run <n>', 'which mining run; the newest if left out, for retrieval-sfm all pairs', numberOption('--run'))
    .option('--photos <how>', `${PHOTO_PLACEMENTS.join(', ')}: how photos come beside retrieval-sfm and gnd`, 'link');
  c = number(c, '--seed', 'seed of the split into training and held-out places (0)');
  c = number(c, '--pairs-per-query', 'most positives of a query in retrieval-sfm (2)');
  action(miningOptions(c), async (o: Options, path: string) => {
    const format = (o['format'] ?? (o['what'] === 'tuples' ? 'jsonl' : o['what'])) as Format;
    if (!FORMATS.includes(format))
      throw new CovisError('INPUT_INVALID', `--format takes ${FORMATS.join(', ')}, not "${String(format)}"`);
    await withLibrary(path, false, async (library) => {
      const warnings: string[] = [];
      const task = terminalContext(warnings);
      const r = await exportAs(library, format, o, task);
      task.finish();
      print(o.json === true, { format, ...r, warnings }, () => [
        `${r.items} ${r.what} written to ${r.files.join(', ')}`,
      ]);
    });
  });
}

async function exportAs(library: Library, format: Format, o: Options, task: TaskContext): Promise<ExportReport> {
  const out = resolve(o['out'] as string);
  const photos = o['photos'] as PhotoPlacement;
  if (!PHOTO_PLACEMENTS.includes(photos))
    throw new CovisError('INPUT_INVALID', `--photos takes ${PHOTO_PLACEMENTS.join(', ')}, not "${String(photos)}"`);
  const run = o['run'] as number | undefined;
  if (o['what'] === 'tuples')
    return {
      what: 'tuples',
      items: await writeTupleLines(library, miningRun(library, run).id, out, task),
      files: [out],
    };
  switch (format) {
    case 'network': {
      const row = await resolveNetwork(library, o['network'] as string | undefined, 'latest');
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
          seed: o['seed'] as number | undefined,
          photos,
          pairsPerQuery: o['pairsPerQuery'] as number | undefined,
          mining: defined(miningOf(o)),
        },
        task,
      );
  }
}

async function exportDescriptors(library: Library, o: Options, out: string): Promise<ExportReport> {
  const row = await resolveNetwork(library, o['network'] as string | undefined, 'latest');
  const size = (o['size'] as number | undefined) ?? defaultSize(row.spec);
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
