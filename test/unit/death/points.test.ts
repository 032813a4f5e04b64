/**
 * Libraries as they are found where the process died at a point of a job: before each rename, link, copy, removal, flush and whole file, after
 * each rename and write to the database, before and after each commit. The job is done again: what comes of it equals what comes of a job that
 * nobody disturbed. Some points of each job, other ones each time; `COVIS_KILLS=200` for all.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../support/folders.ts';
import { differences, Ground, work } from './undisturbed.ts';

const ALL = Number(process.env['COVIS_KILLS'] ?? 0) >= 200;
/** One point of so many, by how many a job has. */
const EVERY: Readonly<Record<string, number>> = { import: 29, train: 17, cluster: 23, extract: 7, regions: 7 };
const OTHERS = 5;
const ground = new Ground(temporaryFolder());

it(
  'a job that is done again after its process died at any point ends as one that nobody disturbed',
  { timeout: 3_600_000 },
  async () => {
    const images = (i: number): string => join(ground.folder, `images-${i}`);
    const undisturbed = await ground.undisturbed((task, i) => {
      const every = ALL ? 1 : (EVERY[task.kind] ?? OTHERS);
      return { folder: images(i), every, first: Math.floor(Math.random() * every) };
    });
    const faults: string[] = [];
    let looked = 0;
    for (const [i, whole] of undisturbed.entries()) {
      const { kind, params } = whole.task;
      const points = whole.names.flatMap((name, n) => {
        const library = join(images(i), String(n + 1));
        return existsSync(library) ? [{ library, name: `${kind}, ${n + 1}, ${name}` }] : [];
      });
      expect([kind, points.length > 0]).toEqual([kind, true]);
      const { done, said } = await work(points.map(({ library }) => ({ library, kind, params })));
      expect([kind, done.length], said.slice(-2000)).toEqual([kind, points.length]);
      for (const [k, { library, name }] of points.entries()) {
        const { failed } = done[k]!;
        const found = failed === undefined ? differences(whole, library) : [`cannot be done again: ${failed}`];
        faults.push(...found.map((what) => `${name}: ${what}`));
      }
      looked += points.length;
      rmSync(images(i), { recursive: true });
    }
    if (ALL) process.stdout.write(`${looked} points\n`);
    expect(faults).toEqual([]);
  },
);
