/** Photos in the tar files of WebDataset: where each lies. What no shard of Covis has is refused, not passed over. */
import { readSync } from 'node:fs';
import type { CovisError } from '../../../shared/errors.ts';
import { counted } from '../../../shared/counted.ts';
import { BLOCK } from './exports/tar.ts';
import { ofShard, type InShard, type ShardFile } from './shard.ts';

const KINDS: Readonly<Record<string, string>> = {
  '1': 'a link',
  '2': 'a link',
  '3': 'a device',
  '4': 'a device',
  '5': 'a folder',
  '6': 'a pipe',
};

/** Bytes of the archive where photos lie, in their order; what is said of them (`.json`) is passed over. */
export function* photosOfTar({ file, fd, size, most, budget }: ShardFile): Generator<InShard> {
  const refuse = (message: string): CovisError => ofShard('INPUT_INVALID', file, message);
  const head = Buffer.alloc(BLOCK);
  let members = 0;
  for (let at = 0; ;) {
    budget.time();
    if (readSync(fd, head, 0, BLOCK, at) !== BLOCK)
      throw ofShard('INPUT_CORRUPT', file, 'This tar file is cut short: it has no end');
    if (head.every((b) => b === 0)) return;
    const text = (from: number, bytes: number): string => {
      const part = head.subarray(from, from + bytes);
      const end = part.indexOf(0);
      return part.subarray(0, end < 0 ? bytes : end).toString('utf8');
    };
    const octal = (from: number, bytes: number): number => {
      const digits = text(from, bytes).trim();
      return /^[0-7]{1,11}$/.test(digits) ? Number.parseInt(digits, 8) : NaN;
    };
    const sum = head.reduce((n, b, i) => n + (i >= 148 && i < 156 ? 32 : b), 0);
    if (octal(148, 8) !== sum) throw ofShard('INPUT_CORRUPT', file, `There is no header of a tar file at byte ${at}`);
    const name = text(345, 155) === '' ? text(0, 100) : `${text(345, 155)}/${text(0, 100)}`;
    const shown = JSON.stringify(name);
    const kind = text(156, 1);
    if (kind !== '0' && kind !== '')
      throw refuse(
        `This tar file has ${KINDS[kind] ?? 'an entry of another kind'} in it, ${shown}, and shards hold files alone`,
      );
    if (name === '' || /[/\\]|^\./.test(name))
      throw refuse(`This tar file has the path ${shown} in it, and files of shards lie in no folder`);
    const bytes = octal(124, 12);
    if (!(at + BLOCK + bytes <= size))
      throw ofShard('INPUT_CORRUPT', file, `This tar file says that ${shown} is longer than the file itself`);
    members += 1;
    if (members > 2 * most)
      throw refuse(`This tar file has more files in it than the ${counted(most, 'photo')} of its table can have`);
    if (!name.endsWith('.json')) yield { name, at: at + BLOCK, bytes };
    at += BLOCK + Math.ceil(bytes / BLOCK) * BLOCK;
  }
}
