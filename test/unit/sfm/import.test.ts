import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { sharedPointsOfPhotos, listClusters } from '../../../src/main/engine/sfm/clusters.ts';
import { discoverScenes } from '../../../src/main/engine/sfm/discover.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { somePoints, writePhoto, writeTextModel } from '../../support/colmap.ts';
import { describeWith, ROOT, SHARED } from '../../support/programs.ts';

const folder = temporaryFolder();
let next = 0;
const library = (): Library => Library.create(join(folder, `library-${next++}`));
const at = (...p: string[]): string => join(folder, ...p);

/** A scene of photos p0..pn-1 that all see the same points; one model per entry of `models`, listing its photos. */
async function scene(name: string, models: Record<string, number[]>, photos: number, seed: number): Promise<string> {
  const root = at(name);
  for (let i = 0; i < photos; i += 1) await writePhoto(join(root, 'images', `p${i}.jpg`), seed + i);
  for (const [label, members] of Object.entries(models)) {
    writeTextModel(join(root, 'sparse', label), {
      images: members.map((i) => ({
        name: `p${i}.jpg`,
        at: [i * 0.1, 0, 0],
        sees: Array.from({ length: 40 }, (_, k) => k + 1),
      })),
      points: somePoints(40),
    });
  }
  return root;
}

function places(l: Library): Record<string, number> {
  return Object.fromEntries(listClusters(l).map((c) => [c.name, c.place]));
}

describe('import', () => {
  it('keeps several models of one scene apart but at one place, and other scenes at others', async () => {
    const one = await scene('one', { 0: [0, 1, 2], 1: [3, 4] }, 5, 100);
    const two = await scene('two', { 0: [0, 1] }, 2, 200);
    const l = library();
    const r = await importSources(l, { sources: [one, two] }, silentContext());
    expect(r).toMatchObject({ photos: 7, clusters: 3, missing: [], warnings: [] });
    const p = places(l);
    expect(p['one/0']).toBe(p['one/1']);
    expect(p['two']).not.toBe(p['one/0']);
    l.close();
  });

  it('makes one place of scenes that share a photo, and says so', async () => {
    const a = await scene('share-a', { 0: [0, 1] }, 2, 300);
    const b = await scene('share-b', { 0: [0, 1] }, 2, 400);
    cpSync(join(a, 'images', 'p1.jpg'), join(b, 'images', 'p0.jpg'));
    const l = library();
    const r = await importSources(l, { sources: [a, b] }, silentContext());
    expect(r.photos).toBe(3);
    expect(r.warnings).toEqual([expect.stringContaining('share 1 photo')]);
    const p = places(l);
    expect(p['share-a']).toBe(p['share-b']);
    l.close();
  });

  it('lists missing photos and keeps photos that no model registers', async () => {
    const root = await scene('missing', { 0: [0, 1, 2] }, 4, 500);
    rmSync(join(root, 'images', 'p1.jpg'));
    const l = library();
    const r = await importSources(l, { sources: [root] }, silentContext());
    expect(r.missing).toEqual([join(root, 'images', 'p1.jpg')]);
    expect(r.photos).toBe(3);
    expect(listClusters(l)[0]).toMatchObject({ photos: 2, missing: 1 });
    l.close();
  });

  it('numbers photos by name, whichever is read first, so that seeds mean the same everywhere', async () => {
    const root = await scene('order', { 0: [0, 1, 2, 3] }, 4, 650);
    // The first photo takes longest to read.
    await writePhoto(join(root, 'images', 'p0.jpg'), 650, [3000, 2400]);
    const l = library();
    await importSources(l, { sources: [root] }, silentContext());
    const names = l.db
      .prepare('SELECT f.name FROM photo p JOIN photo_file f ON f.photo_id = p.id ORDER BY p.id')
      .pluck()
      .all();
    expect(names).toEqual(['p0.jpg', 'p1.jpg', 'p2.jpg', 'p3.jpg']);
    l.close();
  });

  it('is idempotent', async () => {
    const root = await scene('again', { 0: [0, 1, 2] }, 3, 600);
    const l = library();
    await importSources(l, { sources: [root] }, silentContext());
    const before = listClusters(l);
    await importSources(l, { sources: [root] }, silentContext());
    expect(listClusters(l)).toEqual(before);
    expect(l.db.prepare('SELECT COUNT(*) FROM photo').pluck().get()).toBe(3);
    l.close();
  });

  it('leaves the library unchanged when one of several models is corrupt', async () => {
    const good = await scene('good', { 0: [0, 1] }, 2, 700);
    const bad = await scene('bad', { 0: [0, 1] }, 2, 800);
    writeFileSync(join(bad, 'sparse', '0', 'points3D.txt'), '1 0 0 zero 1 2 3 0.5\n');
    const l = library();
    const dump = (): unknown =>
      ['scene', 'photo', 'cluster', 'view', 'pair'].map((t) => l.db.prepare(`SELECT * FROM ${t}`).all());
    const before = dump();
    await expect(importSources(l, { sources: [good, bad] }, silentContext())).rejects.toMatchObject({
      code: 'INPUT_CORRUPT',
      file: join(bad, 'sparse', '0', 'points3D.txt'),
      offset: 0,
    });
    expect(dump()).toEqual(before);
    expect(readdirSync(l.file('clusters'))).toEqual([]);
    expect(readdirSync(l.file('staging'))).toEqual([]);
    l.close();
  });

  it('reports a broken photo and goes on', async () => {
    const root = await scene('broken', { 0: [0, 1, 2] }, 3, 900);
    writeFileSync(join(root, 'images', 'p2.jpg'), 'not a photo');
    const l = library();
    const r = await importSources(l, { sources: [root] }, silentContext());
    expect(r.photos).toBe(2);
    expect(r.warnings.some((w) => w.includes('p2.jpg'))).toBe(true);
    l.close();
  });

  it('turns observations with the photo when EXIF says it is turned', async () => {
    const root = at('turned');
    await writePhoto(join(root, 'images', 'p0.jpg'), 1000, [100, 80], 6);
    await writePhoto(join(root, 'images', 'p1.jpg'), 1001, [100, 80]);
    writeTextModel(join(root, 'sparse', '0'), {
      images: [0, 1].map((i) => ({ name: `p${i}.jpg`, at: [0, 0, 0], sees: [1] })),
      points: { 1: [0.5, 0, 5] },
    });
    const l = library();
    await importSources(l, { sources: [root] }, silentContext());
    const rows = l.db.prepare('SELECT hash, width, height, orientation FROM photo ORDER BY orientation DESC').all() as {
      hash: string;
      width: number;
      height: number;
    }[];
    expect(rows[0]).toMatchObject({ width: 80, height: 100, orientation: 6 });
    const [xa, ya, xb, yb] = sharedPointsOfPhotos(l, rows[0]!.hash, rows[1]!.hash);
    // Right of the centre in the sensor is below the centre once a photo with orientation 6 is upright.
    expect(xb).toBeCloseTo(0.5 + 9 / 100, 5);
    expect(yb).toBeCloseTo(0.5, 5);
    expect(xa).toBeCloseTo(0.5, 5);
    expect(ya).toBeCloseTo(xb!, 5);
    l.close();
  });

  it('says what it looked for when there is nothing', () => {
    mkdirSync(at('nothing'), { recursive: true });
    expect(() => discoverScenes([at('nothing')])).toThrow(/No model and no photo/);
    expect(() => discoverScenes([at('nowhere')])).toThrow(/does not exist/);
  });

  it('ships a sample that is exact: every observation is where its point projects', () => {
    const sample = join(ROOT, 'resources', 'sample');
    const scenes = discoverScenes([sample]);
    expect(scenes.length).toBeGreaterThanOrEqual(12);
    for (const s of scenes) expect(readdirSync(s.images).length).toBeGreaterThanOrEqual(12);
    expect(existsSync(join(sample, 'README.md'))).toBe(true);
    expect(readFileSync(join(sample, 'README.md'), 'utf8')).toContain('make-sample');
  });
});

describeWith(['shared data'], 'real scenes', () => {
  it('imports all of them together', async () => {
    const l = library();
    const r = await importSources(l, { sources: [join(SHARED, 'scenes')] }, silentContext());
    expect(r).toMatchObject({ photos: 343, clusters: 24, missing: [] });
    const p = places(l);
    const statue = Object.entries(p).filter(([name]) => name.startsWith('statue_of_liberty'));
    expect(statue.length).toBe(9);
    expect(new Set(statue.map(([, place]) => place)).size).toBe(1);
    expect(p['lund/0']).toBe(p['lund/1']);
    expect(r.warnings.some((w) => w.includes('lund/0') && w.includes('lund/1'))).toBe(true);
    l.close();
  });
});
