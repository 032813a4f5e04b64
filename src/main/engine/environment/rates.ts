/** How fast long work was on this machine, for estimates: a file beside the settings. */
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { changeKept, entriesOf, readKept } from './kept-file.ts';
import { logFailure, logger } from './log.ts';
import { settingsFile } from './settings.ts';

const rate = z.object({ units: z.number().positive(), seconds: z.number().positive() });
const SHAPE = entriesOf(rate);
export type Rates = Readonly<Record<string, z.infer<typeof rate>>>;

const ratesFile = (): string => join(dirname(settingsFile()), 'rates.json');

/** Seconds and units of the newest work of each kind. What cannot be read counts as not measured. */
export const readRates = (): Rates => readKept(ratesFile(), SHAPE);

/**
 * Seconds of a training in one fold with the comparison with the default after it, by what it took here before; undefined where that is not known.
 * @param photos that are compared.
 */
export function trainingSeconds(rates: Rates, epochs: number, photos: number): number | undefined {
  const { train, compare } = rates;
  if (train === undefined || compare === undefined) return undefined;
  return (epochs * train.seconds) / train.units + (photos * compare.seconds) / compare.units;
}

/** Notes how long some work took. Where that cannot be written, the log says so. */
export function noteRate(kind: string, units: number, seconds: number): void {
  if (!(units > 0) || !(seconds > 0)) return;
  const file = ratesFile();
  try {
    changeKept(file, SHAPE, (before) => ({ ...before, [kind]: { units, seconds } }), 0o666);
  } catch (error) {
    logFailure(logger('start'), `${file} cannot be written`, error);
  }
}
