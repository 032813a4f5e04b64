/** `descriptors.npy` (float16, a row a photo) and `descriptors.txt` (their paths), in the order of the collection. */
import { CovisError } from '../../../../shared/errors.ts';
import { counted } from '../../../../shared/counted.ts';
import { diskError } from '../../formats/disk.ts';
import { fillNpy } from '../../formats/npy.ts';
import type { FormatWriter } from './material.ts';
import { jsonText } from './tables.ts';

const BLOCK_ROWS = 4096;

export const writeDescriptors: FormatWriter = async ({ tree, items, material, task }) => {
  const set = material.descriptors;
  const rows = new Map(set?.photos.map((sha256, row) => [sha256, row]));
  const described = items.filter((i) => rows.has(i.entry.sha256));
  if (set === undefined || described.length === 0)
    throw new CovisError('STATE_EMPTY', 'No photo of this version has descriptors of this network at this size', {
      hint: 'Extract them first: covis extract.',
    });
  if (described.length < items.length)
    task.warn(
      `${counted(items.length - described.length, 'photo has', 'photos have')} no descriptors, and are not in descriptors.npy`,
    );
  const { dim, data } = set;
  const parts = function* (): Generator<Float16Array> {
    for (let from = 0; from < described.length; from += BLOCK_ROWS) {
      const some = described.slice(from, from + BLOCK_ROWS);
      const block = new Float16Array(some.length * dim);
      some.forEach((item, i) => {
        const row = rows.get(item.entry.sha256)!;
        block.set(data.subarray(row * dim, (row + 1) * dim), i * dim);
      });
      yield block;
    }
  };
  const file = await tree.room('descriptors.npy');
  try {
    fillNpy(file, '<f2', [described.length, dim], parts());
  } catch (cause) {
    throw diskError(cause, file, 2 * described.length * dim);
  }
  await tree.adopt('descriptors.npy');
  await tree.write('descriptors.txt', described.map((i) => `${i.entry.path}\n`).join(''));
  await tree.write(
    'descriptors.json',
    jsonText({ network: set.network, size: set.size, dimensions: dim, rows: described.length, type: 'float16' }),
  );
};
