import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readGroundTruth } from '../../../src/main/engine/evaluation/ground-truth-files.ts';
import { exportLibrary, type ExportOptions } from '../../../src/main/engine/exchange/exports/index.ts';
import { importPairs } from '../../../src/main/engine/exchange/import-pairs.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { ensureDefaultNetwork, importNetwork, loadNetwork } from '../../../src/main/engine/network/networks.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { describeWith } from '../../support/programs.ts';
import { python } from '../../support/python.ts';
import { SAMPLE } from '../../support/small-library.ts';

const folder = temporaryFolder();
const at = (...name: string[]): string => join(folder, ...name);
const PLACES = ['castle', 'pagoda', 'factory'];
/** EXIF orientation of a photo by its number. */
const TURNS = [1, 6, 3, 8];
let library: Library;
const told: string[] = [];
const write = (o: ExportOptions, warnings: string[] = []): ReturnType<typeof exportLibrary> =>
  exportLibrary(library, o, silentContext(warnings));

beforeAll(async () => {
  for (const place of PLACES) {
    mkdirSync(at(place, 'images'), { recursive: true });
    mkdirSync(at(place, 'sparse', '0'), { recursive: true });
    for (const f of readdirSync(join(SAMPLE, place, 'sparse', '0')))
      copyFileSync(join(SAMPLE, place, 'sparse', '0', f), at(place, 'sparse', '0', f));
    for (const [i, f] of readdirSync(join(SAMPLE, place, 'images')).entries())
      await sharp(join(SAMPLE, place, 'images', f))
        .withMetadata({ orientation: TURNS[i % 4]! })
        .toFile(at(place, 'images', f));
  }
  library = Library.create(at('library'));
  ensureDefaultNetwork(library);
  await importSources(library, { sources: PLACES.map((p) => at(p)) }, silentContext(told));
}, 60_000);
afterAll(() => library.close());

describe('a benchmark of photos that EXIF turns', () => {
  it('has the boxes of the files as stored, under the folder’s name, and says that photos are turned', async () => {
    const warnings: string[] = [];
    const { files, photos } = await write({ format: 'gnd', out: at('Turned') }, warnings);
    expect(files[0]).toBe(at('Turned', 'gnd_Turned.pkl'));
    const truth = readGroundTruth(files[0]!, 'medium');
    let tall = 0;
    for (const q of truth.queries) {
      const { width, height, orientation = 1 } = await sharp(join(files[1]!, `${q.name}.jpg`)).metadata();
      expect(q.bbx).toEqual([0, 0, width, height]);
      if (orientation >= 5) tall += 1;
    }
    expect(tall).toBeGreaterThan(0);
    const turned =
      truth.images.length - PLACES.reduce((n, p) => n + Math.ceil(readdirSync(at(p, 'images')).length / 4), 0);
    expect(photos).toBe(truth.images.length);
    expect(warnings).toContainEqual(
      expect.stringMatching(new RegExp(`^${turned} of ${truth.images.length} photos are turned by their EXIF tag`)),
    );
    expect(warnings).toContainEqual(expect.stringMatching(/in lower case: rename Turned and its file to turned$/));
  });

  describeWith(['python readers'], 'in Pillow', () => {
    it('is the same pixels whole and cropped', () => {
      const r = python<{ queries: number; same: number }>(
        `
import os, pickle
from PIL import Image
cfg = pickle.load(open(os.path.join(given, 'gnd_Turned.pkl'), 'rb'))
same = 0
for q, g in zip(cfg['qimlist'], cfg['gnd']):
    im = Image.open(os.path.join(given, 'jpg', q + '.jpg')).convert('RGB')
    crop = im.crop(g['bbx'])
    same += crop.size == im.size and crop.tobytes() == im.tobytes()
print(json.dumps(dict(queries=len(cfg['gnd']), same=same)))`,
        at('Turned'),
      );
      expect(r.same).toBe(r.queries);
    });
  });
});

describe('a folder that is in use', () => {
  it.each(['gnd', 'retrieval-sfm'] as const)(
    'is refused by %s, and left as it is; its own output is not',
    async (format) => {
      const out = at(`used-${format}`);
      const first = await write({ format, out, photos: 'copy' });
      await expect(write({ format, out, photos: 'copy' })).rejects.toMatchObject({
        code: 'STATE_CONFLICT',
        file: first.files[0],
      });
      await expect(write({ format, out, photos: 'copy', force: true })).resolves.toMatchObject({ items: first.items });
      // Photos of another library.
      const file = join(first.files[1]!, 'another.jpg');
      writeFileSync(file, 'x');
      const before = readdirSync(out);
      await expect(write({ format, out })).rejects.toMatchObject({
        code: 'INPUT_INVALID',
        message: expect.stringMatching(
          /^This folder is in use: 1 file in it is not of this export, like .*another\.jpg$/,
        ) as string,
        file: out,
        hint: 'Name a new folder, or empty this one first.',
      });
      expect(readdirSync(out)).toEqual(before);
      rmSync(file);
      await expect(write({ format, out, photos: 'copy', force: true })).resolves.toMatchObject({ items: first.items });
    },
  );

  it('is refused where another photo has the place of one of ours, and a file where a folder is written', async () => {
    const out = at('other-photo');
    const first = await write({ format: 'gnd', out, photos: 'copy' });
    const [a, b] = readdirSync(first.files[1]!).map((f) => join(first.files[1]!, f));
    copyFileSync(b!, a!);
    rmSync(first.files[0]!);
    await expect(write({ format: 'gnd', out, photos: 'copy' })).rejects.toMatchObject({
      message: 'Another file is where this photo goes',
      file: a!,
    });
    await expect(write({ format: 'gnd', out, photos: 'copy', force: true })).resolves.toMatchObject({
      items: first.items,
    });
    expect(readFileSync(a!)).not.toEqual(readFileSync(b!));
    writeFileSync(at('file'), '');
    await expect(write({ format: 'gnd', out: at('file') })).rejects.toThrow(
      'This is a file, and the export is a folder',
    );
  });

  it('has links that lead nowhere made anew', async () => {
    const out = at('links');
    const { photos } = await write({ format: 'gnd', out });
    const link = at('links', 'jpg', readdirSync(at('links', 'jpg'))[0]!);
    rmSync(link);
    symlinkSync(at('nowhere.jpg'), link);
    await expect(write({ format: 'gnd', out, force: true })).resolves.toMatchObject({ photos });
    expect(existsSync(link)).toBe(true);
  });
});

describe('pairs for hloc', () => {
  it('are one list where all photos lie in one folder', async () => {
    mkdirSync(at('city', 'images'), { recursive: true });
    const lines = PLACES.map((place) => {
      const names = readdirSync(at(place, 'images'));
      for (const f of names) copyFileSync(at(place, 'images', f), at('city', 'images', f));
      return names.slice(1).map((n) => `${names[0]!} ${n}\n`);
    }).flat();
    writeFileSync(at('city', 'list.txt'), lines.join(''));
    const one = Library.create(at('one'));
    ensureDefaultNetwork(one);
    // Each connected part is a place with a scene of its own; all are in one folder.
    await importPairs(one, at('city', 'list.txt'), undefined, silentContext());
    const { run } = await WORK.mine.run(one, { size: 96, mining: { queries: 5 } }, silentContext());
    const warnings: string[] = [];
    const r = await exportLibrary(one, { format: 'hloc-pairs', out: at('hloc-one'), run }, silentContext(warnings));
    expect(r.files).toEqual([at('hloc-one', 'pairs.txt')]);
    expect(warnings).toEqual([]);
    for (const name of readFileSync(r.files[0]!, 'utf8').trim().split(/\s/))
      expect(existsSync(at('city', 'images', name))).toBe(true);
    one.close();
  });

  it('are a list for each folder, said, with names below that folder', async () => {
    const { run } = await WORK.mine.run(library, { size: 96, mining: { queries: 12 } }, silentContext());
    const warnings: string[] = [];
    const r = await write({ format: 'hloc-pairs', out: at('hloc'), run }, warnings);
    expect(r.files.length).toBeGreaterThan(1);
    for (const file of r.files) expect(file).toMatch(/pairs-(castle|pagoda|factory)\.txt$/);
    expect(warnings).toContainEqual(
      expect.stringMatching(
        new RegExp(`^The photos are in ${r.files.length} folders, and each has a list of its own: pairs-`),
      ),
    );
    expect(existsSync(at('hloc', 'pairs.txt'))).toBe(false);
  });
});

describe('options for a network that Covis wrote', () => {
  it('work or are refused', async () => {
    const { files } = await write({ format: 'network', out: at('n.onnx') });
    const named = await importNetwork(library, files[0]!, { name: 'Mine', pooling: 'gem' });
    expect(named.spec.name).toBe('Mine');
    expect(loadNetwork(library, named).spec.name).toBe('Mine');
    const refused = (o: Parameters<typeof importNetwork>[2], message: RegExp): Promise<void> =>
      expect(importNetwork(library, files[0]!, o)).rejects.toThrow(message);
    await refused({ pooling: 'mac' }, /^Covis wrote this network, which pools by GeM, not by MAC$/);
    await refused({ cut: 'x' }, /is whole and not cut/);
    await refused({ preprocess: { ...named.spec.preprocess, scale: 7 } }, /says itself how it wants its pixels/);
    await expect(importNetwork(library, files[0]!, { preprocess: named.spec.preprocess })).resolves.toMatchObject({
      spec: { name: expect.not.stringMatching(/^Mine$/) as string },
    });
  });
});
