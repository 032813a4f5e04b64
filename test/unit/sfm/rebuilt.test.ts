import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { editClusters } from '../../../src/main/engine/mining/cluster-changes.ts';
import { redo, undo } from '../../../src/main/engine/mining/decisions.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { listClusters } from '../../../src/main/engine/sfm/clusters.ts';
import { importWork } from '../../../src/main/engine/work/import.ts';
import { somePoints, writePhoto, writeTextModel } from '../../support/colmap.ts';
import { opensfm } from '../../support/foreign-models.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';

const folder = temporaryFolder();
let made = 0;
async function scene(
  photos = 4,
): Promise<{ root: string; build: (members: number[], points?: number) => void; library: Library }> {
  const root = join(folder, `s${(made += 1)}`);
  for (let i = 0; i < photos; i += 1) await writePhoto(join(root, 'images', `p${i}.jpg`), 50 * made + i);
  const build = (members: number[], points = 30): void =>
    writeTextModel(join(root, 'sparse', '0'), {
      images: members.map((i) => ({
        name: `p${i}.jpg`,
        at: [i * 0.1, 0, 0],
        sees: Array.from({ length: points }, (_, k) => k + 1),
      })),
      points: somePoints(points),
    });
  return { root, build, library: Library.create(join(folder, `l${made}`)) };
}
const run = (l: Library, root: string, more: object = {}): ReturnType<typeof importWork.run> =>
  importWork.run(l, { sources: [root], ...more }, silentContext());
const inForce = (l: Library): number[] => listClusters(l).map((c) => c.photos);

describe('a model that was rebuilt in place', () => {
  it('replaces the older one, as one action that can be undone', async () => {
    const { root, build, library: l } = await scene();
    build([0, 1, 2]);
    await run(l, root);
    const [old] = listClusters(l);
    editClusters(l, { kind: 'rename', cluster: old!.id, name: 'The gate' });
    build([0, 1, 2, 3]);
    const r = await run(l, root);
    expect(inForce(l)).toEqual([4]);
    expect(listClusters(l)[0]!.name).toBe('The gate');
    expect(r.scenes[0]!.models[0]!.replaces).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(r.warnings).toEqual([expect.stringMatching(/replaces the model imported on \d{4}-\d\d-\d\d from .*sparse/)]);
    expect(undo(l)).not.toBeNull();
    expect(listClusters(l).map((c) => c.id)).toEqual([old!.id]);
    redo(l);
    expect(inForce(l)).toEqual([4]);
    // Nothing changed since: nothing happens.
    expect((await run(l, root)).warnings).toEqual([]);
    expect(inForce(l)).toEqual([4]);
    // As it was before, once more.
    build([0, 1, 2]);
    await run(l, root);
    expect(listClusters(l).map((c) => c.id)).toEqual([old!.id]);
    l.close();
  });

  it('stays beside it where that is asked, and stays excluded where the older one was', async () => {
    const { root, build, library: l } = await scene();
    build([0, 1, 2]);
    await run(l, root);
    build([0, 1, 2, 3]);
    const r = await run(l, root, { keepBoth: true });
    expect(inForce(l)).toEqual([3, 4]);
    expect(r.warnings[0]).toMatch(/stands beside the model imported on/);
    expect(r.scenes[0]!.models[0]!.replaces).toBeNull();
    editClusters(l, { kind: 'exclude', clusters: listClusters(l).map((c) => c.id) });
    build([0, 1]);
    await run(l, root);
    expect(listClusters(l).map((c) => [c.photos, c.excluded])).toEqual([[2, true]]);
    l.close();
  });

  it('does not undo what a person split', async () => {
    const { root, build, library: l } = await scene();
    build([0, 1, 2, 3]);
    await run(l, root);
    editClusters(l, { kind: 'split', cluster: listClusters(l)[0]!.id, views: [0, 1] });
    await run(l, root);
    expect(inForce(l)).toEqual([2, 2]);
    build([0, 1, 2]);
    const r = await run(l, root);
    expect(inForce(l)).toEqual([2, 2, 3]);
    expect(r.warnings.some((w) => w.includes('merged or split'))).toBe(true);
    l.close();
  });

  it('replaces one that was split where that was undone', async () => {
    const { root, build, library: l } = await scene();
    build([0, 1, 2, 3]);
    await run(l, root);
    editClusters(l, { kind: 'split', cluster: listClusters(l)[0]!.id, views: [0, 1] });
    undo(l);
    expect(inForce(l)).toEqual([4]);
    build([0, 1, 2]);
    const r = await run(l, root);
    expect(inForce(l)).toEqual([3]);
    expect(r.warnings).toEqual([expect.stringMatching(/replaces the model imported on/)]);
    l.close();
  });

  it('is one whose optional files came later', async () => {
    const root = join(folder, 'opensfm');
    for (let i = 0; i < 3; i += 1) await writePhoto(join(root, 'images', `o${i}.jpg`), 700 + i);
    opensfm(join(root, 'reconstruction.json'));
    const tracks = readFileSync(join(root, 'tracks.csv'));
    rmSync(join(root, 'tracks.csv'));
    const l = Library.create(join(folder, 'opensfm-library'));
    expect(await run(l, root)).toMatchObject({ clusters: 1, pairs: 0 });
    writeFileSync(join(root, 'tracks.csv'), tracks);
    const again = await run(l, root);
    expect(again.pairs).toBeGreaterThan(0);
    expect(l.db.prepare('SELECT COUNT(*) FROM pair').pluck().get()).toBe(again.pairs);
    expect(listClusters(l)).toHaveLength(1);
    l.close();
  });

  it('counts what the library holds, also of a model that was stored wrongly', async () => {
    const { root, build, library: l } = await scene(3);
    build([0, 1, 2]);
    await run(l, root);
    l.db.exec("DELETE FROM pair_all; UPDATE view_all SET photo_id = 1, name = 'x'");
    expect(await run(l, root)).toMatchObject({ pairs: 3, bound: 3 });
    expect(l.db.prepare('SELECT COUNT(*) FROM pair_all').pluck().get()).toBe(3);
    expect(l.db.prepare('SELECT name, photo_id FROM view_all ORDER BY view_index').raw().all()).toEqual([
      ['p0.jpg', 1],
      ['p1.jpg', 2],
      ['p2.jpg', 3],
    ]);
    l.close();
  });
});

describe('a dry run', () => {
  const content = (at: string): Record<string, string> =>
    Object.fromEntries(
      readdirSync(at, { recursive: true, withFileTypes: true })
        .filter((e) => e.isFile())
        .map((e) => join(e.parentPath, e.name))
        .sort()
        .map((f) => [f, createHash('sha256').update(readFileSync(f)).digest('hex')]),
    );
  const covis = (...args: string[]): { status: number | null; stdout: string } =>
    spawnSync(process.execPath, [join(ROOT, 'bin', 'covis.mjs'), ...args], { encoding: 'utf8' });

  it('finds what an import would, and writes nothing', async () => {
    const { root, build, library: l } = await scene();
    build([0, 1, 2, 3]);
    rmSync(join(root, 'images', 'p3.jpg'));
    await writePhoto(join(root, 'more', 'q.jpg'), 999);
    l.close();
    const before = content(l.path);
    const dry = covis('import', l.path, root, '--dry-run');
    expect(content(l.path)).toEqual(before);
    expect(dry.status).toBe(0);
    expect(dry.stdout).toContain('4 images, 3 bound, 1 missing, 0 ambiguous, 30 points, 6 pairs');
    expect(dry.stdout).toContain('missing: p3.jpg');
    expect(dry.stdout).toContain(`passed over: ${join(root, 'more')}`);
    const json = JSON.parse(covis('import', l.path, root, '--dry-run', '--json').stdout) as Record<string, unknown>;
    const really = JSON.parse(covis('import', l.path, root, '--json').stdout) as Record<string, unknown>;
    expect(json).toEqual({ ...really, dryRun: true });
    expect(covis('import', join(folder, 'nowhere'), root, '--dry-run').status).toBe(0);
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  }, 60_000);
});
