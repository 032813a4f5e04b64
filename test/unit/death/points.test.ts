/**
 * Libraries as they are found where the process died at a point of a job: before each rename, link, copy, removal, flush and whole file, after
 * each rename and write to the database, before and after each commit. The job is done again: what comes of it equals what comes of a job that
 * nobody disturbed. Some points of each job, other ones each time; `COVIS_KILLS=200` for all.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/folders.ts';
import { KINDS } from './orders.ts';
import { differences, Ground, work, type Undisturbed } from './undisturbed.ts';

const ALL = Number(process.env['COVIS_KILLS'] ?? 0) >= 200;
/** One point of so many, by how many a job has. */
const EVERY: Readonly<Record<string, number>> = {
  import: 29,
  train: 17,
  cluster: 23,
  extract: 7,
  regions: 7,
  teacher: 133,
  ladder: 77,
  run: 51,
  duplicates: 23,
  backup: 23,
};
const OTHERS = 5;
const ground = new Ground(temporaryFolder());
const images = (i: number): string => join(ground.folder, `images-${i}`);
let undisturbed: Undisturbed[] = [];

beforeAll(async () => {
  undisturbed = await ground.undisturbed((task, i) => {
    const every = ALL ? 1 : (EVERY[task.kind] ?? OTHERS);
    return { folder: images(i), every, first: Math.floor(Math.random() * every) };
  });
}, 900_000);

it.each(KINDS.map((kind, i) => [kind, i] as const))(
  '%s (%i) that is done again after its process died at any point ends as one that nobody disturbed',
  { timeout: 1_800_000 },
  async (kind, i) => {
    const whole = undisturbed[i]!;
    const { params } = whole.task;
    expect(whole.task.kind).toBe(kind);
    const points = whole.names.flatMap((name, n) => {
      const library = join(images(i), String(n + 1));
      return existsSync(library) ? [{ library, name: `${n + 1}, ${name}` }] : [];
    });
    expect(points.length).toBeGreaterThan(0);
    const { done, said } = await work(points.map(({ library }) => ({ library, kind, params })));
    expect(done.length, said.slice(-2000)).toBe(points.length);
    const faults = points.flatMap(({ library, name }, k) => {
      const { failed } = done[k]!;
      const found = failed === undefined ? differences(whole, library) : [`cannot be done again: ${failed}`];
      return found.map((what) => `${name}: ${what}`);
    });
    rmSync(images(i), { recursive: true });
    expect(faults).toEqual([]);
  },
);
