import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { judge, type GroundTruth } from '../../../src/main/engine/evaluation/ground-truth.ts';
import { readGroundTruth } from '../../../src/main/engine/evaluation/ground-truth-files.ts';
import { TRUTH_READERS } from '../../../src/main/engine/evaluation/truth-readers/index.ts';
import { CovisError } from '../../../src/shared/errors.ts';
import { PROTOCOLS } from '../../../src/shared/domain.ts';
import { notFinite, seed, type FuzzTarget, type Seed } from '../target.ts';
import { fixture } from './models.ts';

const OXFORD = {
  'list.txt': 'all_souls_000013.jpg\nall_souls_000026.jpg\nashmolean 1.jpg\n\u00e4.jpg\n',
  'a_1_query.txt': 'oxc1_all_souls_000013 136.5 34.1 648.5 955.7\n',
  'a_1_good.txt': 'all_souls_000026\n',
  'a_1_ok.txt': 'ashmolean 1\n',
  'a_1_junk.txt': '\u00e4\n',
  'b_1_query.txt': 'ashmolean 1 1 2 3e2 4\n',
  'b_1_good.txt': '\n',
  'b_1_ok.txt': 'all_souls_000013\n',
  'b_1_junk.txt': '',
};
const RECORD = {
  imlist: ['a', 'b', 'c/d', '\u00e4'],
  qimlist: ['a', 'c/d'],
  gnd: [
    { bbx: [1, 2, 30.5, 40], easy: [1], hard: [2], junk: [] },
    { bbx: null, easy: ['b'], hard: [], junk: [3] },
  ],
};

const SEEDS: Readonly<Record<string, () => Seed[]>> = {
  oxford: () => [seed('oxford', OXFORD)],
  pickle: () =>
    [0, 2, 3, 4, 5].map((p) => seed(`protocol ${p}`, { 'gnd.pkl': fixture('descriptors', `gnd_p${p}.pkl`) })),
  mat: () => [seed('gnd', { 'gnd.mat': fixture('descriptors', 'gnd.mat') })],
  json: () => [
    seed('revisited', { 'gnd.json': JSON.stringify(RECORD) }),
    seed('oxford', {
      'gnd.json': JSON.stringify({
        imlist: RECORD.imlist,
        qidx: [0, 3],
        gnd: [{ ok: [1, 2] }, { ok: ['a'], junk: ['b'] }],
      }),
    }),
  ],
  list: () => [
    seed('holidays', { 'list.txt': '100000.jpg\n100001.jpg\n100002.jpg\n100100.jpg\n100101.jpg\n' }),
    seed('classes', { 'list.txt': 'a/1.jpg 1\na/2.jpg 1\nb/1.jpg 2\nb/2.jpg 2\n' }),
    seed('csv', { 'list.txt': '"a, 1.jpg",x\nb.jpg,"y ""z"""\nc.jpg,x\n' }),
  ],
};

/** What is wrong with a ground truth: its numbers, and what protocols make of it. */
function wrongIn(truth: GroundTruth): string | undefined {
  for (const q of truth.queries) {
    const wrong = notFinite({ bbx: q.bbx ?? undefined, ...q.labels });
    if (wrong !== undefined) return wrong;
  }
  for (const protocol of PROTOCOLS)
    try {
      for (const { positives } of judge(truth, protocol))
        for (const p of positives) if (truth.images[p] === undefined) return `image ${p} is not there`;
    } catch (error) {
      if (!(error instanceof CovisError)) throw error;
    }
  return undefined;
}

export const TRUTH_TARGETS: readonly FuzzTarget[] = TRUTH_READERS.map((reader) => ({
  name: `truths/${reader.format}`,
  seeds: () => SEEDS[reader.format]?.() ?? [],
  takes: (file) =>
    reader.at === 'file' && !['list', 'json'].includes(reader.format) && reader.named.test(basename(file)),
  read({ input }) {
    const [file = 'gone'] = readdirSync(input);
    if (reader.at === 'folder') return wrongIn(readGroundTruth(input, 'oxford', join(input, 'list.txt')));
    if (reader.format !== 'list') return wrongIn(readGroundTruth(join(input, file), 'oxford'));
    // Of a list, the protocol says what it means.
    const refused: unknown[] = [];
    for (const protocol of ['holidays', 'ukbench', 'recall'] as const)
      try {
        const wrong = wrongIn(readGroundTruth(join(input, file), protocol));
        if (wrong !== undefined) return wrong;
      } catch (error) {
        if (!(error instanceof CovisError)) throw error;
        refused.push(error);
      }
    if (refused.length === 3) throw refused[0] as CovisError;
    return undefined;
  },
}));

/** Sound ground truths that are one file: of lists that of Holidays. */
export function truthSeeds(): Seed[] {
  return [...SEEDS['pickle']!(), ...SEEDS['mat']!(), ...SEEDS['json']!(), SEEDS['list']!()[0]!];
}
