import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { thumbnail } from '../../../src/main/engine/library/thumbnails.ts';
import { ensureDefaultNetwork } from '../../../src/main/engine/network/networks.ts';
import { silentContext, type TaskContext } from '../../../src/main/engine/queue/context.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import type { JobResult } from '../../../src/shared/jobs/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SAMPLE } from '../../support/small-library.ts';

const folder = temporaryFolder();

type Part = JobResult<'check'>['parts'][number];

async function checked(library: Library, full = false): Promise<Readonly<Record<string, Part>>> {
  const { database, parts } = await WORK.check.run(library, { full }, silentContext());
  expect(database).toEqual([]);
  return Object.fromEntries(parts.map((p) => [p.what, p]));
}

const found = (p: Part | undefined): readonly number[] => [p?.files ?? -1, p?.missing ?? -1, p?.damaged ?? -1];

describe('covis check', async () => {
  // A place of its own, because its photos are changed.
  const place = join(folder, 'castle');
  cpSync(join(SAMPLE, 'castle'), place, { recursive: true });
  const library = Library.create(join(folder, 'library'));
  ensureDefaultNetwork(library);
  await WORK.import.run(library, { sources: [place] }, silentContext());
  await WORK.extract.run(library, { size: 64 }, silentContext());
  const photos = (library.db.prepare('SELECT COUNT(*) FROM photo_file').pluck().get() as number) ?? 0;
  const photo = join(place, 'images', 'castle_03.jpg');

  it('finds nothing wrong with a library as it was made', async () => {
    const parts = await checked(library, true);
    expect(found(parts['photos'])).toEqual([photos, 0, 0]);
    expect(found(parts['networks'])).toEqual([1, 0, 0]);
    expect(found(parts['3D models'])).toEqual([7, 0, 0]);
    expect(found(parts['descriptors'])).toEqual([2, 0, 0]);
  });

  it('finds a photo with other content by its time, and behind an unchanged time when all are read', async () => {
    const bytes = readFileSync(photo);
    const { mtime } = statSync(photo);
    const changed = Buffer.from(bytes);
    changed[changed.length - 100]! ^= 1;
    writeFileSync(photo, changed);
    expect(found((await checked(library))['photos'])).toEqual([photos, 0, 1]);
    utimesSync(photo, mtime, mtime);
    expect(found((await checked(library, true))['photos'])).toEqual([photos, 0, 1]);
    // The same content at another time is the same photo.
    writeFileSync(photo, bytes);
    expect(found((await checked(library))['photos'])).toEqual([photos, 0, 0]);
  });

  it('takes what others let go meanwhile for no fault: thumbnails come again when they are asked for', async () => {
    const hashes = library.db.prepare('SELECT hash FROM photo LIMIT 4').pluck().all() as string[];
    for (const hash of hashes) await thumbnail(library, hash, 128);
    const thumbnails = library.file('thumbnails');
    const what = 'thumbnails, edge maps and features';
    for (const at of [0, 1, 2]) {
      for (const hash of hashes) await thumbnail(library, hash, 128);
      let checking = false;
      const task: TaskContext = {
        ...silentContext(),
        step: (name) => void (checking = name === `Checking ${what}`),
        progress: (done) => checking && done === at && rmSync(thumbnails, { recursive: true }),
        check: () => checking && at === 0 && rmSync(thumbnails, { recursive: true, force: true }),
      };
      const { parts } = await WORK.check.run(library, { full: at === 1 }, task);
      expect(found(parts.find((p) => p.what === what))).toEqual([hashes.length, 0, 0]);
      mkdirSync(thumbnails, { recursive: true });
    }
    // One that is there and empty is damaged.
    for (const hash of hashes) await thumbnail(library, hash, 128);
    const one = readdirSync(thumbnails, { recursive: true, encoding: 'utf8' }).find((n) => n.endsWith('.jpg'))!;
    truncateSync(join(thumbnails, one), 0);
    expect(found((await checked(library))[what])).toEqual([hashes.length, 0, 1]);
    rmSync(join(thumbnails, one));
  });

  it('finds photos, arrays, networks and descriptors that are gone, cut short, too long or changed, and names them', async () => {
    const uid = library.db.prepare('SELECT uid FROM cluster').pluck().get() as string;
    const network = library.db.prepare('SELECT uid FROM network').pluck().get() as string;
    rmSync(photo);
    rmSync(library.file('clusters', uid, 'errors.npy'));
    truncateSync(library.file('clusters', uid, 'points.npy'), 200);
    const onnx = library.file('networks', `${network}.onnx`);
    const bytes = readFileSync(onnx);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(onnx, bytes);
    const descriptors = library.file('descriptors', `${network}-64.npy`);
    truncateSync(descriptors, statSync(descriptors).size - 4);
    const parts = await checked(library);
    expect(found(parts['photos'])).toEqual([photos, 1, 0]);
    expect(parts['photos']!.examples).toEqual([`${photo} (missing)`]);
    expect(found(parts['3D models'])).toEqual([7, 1, 1]);
    expect(parts['3D models']!.remedy).toMatch(/Import/);
    expect(found(parts['networks'])).toEqual([1, 0, 1]);
    expect(found(parts['descriptors'])).toEqual([2, 0, 1]);
  });

  it('says what SQLite finds in a damaged database', async () => {
    const page = library.db
      .prepare("SELECT rootpage FROM sqlite_master WHERE name = 'pair_all'")
      .pluck()
      .get() as number;
    const size = library.db.pragma('page_size', { simple: true }) as number;
    library.close();
    const file = join(folder, 'library', 'library.db');
    const db = readFileSync(file);
    db.fill(0xff, (page - 1) * size + 12, page * size - 200);
    writeFileSync(file, db);
    expect(() => Library.open(join(folder, 'library'))).toThrow(
      expect.objectContaining({ code: 'INPUT_CORRUPT', file }) as Error,
    );
    const damaged = Library.open(join(folder, 'library'), 'sound');
    const { database } = await WORK.check.run(damaged, {}, silentContext());
    expect(database.length).toBeGreaterThan(0);
    damaged.close();
  });
});
