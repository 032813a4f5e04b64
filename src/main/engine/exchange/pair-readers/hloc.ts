import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CovisError } from '../../../../shared/errors.ts';
import { DisjointSets } from '../../library/disjoint-sets.ts';
import { listImages } from '../../library/photos.ts';
import { photoNamer } from '../../sfm/sizes.ts';
import { records } from '../../sfm/text-lines.ts';
import type { PairList } from '../pair-list.ts';
import type { PairReader } from './reader.ts';

/** hloc's list, two names a line; photos lie in `images/` beside it, or beside it. */
export const hloc: PairReader = {
  format: 'hloc',
  title: 'pairs of hloc .txt',
  named: /\.txt$/i,
  read: (file) => ({ pairs: readHlocPairs(file) }),
  images(file) {
    const beside = join(dirname(file), 'images');
    return existsSync(beside) ? beside : dirname(file);
  },
  namer: (folder) => photoNamer(listImages(folder)),
};

const MAX_LIST_BYTES = 1 << 30;

/**
 * Reads a list of pairs as hloc has them, two names a line. Connected photos become one cluster.
 * @throws CovisError `INPUT_CORRUPT` naming file and offset.
 */
export function readHlocPairs(file: string): PairList {
  if (statSync(file).size > MAX_LIST_BYTES)
    throw new CovisError('INPUT_UNSUPPORTED', 'This list is larger than 1 GiB', { file });
  const index = new Map<string, number>();
  const connected = new DisjointSets();
  const of = (name: string): number => {
    let i = index.get(name);
    if (i === undefined) index.set(name, (i = index.size));
    return i;
  };
  const qidxs: number[] = [];
  const pidxs: number[] = [];
  for (const { fields, offset } of records(file)) {
    if (fields.length !== 2)
      throw new CovisError('INPUT_CORRUPT', `A line has ${fields.length} names, not two`, {
        file,
        offset,
        hint: 'A list of pairs has two names of photos a line, as hloc writes it.',
      });
    const [q, p] = [of(fields[0]!), of(fields[1]!)];
    qidxs.push(q);
    pidxs.push(p);
    connected.join(q, p);
  }
  return { cids: [...index.keys()], cluster: [...index.values()].map((i) => connected.find(i)), qidxs, pidxs };
}
