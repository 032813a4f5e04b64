import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readNames } from '../../../src/main/engine/evaluation/ground-truth-files.ts';
import { csvRecords } from '../../../src/main/engine/exchange/csv-records.ts';
import { PAIR_READERS } from '../../../src/main/engine/exchange/pair-readers/index.ts';
import { writePickle } from '../../../src/main/engine/formats/pickle-writer.ts';
import { readPickle } from '../../../src/main/engine/formats/pickle.ts';
import { seed, type FuzzTarget, type Seed } from '../target.ts';
import { fixture } from './models.ts';

const SIDE = { cids: ['aa0011', 'bb0022', 'cc0033', 'dd0044'], cluster: [0, 0, 1, 1], qidxs: [0, 2], pidxs: [1, 3] };
const HLOC = 'db/1.jpg db/2.jpg\ndb/1.jpg query/a b.jpg\n# comment\n\u00e4.jpg db/2.jpg\n';

const SEEDS: Readonly<Record<string, () => Seed[]>> = {
  'retrieval-sfm': () => [
    seed('own', { 'pairs.pkl': writePickle({ train: SIDE, val: { ...SIDE, qidxs: [1], pidxs: [0] } }) }),
  ],
  hloc: () => [
    seed('pairs', { 'pairs.txt': HLOC }),
    seed('old', { 'pairs.txt': Buffer.from('caf\xe91.jpg caf\xe92.jpg\r\na.jpg b.jpg', 'latin1') }),
  ],
};

const pairs = PAIR_READERS.map((reader): FuzzTarget => ({
  name: `lists/${reader.format}`,
  seeds: () => SEEDS[reader.format]?.() ?? [],
  takes: (file) => reader.format !== 'hloc' && reader.named.test(basename(file)),
  read({ input }) {
    const [file = 'gone'] = readdirSync(input);
    const known = new Set(['db/1.jpg', 'db/2.jpg', 'query/a b.jpg', 'a.jpg', 'b.jpg']);
    const lists = reader.read(join(input, file), (name) => known.has(name));
    for (const [side, { cids, cluster, qidxs, pidxs }] of Object.entries(lists)) {
      if (cluster.length !== cids.length || qidxs.length !== pidxs.length)
        return `${side} has lists of several lengths`;
      if ([...qidxs, ...pidxs].some((i) => cids[i] === undefined)) return `${side} names a photo that is not there`;
      if (cluster.some((c) => !Number.isSafeInteger(c))) return `${side} has a cluster that is no whole number`;
    }
    return undefined;
  },
}));

const texts: readonly FuzzTarget[] = [
  {
    name: 'lists/names',
    seeds: () => [
      seed('names', { 'names.txt': 'a.jpg\nb/c d.jpg\n\u00e4.jpg\n' }),
      seed('wide', { 'names.txt': Buffer.from('\ufeffa.jpg\r\nb.jpg\r\n', 'utf16le') }),
    ],
    read({ input }) {
      const names = readNames(join(input, 'names.txt'));
      return names.every((n) => typeof n === 'string' && !n.includes('\n')) ? undefined : 'a name is of two lines';
    },
  },
  {
    name: 'lists/csv',
    seeds: () => [seed('csv', { 'a.csv': 'query,positive,score\n"a, b.jpg","c ""d"".jpg",0.5\n"e\nf.jpg",g.jpg,1\n' })],
    read({ input }) {
      for (const cells of csvRecords(join(input, 'a.csv'))) if (cells.length === 0) return 'a record has no cell';
      return undefined;
    },
  },
  {
    name: 'lists/pickle',
    seeds: () =>
      [0, 2, 3, 4, 5].map((p) => seed(`protocol ${p}`, { 'a.pkl': fixture('descriptors', `gnd_p${p}.pkl`) })),
    read({ input }) {
      return readPickle(join(input, 'a.pkl')) === undefined ? 'it holds nothing' : undefined;
    },
  },
];

export const LIST_TARGETS: readonly FuzzTarget[] = [...pairs, ...texts];

/** Sound lists of pairs. */
export function pairSeeds(): Seed[] {
  return PAIR_READERS.flatMap((r) => (SEEDS[r.format]?.() ?? []).slice(0, 1));
}
