import { CovisError } from '../../../../shared/errors.ts';
import type { MatValue } from '../../formats/mat-values.ts';
import { readMat5 } from '../../formats/mat5.ts';
import { LABELS, type GroundTruth } from '../ground-truth.ts';
import type { TruthReader } from './reader.ts';
import { fromRecord } from './record.ts';

/** `gnd_*.mat` of versions 5 to 7, rows counted from 1. */
export const mat: TruthReader = {
  format: 'mat',
  title: 'gnd_*.mat',
  at: 'file',
  named: /\.mat$/i,
  begins: (head) => head.toString('latin1').startsWith('MATLAB 5.0 MAT-file'),
  read: fromMat,
};

function fromMat(file: string): GroundTruth {
  const vars = readMat5(file);
  const texts = (v: MatValue | undefined): string[] | undefined =>
    v?.kind === 'cell' ? v.items.map((i) => (i.kind === 'text' ? i.text : '')) : undefined;
  const numbers = (v: MatValue | undefined): number[] | undefined =>
    v?.kind === 'numbers' ? Array.from(v.data) : undefined;
  const gnd = vars.get('gnd');
  const images = texts(vars.get('imlist'));
  if (gnd?.kind !== 'struct' || images === undefined)
    throw new CovisError('INPUT_CORRUPT', 'This .mat file has no imlist and gnd', { file });
  const record = {
    imlist: images,
    qimlist: texts(vars.get('qimlist')),
    qidx: numbers(vars.get('qidx')),
    gnd: gnd.items.map((item) =>
      Object.fromEntries(
        ['bbx', ...LABELS].flatMap((key) => {
          const list = numbers(item.get(key));
          return list === undefined ? [] : [[key, list]];
        }),
      ),
    ),
  };
  return fromRecord(record, file, 1);
}
