import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { discoverScenes } from '../../../src/main/engine/sfm/discover.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { locationHash, readModels } from '../../../src/main/engine/sfm/read.ts';
import { MODEL_READERS } from '../../../src/main/engine/sfm/readers/index.ts';
import { writeModel } from '../../../src/main/engine/sfm/writers/index.ts';
import { somePoints, writePhoto, writeTextModel } from '../../support/colmap.ts';
import { database, nerfstudio, openMvg, opensfm, SIXTEEN } from '../../support/foreign-models.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const tiny = join(folder, 'tiny');
writeTextModel(tiny, {
  images: [
    { name: 'a.jpg', at: [1, 2, -3], sees: [1, 2] },
    { name: 'b.jpg', at: [0, 0, 0], sees: [2] },
  ],
  points: somePoints(2),
});
const tinyModel = readModels({
  path: tiny,
  reader: MODEL_READERS.find((r) => r.format === 'txt')!,
})[0]!;

/** A model of each format in a folder that holds nothing else, and its files. */
const MADE: Readonly<Record<string, { make: (at: string) => unknown; files: readonly string[]; views: number }>> = {
  bin: {
    make: (at) => writeModel(tinyModel, 'colmap-bin', at),
    files: ['cameras.bin', 'images.bin', 'points3D.bin'],
    views: 2,
  },
  txt: {
    make: (at) => writeModel(tinyModel, 'colmap-txt', at),
    files: ['cameras.txt', 'images.txt', 'points3D.txt'],
    views: 2,
  },
  nvm: { make: (at) => writeModel(tinyModel, 'nvm', at), files: ['model.nvm'], views: 2 },
  openmvg: { make: (at) => openMvg(join(at, 'sfm_data.json')), files: ['sfm_data.json'], views: 2 },
  opensfm: {
    make: (at) => opensfm(join(at, 'reconstruction.json')),
    files: ['reconstruction.json', 'tracks.csv'],
    views: 2,
  },
  nerfstudio: { make: (at) => nerfstudio(join(at, 'transforms.json')), files: ['transforms.json'], views: 2 },
  bundler: { make: (at) => writeModel(tinyModel, 'bundler', at), files: ['bundle.out', 'list.txt'], views: 2 },
  database: {
    make(at) {
      database(join(at, 'database.db'), SIXTEEN);
      // What COLMAP committed last and did not yet move into the file.
      writeFileSync(join(at, 'database.db-wal'), Buffer.alloc(64, 7));
    },
    files: ['database.db', 'database.db-wal'],
    views: 2,
  },
};

describe.each(MODEL_READERS.map((r) => [r.format, r] as const))('the reader of %s', (format, reader) => {
  const at = join(folder, format);
  mkdirSync(at);
  const { make, files, views } = MADE[format]!;
  make(at);
  const found = discoverScenes([at])[0]!.models;
  const hash = (): Promise<string> => locationHash('scene', found[0]!);

  it('finds the model in a folder that holds only it, and reads it', () => {
    expect(found.map((m) => [m.reader.format, m.label])).toEqual([[format, '']]);
    expect(
      reader
        .files(found[0]!.path)
        .map((f) => relative(at, f))
        .sort(),
    ).toEqual([...files].sort());
    expect(readModels(found[0]!).map((m) => m.views.length)).toEqual([views]);
    // A reader says of itself whether its models have points.
    expect(readModels(found[0]!)[0]!.pointError.length > 0).toBe(reader.holds !== 'poses');
    expect(readModels(found[0]!)[0]!.matchesOnly === true).toBe(reader.holds === 'matches');
  });

  it('knows the model by every byte of every file that it reads, and by no other file', async () => {
    const before = await hash();
    expect(await hash()).toBe(before);
    for (const name of files) {
      const file = join(at, name);
      const bytes = readFileSync(file);
      const step = Math.max(1, Math.floor(bytes.length / 40));
      const places = [...Array.from({ length: 40 }, (_, i) => i * step), bytes.length - 1].filter(
        (p) => p < bytes.length,
      );
      for (const place of places) {
        const changed = Buffer.from(bytes);
        changed[place]! ^= 1;
        writeFileSync(file, changed);
        expect(await hash(), `${name} at ${place}`).not.toBe(before);
      }
      writeFileSync(file, bytes);
    }
    expect(await hash()).toBe(before);
    for (const other of ['notes.md', 'rigs.bin', 'frames.bin', 'features.csv', 'project.ini']) {
      writeFileSync(join(at, other), 'anything');
      expect(await hash(), other).toBe(before);
      rmSync(join(at, other));
    }
  });

  if (reader.at === 'file')
    it('is recognised by what a file begins with, whatever its name', () => {
      const [first] = reader.files(found[0]!.path);
      const renamed = join(folder, `${format}-renamed`);
      mkdirSync(renamed);
      writeFileSync(join(renamed, 'model.dat'), readFileSync(first!));
      expect(discoverScenes([join(renamed, 'model.dat')])[0]!.models[0]!.reader.format).toBe(format);
    });
});

describe('models whose side files change', () => {
  const made = async (name: string): Promise<string> => {
    const at = join(folder, name);
    mkdirSync(at);
    await writePhoto(join(at, 'a.jpg'), 1);
    await writePhoto(join(at, 'b.jpg'), 2);
    return at;
  };

  it('are other models: tracks.csv that is added brings its pairs', async () => {
    const at = await made('tracks');
    opensfm(join(at, 'reconstruction.json'));
    const tracks = readFileSync(join(at, 'tracks.csv'));
    rmSync(join(at, 'tracks.csv'));
    const library = Library.create(join(folder, 'tracks-library'));
    const pairs = (): unknown => library.db.prepare('SELECT COUNT(*) FROM pair').pluck().get();
    const without = await importSources(library, { sources: [at] }, silentContext());
    expect([without.pairs, pairs()]).toEqual([0, 0]);
    expect(without.warnings.join()).toContain('no tracks.csv');
    writeFileSync(join(at, 'tracks.csv'), tracks);
    for (const time of ['first', 'again']) {
      const report = await importSources(library, { sources: [at] }, silentContext());
      expect([report.clusters, report.pairs, pairs()], time).toEqual([1, 1, 1]);
    }
    library.close();
  });

  it('are other models: another list.txt names other photos', async () => {
    const at = await made('list');
    writeModel(tinyModel, 'bundler', at);
    const location = discoverScenes([at])[0]!.models[0]!;
    const before = await locationHash('list', location);
    writeFileSync(join(at, 'list.txt'), 'b.jpg\na.jpg\n');
    expect(await locationHash('list', location)).not.toBe(before);
  });

  it('counts what the library holds: the same model named twice is one', async () => {
    const at = await made('twice');
    writeModel(tinyModel, 'colmap-bin', at);
    const library = Library.create(join(folder, 'twice-library'));
    const report = await importSources(library, { sources: [at, at], images: at }, silentContext());
    const held = library.db.prepare('SELECT COUNT(*) AS clusters, SUM(points) AS points FROM cluster').get();
    expect(report).toMatchObject(held as object);
    expect(report).toMatchObject({ clusters: 1, points: 2, pairs: 1 });
    library.close();
  });

  it('are refused by name where one is missing', async () => {
    const at = await made('lacking');
    writeModel(tinyModel, 'colmap-bin', at);
    rmSync(join(at, 'points3D.bin'));
    await expect(locationHash('lacking', discoverScenes([at])[0]!.models[0]!)).rejects.toMatchObject({
      code: 'INPUT_MISSING',
      file: join(at, 'points3D.bin'),
    });
  });
});

describe('a pointer of Git LFS in place of a model', () => {
  it('is said to be one', () => {
    const file = join(folder, 'model.nvm');
    writeFileSync(file, 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n');
    expect(() => discoverScenes([file])).toThrow(/Git LFS pointer/);
  });
});
