import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CovisError } from '../../../../shared/errors.ts';
import { LIMITS } from '../../formats/budget.ts';
import { isPiped, openRegular } from '../../formats/regular.ts';
import { DisjointSets } from '../../library/disjoint-sets.ts';
import { refuseNoText } from '../../library/name-lists.ts';
import { bindNames, decodeName, nameIndex } from '../../library/names.ts';
import { listImages } from '../../library/photos.ts';
import type { PairList } from '../pair-list.ts';
import type { PairReader } from './reader.ts';

/** hloc's list, two names a line; photos lie in `images/` beside it, or beside it. */
export const hloc: PairReader = {
  format: 'hloc',
  title: 'pairs of hloc .txt',
  named: /\.txt$/i,
  read: (file, known) => ({ pairs: readHlocPairs(file, known) }),
  images(file) {
    const beside = join(dirname(file), 'images');
    return existsSync(beside) ? beside : dirname(file);
  },
  photos(folder) {
    const photos = listImages(folder).map((name) => ({ name }));
    const find = nameIndex(photos);
    return {
      known: (name) => find(name).kind === 'found',
      bind(names) {
        const { at, ambiguous } = bindNames(names, photos, find);
        return { name: (cid) => photos[at(cid) ?? -1]?.name, ambiguous };
      },
    };
  },
};

const CHUNK_BYTES = 1 << 20;
const LONGEST_LINE_BYTES = 1 << 16;

/**
 * Reads a list of pairs as hloc has them, two names a line. Connected photos become one cluster. hloc splits a line at white space; a line
 * that has more of it is two names where it can be split in one way alone into two photos that are there.
 * @throws CovisError `INPUT_CORRUPT` naming file and offset.
 */
export function readHlocPairs(file: string, known: (name: string) => boolean = () => false): PairList {
  refuseNoText(file);
  const index = new Map<string, number>();
  const connected = new DisjointSets();
  const of = (name: string): number => {
    let i = index.get(name);
    if (i === undefined) index.set(name, (i = index.size));
    return i;
  };
  const qidxs: number[] = [];
  const pidxs: number[] = [];
  let number = 0;
  for (const { text, offset } of lines(file)) {
    number += 1;
    if (text.trim() === '' || text.trimStart().startsWith('#')) continue;
    const fields = text.trim().split(/\s+/);
    const splits = fields.length === 2 ? [fields] : fields.length < 2 ? [] : splitsOf(text, known);
    const [names] = splits;
    if (names === undefined || splits.length > 1)
      throw new CovisError(
        'INPUT_CORRUPT',
        `Line ${number} has ${fields.length} names, not two${splits.length > 1 ? `, and may be two photos in ${splits.length} ways` : ''}: ${text.trim().slice(0, 200)}`,
        {
          file,
          offset,
          hint: 'A list of pairs has two names of photos a line, as hloc writes it, which splits them at white space. Names with spaces are told apart only where both photos are there.',
        },
      );
    const [q, p] = [of(names[0]!), of(names[1]!)];
    qidxs.push(q);
    pidxs.push(p);
    connected.join(q, p);
  }
  if (qidxs.length === 0)
    throw new CovisError('INPUT_INVALID', 'This list has no pair', {
      file,
      hint: 'A list of pairs has two names of photos a line.',
    });
  return { cids: [...index.keys()], cluster: [...index.values()].map((i) => connected.find(i)), qidxs, pidxs };
}

/** Longer than two paths of any system with all their blanks. */
const LONGEST_LINE = 20_000;

/** Every way to split a line at white space into two photos that are there. */
function splitsOf(line: string, known: (name: string) => boolean): string[][] {
  if (line.length > LONGEST_LINE) return [];
  const found = new Map<string, string[]>();
  for (const gap of line.matchAll(/\s+/g)) {
    const [from, to] = [gap.index, gap.index + gap[0].length];
    // Blanks beside the one that splits may belong to either name.
    for (let end = Math.max(1, from); end < to; end += 1) {
      const first = line.slice(0, end);
      if (!known(first)) continue;
      for (let start = end + 1; start <= Math.min(to, line.length - 1); start += 1) {
        const second = line.slice(start);
        if (known(second)) found.set(`${first}\n${second}`, [first, second]);
      }
    }
  }
  return [...found.values()];
}

/** Lines of a list whose names may be in an old encoding, with the offset of each. @throws CovisError `INPUT_CORRUPT`, `INPUT_MISSING`. */
function* lines(file: string): Generator<{ text: string; offset: number }> {
  const fd = isPiped(file) ? openSync(file, 'r') : openRegular(file).fd;
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    let pending = Buffer.alloc(0);
    let offset = 0;
    const text = (bytes: Buffer, at: number): { text: string; offset: number } => ({
      text: decodeName(bytes)
        .replace(/\r$/, '')
        .replace(at === 0 ? /^(\uFEFF|\xef\xbb\xbf)/ : /^$/, ''),
      offset: at,
    });
    for (let n = readSync(fd, chunk); n > 0; n = readSync(fd, chunk)) {
      const data = Buffer.concat([pending, chunk.subarray(0, n)]);
      let start = 0;
      for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, start)) {
        yield text(data.subarray(start, end), offset + start);
        start = end + 1;
      }
      pending = data.subarray(start);
      offset += start;
      if (offset > LIMITS.whole.list)
        throw new CovisError('INPUT_UNSUPPORTED', 'This list is larger than 1 GiB', { file });
      if (pending.length > LONGEST_LINE_BYTES)
        throw new CovisError('INPUT_CORRUPT', 'A line is longer than 64 KiB', { file, offset });
    }
    if (pending.length > 0) yield text(pending, offset);
  } finally {
    closeSync(fd);
  }
}
