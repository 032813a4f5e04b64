/** How fast long work was on this machine, for estimates: a file beside the settings. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { makeFolder } from './folders.ts';
import { logFailure, logger } from './log.ts';
import { settingsFile } from './settings.ts';

const rates = z.record(z.string(), z.object({ units: z.number().positive(), seconds: z.number().positive() }));
export type Rates = z.infer<typeof rates>;

const ratesFile = (): string => join(dirname(settingsFile()), 'rates.json');

/** Seconds and units of the newest work of each kind. A file that cannot be read counts as nothing measured. */
export function readRates(): Rates {
  const file = ratesFile();
  try {
    return existsSync(file) ? rates.parse(JSON.parse(readFileSync(file, 'utf8'))) : {};
  } catch (error) {
    logFailure(logger('start'), `${file} cannot be read`, error);
    return {};
  }
}

/** Notes how long some work took. Where that cannot be written, the log says so. */
export function noteRate(kind: string, units: number, seconds: number): void {
  if (!(units > 0) || !(seconds > 0)) return;
  const file = ratesFile();
  try {
    makeFolder(dirname(file));
    const temporary = `${file}.${process.pid}.tmp`;
    writeFileSync(temporary, `${JSON.stringify({ ...readRates(), [kind]: { units, seconds } }, undefined, 2)}\n`);
    renameSync(temporary, file);
  } catch (error) {
    logFailure(logger('start'), `${file} cannot be written`, error);
  }
}
