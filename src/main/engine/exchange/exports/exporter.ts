import { existsSync } from 'node:fs';
import type { z } from 'zod';
import type { ExportDefinition } from '../../../../shared/exports/export.ts';
import { CovisError } from '../../../../shared/errors.ts';
import type { Placing } from '../../formats/target.ts';
import type { Library } from '../../library/library.ts';
import type { TaskContext } from '../../queue/context.ts';

/** What was written: the file that holds it first, how many of what the definition counts, and how many photos beside it. */
export interface Written {
  readonly files: readonly string[];
  readonly items: number;
  readonly photos?: number;
}

/** How a format is written, and how it is read back. */
export interface Exporter<D extends ExportDefinition = ExportDefinition> {
  readonly definition: D;
  /**
   * Writes it beside its place first. @param out absolute path of the folder or file, outside of libraries.
   * @throws CovisError `STATE_EMPTY`, `NOT_FOUND`, `CANCELLED`, `STATE_CONFLICT` for files that are there, without `force`.
   */
  write(
    library: Library,
    out: string,
    params: z.output<D['params']>,
    task: TaskContext,
    how: Placing,
  ): Written | Promise<Written>;
  /**
   * Reads the files with the reader that an import would use, and looks up what they name in the library.
   * @returns what it found, counted anew. @throws CovisError naming what is not as it was written.
   */
  verify(
    files: readonly string[],
    library: Library,
  ): Promise<Pick<Written, 'items' | 'photos'>> | Pick<Written, 'items' | 'photos'>;
}

/** Names both parts of an export. */
export function exporter<D extends ExportDefinition>(
  definition: D,
  parts: Omit<Exporter<D>, 'definition'>,
): Exporter<D> {
  return { definition, ...parts };
}

/** The error that every fault of an export read back ends in. */
export function damaged(file: string, what: string): CovisError {
  return new CovisError('INPUT_CORRUPT', `This export is not what was written: ${what}`, {
    file,
    hint: 'Export again; where that does not help, look at the disk.',
  });
}

/** Reads an export back. @throws CovisError where anything is missing, damaged or not as many as was written. */
export async function verifyExport(
  { verify, definition }: Pick<Exporter, 'verify' | 'definition'>,
  written: Written,
  library: Library,
): Promise<Pick<Written, 'items' | 'photos'>> {
  const lost = written.files.find((f) => !existsSync(f));
  if (lost !== undefined) throw damaged(lost, 'it is not there');
  let found: Pick<Written, 'items' | 'photos'>;
  try {
    found = await verify(written.files, library);
  } catch (cause) {
    if (cause instanceof CovisError) throw cause;
    throw damaged(written.files[0]!, `it cannot be read: ${(cause as Error).message.slice(0, 200)}`);
  }
  if (found.items !== written.items)
    throw damaged(written.files[0]!, `${found.items} ${definition.what} are there, ${written.items} were written`);
  if (found.photos !== written.photos)
    throw damaged(
      written.files[0]!,
      `${found.photos ?? 0} photos are beside it, ${written.photos ?? 0} were put there`,
    );
  return found;
}
