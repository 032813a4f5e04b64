/** Owns a file and gives it back, over and over for so many milliseconds. Prints how often it had it, and what was thrown, also where another had it at the same time. */
import { rmSync, writeFileSync } from 'node:fs';
import { ownIfFree } from '../../src/main/engine/library/file-owner.ts';

const [file, ms] = process.argv.slice(2) as [string, string];
const end = Date.now() + Number(ms);
let owned = 0;
const thrown: string[] = [];
while (Date.now() < end)
  try {
    const giveBack = ownIfFree(file);
    if (giveBack === undefined) continue;
    owned += 1;
    try {
      writeFileSync(`${file}.alone`, '', { flag: 'wx' });
      rmSync(`${file}.alone`);
    } finally {
      giveBack();
    }
  } catch (error) {
    thrown.push(String(error));
  }
process.stdout.write(JSON.stringify({ owned, thrown: thrown.slice(0, 3) }));
