import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  exportCollection,
  type CollectionExportOptions,
  type Material,
} from '../../../../src/main/engine/collections/exports/index.ts';
import { verifyFolder } from '../../../../src/main/engine/collections/verify.ts';
import { cancelled, silentContext } from '../../../../src/main/engine/queue/context.ts';
import { DEFAULTS, exported, inventedMaterial, NAMES, thrown } from '../../../support/collections.ts';
import { temporaryFolder } from '../../../support/folders.ts';
import { ROOT, smallDisk } from '../../../support/programs.ts';

const at = temporaryFolder();
const PHOTOS = join(at, 'photos');
const forty = (): Promise<Material> =>
  inventedMaterial(PHOTOS, { names: Array.from({ length: 40 }, (_, i) => `${i}.jpg`) });
const children: ChildProcess[] = [];
afterAll(() => children.forEach((c) => c.kill('SIGKILL')));

const command = (options: CollectionExportOptions, stop: number, how: 'kill' | 'wait'): [string, string[]] => [
  process.execPath,
  [join(ROOT, 'test/support/export-until-killed.ts'), PHOTOS, JSON.stringify(options), String(stop), how],
];
const whole = async (out: string): Promise<boolean> => (await verifyFolder(out, { level: 'full' }, silentContext())).ok;

describe('an export that is killed', () => {
  it.each([
    ['a folder', { formats: ['folder'], gallery: true }],
    ['a bag', { formats: ['bagit'] }],
    ['shards', { formats: ['webdataset', 'parquet'], shardBytes: 20_000 }],
    ['smaller photos', { formats: ['folder'], longSide: 32 }],
  ] as const)(
    'of %s leaves nothing at its place, goes on with what is finished, and is whole then',
    async (name, o) => {
      const options = { ...DEFAULTS, ...o, out: join(at, name.replace(' ', '-')) };
      const [program, args] = command(options, 25, 'kill');
      expect(spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] }).signal).toBe('SIGKILL');
      expect(existsSync(options.out)).toBe(false);
      const partial = `${options.out}.partial`;
      const finished = readFileSync(join(partial, 'covis-unfinished'), 'utf8')
        .trim()
        .split('\n')
        .slice(1)
        .map((l) => JSON.parse(l) as { path: string });
      expect(finished.length).toBeGreaterThan(0);
      // One that was damaged meanwhile is not taken for finished.
      const damaged = join(partial, finished[0]!.path);
      const bytes = readFileSync(damaged);
      bytes[0]! ^= 1;
      writeFileSync(damaged, bytes);
      const kept = finished.at(-1)!;
      const before = statSync(join(partial, kept.path)).ino;
      const report = await exported(await forty(), options.out, o);
      expect(report.kept).toBe(finished.length);
      expect(existsSync(partial)).toBe(false);
      expect(await whole(options.out)).toBe(true);
      if (finished.length > 1) expect(statSync(join(options.out, kept.path)).ino).toBe(before);
      const fresh = join(at, `${name.replace(' ', '-')}-fresh`);
      await exported(await forty(), fresh, o);
      const manifest = 'manifest-sha256.txt';
      expect(readFileSync(join(options.out, manifest))).toEqual(readFileSync(join(fresh, manifest)));
    },
  );

  it('of another version, or with other options, does not go on', async () => {
    const options = { ...DEFAULTS, out: join(at, 'other') };
    const [program, args] = command(options, 20, 'kill');
    spawnSync(program, args);
    const report = await exported(await forty(), options.out, { photos: 'hard-link' });
    expect(report.kept).toBe(0);
    expect(readdirSync(join(options.out, 'photos')).length).toBe(40);
    expect(await whole(options.out)).toBe(true);
  });
});

describe('two exports to one place', () => {
  it('are not: the second one is refused while the first is under way, with who that is', async () => {
    const options = { ...DEFAULTS, out: join(at, 'twice') };
    const [program, args] = command(options, 10, 'wait');
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    await once(child.stdout!, 'data');
    const error = await thrown(exported(await forty(), options.out));
    expect(error).toMatchObject({ code: 'STATE_CONFLICT', message: 'An export to this folder is under way' });
    expect(error!.hint).toContain(String(child.pid));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const report = await exported(await forty(), options.out);
    expect(report.kept).toBeGreaterThan(0);
    expect(await whole(options.out)).toBe(true);
    expect(readdirSync(at).filter((n) => n.startsWith('twice'))).toEqual(['twice']);
  });
});

describe('an export that a person stops', () => {
  it('leaves nothing', async () => {
    let left = 10;
    const task = {
      ...silentContext(),
      check: () => {
        left -= 1;
        if (left < 0) throw cancelled();
      },
    };
    const out = join(at, 'stopped');
    expect(await thrown(exportCollection(await forty(), { ...DEFAULTS, out }, task))).toMatchObject({
      code: 'CANCELLED',
    });
    expect(readdirSync(at).filter((n) => n.startsWith('stopped'))).toEqual([]);
  });
});

describe('photos', () => {
  it('that are gone are told before anything is written', async () => {
    const material = await inventedMaterial(join(at, 'gone'));
    rmSync(join(at, 'gone', '3.jpg'));
    const out = join(at, 'without');
    const error = await thrown(exported(material, out));
    expect(error).toMatchObject({
      code: 'INPUT_MISSING',
      message: expect.stringMatching(/^1 of 8 photos/) as string,
      file: join(at, 'gone', '3.jpg'),
    });
    expect(readdirSync(at).filter((n) => n.startsWith('without'))).toEqual([]);
  });

  it.each(['copy', 'hard-link', 'link'] as const)(
    'whose files hold something else are not exported as %s',
    async (photos) => {
      const library = join(at, `changed-${photos}`);
      const material = await inventedMaterial(library);
      writeFileSync(join(library, '2.jpg'), readFileSync(join(library, '1.jpg')));
      const out = join(at, `changed-out-${photos}`);
      const error = await thrown(exported(material, out, { photos }));
      expect(error).toMatchObject({ code: 'INPUT_MISSING', file: join(library, '2.jpg') });
      expect(existsSync(out)).toBe(false);
    },
  );
});

const disk = join(at, 'disk');
mkdirSync(disk);
const mounted = smallDisk(disk);
afterAll(() => mounted?.end());

describe.runIf(mounted !== undefined)('a disk that is full [needs an account that may mount a disk]', () => {
  it('is told before anything is written, with what is needed and what is free', async () => {
    mounted!.holds(24 << 10);
    const out = join(disk, 'x', 'out');
    const error = await thrown(
      exported(
        await inventedMaterial(join(at, 'library'), {
          photo: async (i, name) => (await import('../../../support/collections.ts')).invented(i, name, 200, 150),
        }),
        out,
      ),
    );
    expect(error).toMatchObject({ code: 'DISK_FULL', file: expect.stringContaining(disk) as string });
    expect(error!.message).toMatch(/are needed, .* are free$/);
    expect(existsSync(out)).toBe(false);
  });

  it('while photos are copied is told, and the export goes on once there is room', async () => {
    mounted!.holds(64 << 20);
    const material = await inventedMaterial(join(at, 'library'));
    const out = join(disk, 'later');
    let full = false;
    const fileOf: Material['fileOf'] = (e) => material.fileOf(e);
    const task = {
      ...silentContext(),
      progress: (done: number) => {
        if (done !== 3 || full) return;
        full = true;
        // Somebody else takes the rest of the disk.
        mounted!.holds(40 << 10);
      },
    };
    const error = await thrown(
      exportCollection({ ...material, fileOf }, { ...DEFAULTS, out, formats: ['folder', 'webdataset'] }, task),
    );
    expect(error).toMatchObject({ code: 'DISK_FULL' });
    expect(existsSync(out)).toBe(false);
    mounted!.holds(64 << 20);
    const report = await exported(material, out, { formats: ['folder', 'webdataset'] });
    expect(report.kept).toBeGreaterThan(0);
    expect(await whole(out)).toBe(true);
    expect(readdirSync(join(out, 'photos'), { recursive: true }).length).toBeGreaterThanOrEqual(NAMES.length);
  });
});
