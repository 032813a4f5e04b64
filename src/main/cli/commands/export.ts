/** `covis export`: what Covis made, in formats that other tools open. */
import { z } from 'zod';
import { EXPORT_FORMATS, EXPORTS } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { exportJob } from '../../../shared/jobs/export.ts';
import { exportLibrary, type ExportReport } from '../../engine/exchange/exports/index.ts';
import { writeTupleLines } from '../../engine/exchange/exports/jsonl.ts';
import { fileTarget, outsideLibraries } from '../../engine/formats/target.ts';
import { narrowed, noteSubset } from '../../engine/library/collection-subset.ts';
import { miningRun } from '../../engine/mining/runs.ts';
import { command } from '../program/command.ts';
import { libraryWord, withLibrary } from '../program/library.ts';
import { print, terminalContext } from '../program/output.ts';
import { refuseTogether } from '../program/together.ts';

const { format: formats, ...shape } = exportJob.params.shape;
const options = {
  format: formats.optional(),
  what: z
    .enum(['tuples', ...EXPORT_FORMATS])
    .optional()
    .meta({ help: 'the same as --format; tuples is jsonl to the file --out', value: 'what' }),
  ...shape,
};

export const exportCommand = command({
  name: 'export',
  summary: 'write pairs, a benchmark, tuples, descriptors or a network in formats that other tools open',
  arguments: libraryWord,
  options,
  run: async ({ library: at, what, json, ...o }) => {
    const format = o.format ?? (what === 'tuples' ? 'jsonl' : what);
    if (format === undefined)
      throw new CovisError('INPUT_INVALID', `--format takes ${EXPORT_FORMATS.join(', ')}, and is missing`);
    const { out, mining, force, ...given } = o;
    const reads = EXPORTS[format].params.shape;
    const why = `is not of --format ${format}`;
    refuseTogether(
      given,
      Object.keys(given).filter((key) => key !== 'format' && !(key in reads)),
      why,
    );
    if (!('mining' in reads)) refuseTogether(mining ?? {}, Object.keys(mining ?? {}), why);
    const asked = { ...given, force, ...('mining' in reads ? { mining } : {}), format };
    await withLibrary(at, false, async (library) => {
      const file = what === 'tuples' ? fileTarget(out, { force }, 'made') : outsideLibraries(out);
      const warnings: string[] = [];
      const task = terminalContext(warnings);
      const r: Omit<ExportReport, 'verified'> =
        what === 'tuples'
          ? await narrowed(library, o.collection, () => ({
              what: 'tuples',
              items: writeTupleLines(library, miningRun(library, o.run).id, file, task, { force }),
              files: [file],
              ...noteSubset(library),
            }))
          : await exportLibrary(library, { ...asked, out: file }, task);
      task.finish();
      print(json, { format, ...r, warnings }, () => [`${r.items} ${r.what} written to ${r.files.join(', ')}`]);
    });
  },
});
