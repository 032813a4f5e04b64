import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CovisError } from '../../../../shared/errors.ts';
import { counted } from '../../../../shared/counted.ts';
import { readPickle, type Pickled } from '../../formats/pickle.ts';
import { imsPath, type PairList } from '../pair-list.ts';
import type { PairReader } from './reader.ts';

/** The opcode that pickles of protocol 2 and later begin with. */
const PROTO = 0x80;

/** The pickle of cnnimageretrieval-pytorch (methods.md 9.1): `val` is held out, photos lie in `ims/` or as `<id>.jpg`. */
export const retrievalSfm: PairReader = {
  format: 'retrieval-sfm',
  title: 'retrieval-SfM .pkl',
  named: /\.(pkl|pickle)$/i,
  begins: (head) => head[0] === PROTO && head[1]! >= 2 && head[1]! <= 5,
  read: (file) => readPairLists(file),
  images: (file) => join(dirname(file), 'ims'),
  photos(folder) {
    const name = (cid: string): string | undefined =>
      [imsPath(cid).replaceAll('\\', '/'), `${cid}.jpg`].find((n) => existsSync(join(folder, n)));
    return { known: (cid) => name(cid) !== undefined, bind: () => ({ name, ambiguous: [] }) };
  },
};

/** Ids become paths, so they may not hold anything that leads elsewhere. */
const SAFE_ID = /^[A-Za-z0-9_-]{1,128}$/;
type Half = 'train' | 'val';

/** A value for a sentence. */
function shown(value: Pickled): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value).slice(0, 60)
    : 'something that is neither text nor number';
}

/**
 * Reads a retrieval-SfM file (methods.md 9.1): `{train, val}` with `cids, cluster, qidxs, pidxs`. Nothing in it is executed.
 * @throws CovisError `INPUT_CORRUPT` or `INPUT_UNSUPPORTED` naming the file.
 */
export function readPairLists(file: string): Record<Half, PairList> {
  const top = readPickle(file);
  const wrong = (message: string): never => {
    throw new CovisError('INPUT_CORRUPT', `This is no retrieval-SfM file: ${message}`, {
      file,
      hint: 'It needs train and val, each with cids, cluster, qidxs and pidxs.',
    });
  };
  const fields = (v: Pickled | undefined, what: string): Map<Pickled, Pickled> =>
    v instanceof Map ? v : wrong(`${what} is not a dictionary`);
  const whole = fields(top, 'it');
  const list = (v: Pickled | undefined, what: string): Pickled[] => {
    if (Array.isArray(v)) return v;
    if (v !== null && typeof v === 'object' && 'data' in v) return Array.from(v.data);
    return wrong(`${what} is missing`);
  };
  const numbers = (v: Pickled | undefined, what: string): number[] =>
    list(v, what).map((x) => {
      const n = Number(x);
      return Number.isSafeInteger(n) ? n : wrong(`${what} holds ${shown(x)}`);
    });
  const side = (name: string): PairList => {
    const d = fields(whole.get(name), name);
    const cids = list(d.get('cids'), `${name}.cids`).map((c) => {
      if (typeof c !== 'string' || !SAFE_ID.test(c)) return wrong(`${name}.cids holds ${shown(c)}`);
      return c;
    });
    const cluster = numbers(d.get('cluster'), `${name}.cluster`);
    const qidxs = numbers(d.get('qidxs'), `${name}.qidxs`);
    const pidxs = numbers(d.get('pidxs'), `${name}.pidxs`);
    if (cluster.length !== cids.length)
      wrong(`${name} has ${cids.length} cids and ${counted(cluster.length, 'cluster')}`);
    if (qidxs.length !== pidxs.length) wrong(`${name} has ${qidxs.length} qidxs and ${pidxs.length} pidxs`);
    for (const i of [...qidxs, ...pidxs])
      if (i < 0 || i >= cids.length) wrong(`${name} names photo ${i} of ${cids.length}`);
    return { cids, cluster, qidxs, pidxs };
  };
  return { train: side('train'), val: side('val') };
}
