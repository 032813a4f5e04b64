import { join, relative } from 'node:path';
import { CovisError } from '../../../../shared/errors.ts';
import { writeFolder } from '../../formats/beside.ts';
import type { WRITTEN_FORMATS } from '../../../../shared/jobs/convert.ts';
import type { Placing } from '../../formats/target.ts';
import type { SparseModel } from '../model.ts';
import { bundler } from './bundler.ts';
import { colmapBin } from './colmap-bin.ts';
import { colmapTxt } from './colmap-txt.ts';
import { nvm } from './nvm.ts';
import type { ModelWriter } from './writer.ts';

/** What a model can be written as. */
export const MODEL_WRITERS = [colmapBin, colmapTxt, nvm, bundler] as const satisfies readonly (ModelWriter & {
  readonly format: (typeof WRITTEN_FORMATS)[number];
})[];
export type WrittenFormat = (typeof MODEL_WRITERS)[number]['format'];

/**
 * Writes a model as another program's files (methods.md 9.4 to 9.6). Observations without a 3D point are not kept by Covis and so not
 * written; points are numbered anew.
 * @returns the files.
 * @throws CovisError `STATE_CONFLICT` for files that are there, without `force`; `INPUT_UNSUPPORTED` for verified matches without cameras, or names that the format cannot hold.
 */
export function writeModel(model: SparseModel, format: WrittenFormat, folder: string, how: Placing = {}): string[] {
  if (model.matchesOnly === true)
    throw new CovisError('INPUT_UNSUPPORTED', 'Verified matches without cameras cannot be written as a model', {
      hint: 'Reconstruct them first, for example with covis cluster.',
    });
  const writer: ModelWriter = MODEL_WRITERS.find((w) => w.format === format)!;
  return writeFolder(
    folder,
    how,
    (staging) => writer.write(model, staging).map((file) => join(folder, relative(staging, file))),
    writer.optional,
  );
}
