import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { inputInWords } from '../../../shared/networks-in-words.ts';
import { defaultSize, InputMaker } from '../inputs/inputs.ts';
import { fillWith, writeTogether } from '../formats/beside.ts';
import { fillNpy } from '../formats/npy.ts';
import { fileTarget, type Placing } from '../formats/target.ts';
import type { TaskContext } from '../queue/context.ts';
import { leftOut, listPhotos, refuseWithoutPhotos } from '../library/photo-files.ts';
import { ownFile } from '../library/file-owner.ts';
import { hashFile } from '../library/photos.ts';
import { ahead } from '../library/prefetch.ts';
import type { LoadedNetwork } from '../network/networks.ts';
import { chosenPrecision, openRunner } from '../network/computing.ts';
import { encodeOnnx } from '../network/onnx/file.ts';
import { describeStream } from './extract.ts';
import { DescriptorJournal } from './journal.ts';

export interface FolderReport {
  readonly photos: number;
  /** Described now; the rest was known from an earlier run that was cut short, or is there twice. */
  readonly computed: number;
  readonly failed: readonly string[];
  readonly dim: number;
  readonly size: number;
  readonly out: string;
  readonly names: string;
}

/** What describes a folder, and where it goes. */
interface DescribedFolder extends Placing {
  readonly photos: string;
  readonly out: string;
  /** Long side in pixels; what the network takes if not given. */
  readonly size?: number | undefined;
}

/** As {@link extractFolder}, with what a report says of the network besides. @throws CovisError `INPUT_MISSING` for a folder that is not there. */
export async function describeFolder(
  network: Pick<LoadedNetwork, 'graph' | 'spec'>,
  o: DescribedFolder,
  task: TaskContext,
): Promise<FolderReport & { readonly network: string; readonly fitted?: string }> {
  if (!existsSync(o.photos))
    throw new CovisError('INPUT_MISSING', 'This folder does not exist', {
      file: o.photos,
      hint: 'Name the folder that holds the photos.',
    });
  const key = createHash('sha256').update(encodeOnnx(network.graph)).digest('hex').slice(0, 16);
  const report = await extractFolder(network, key, o.photos, o.out, o.size ?? defaultSize(network.spec), task, o);
  const fitted = inputInWords(network.spec);
  return { network: network.spec.name, ...report, ...(fitted === undefined ? {} : { fitted }) };
}

/**
 * Describes every image in a folder and writes a matrix with a row an image, in sorted order of their names, which go one a line into a
 * `.txt` beside it. Images that cannot be read have no row; they are named in the report. What is known is kept beside the output until
 * it is whole, under the photos' content, so that a second run goes on.
 * @param key says what describes: descriptors of another network or size are not taken for these.
 * @throws CovisError `STATE_EMPTY` for a folder without images, `INPUT_INVALID` when the output cannot be written, `STATE_CONFLICT` for
 * files that are there, without `force`, and while something else writes them.
 */
export async function extractFolder(
  network: Pick<LoadedNetwork, 'graph' | 'spec'>,
  key: string,
  folder: string,
  out: string,
  size: number,
  task: TaskContext,
  how: Placing = {},
): Promise<FolderReport> {
  const target = fileTarget(/\.npy$/i.test(out) ? out : `${out}.npy`, how);
  // Another network or size has a journal of its own, and the same output.
  const release = ownFile(target, {
    taken: 'Descriptors are being written to this file already',
    hint: 'Wait until the other program is done, or name another file with --out.',
    refused: 'Descriptors cannot be written here',
  });
  try {
    return await describeInto(target, network, key, folder, size, task, how);
  } finally {
    release();
  }
}

async function describeInto(
  target: string,
  network: Pick<LoadedNetwork, 'graph' | 'spec'>,
  key: string,
  folder: string,
  size: number,
  task: TaskContext,
  how: Placing,
): Promise<FolderReport> {
  const listing = fileTarget(target.replace(/\.npy$/i, '.txt'), how);
  const found = listPhotos(folder);
  refuseWithoutPhotos(found, folder, 'STATE_EMPTY', 'This folder holds no images');
  for (const said of leftOut(found, folder)) task.warn(said);
  const names = found.photos;
  const broken = names.find((n) => /[\r\n]/.test(n));
  if (broken !== undefined)
    throw new CovisError('INPUT_INVALID', 'A list has one name a line, and this name has a line break', {
      file: join(folder, broken),
      hint: 'Rename the photo.',
    });
  const { dim } = network.spec;
  const journal = new DescriptorJournal(`${target}.${key}-${size}.part`, dim, chosenPrecision());
  const hashes: string[] = [];
  try {
    task.step('Looking at photos', names.length, 'photos');
    for (const [i, name] of names.entries()) {
      task.check();
      hashes.push(await hashFile(join(folder, name)));
      task.progress(i + 1);
    }
    const seen = new Set<string>();
    const wanted = names.flatMap((_, i) => {
      const hash = hashes[i]!;
      if (journal.has(hash) || seen.has(hash)) return [];
      seen.add(hash);
      return [i];
    });
    task.step(`Describing photos with ${network.spec.name}`, wanted.length, 'photos');
    const maker = await InputMaker.create(network.spec, size);
    const runner = await openRunner(network.graph);
    const before = journal.size;
    try {
      const images = ahead(wanted, (i) => maker.ofFile(join(folder, names[i]!)));
      await describeStream(runner, images, task, (i, d) => journal.append(hashes[i]!, d));
    } finally {
      await runner.release();
      await maker.release();
    }
    const described = names.filter((_, i) => journal.has(hashes[i]!));
    const rows = names.flatMap((_, i) => (journal.has(hashes[i]!) ? [hashes[i]!] : []));
    if (rows.length === 0)
      throw new CovisError('STATE_EMPTY', 'None of the images could be read', {
        file: folder,
        hint: 'The warnings say why of each.',
      });
    const computed = journal.size - before;
    writeTogether(
      [
        [target, (t) => fillNpy(t, '<f4', [rows.length, dim], vectors(journal, rows))],
        [listing, (t) => fillWith(t, described.map((n) => `${n}\n`).join(''))],
      ],
      { ...how, bytes: 4 * dim * rows.length },
    );
    journal.remove();
    const known = new Set(rows);
    const failed = names.filter((_, i) => !known.has(hashes[i]!));
    return { photos: rows.length, computed, failed, dim, size, out: target, names: listing };
  } catch (error) {
    journal.close();
    throw error;
  }
}

function* vectors(journal: DescriptorJournal, hashes: readonly string[]): Generator<Float32Array> {
  for (const h of hashes) yield journal.get(h);
}
