import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, it } from 'vitest';
import { FeatureDetector } from '../../../src/main/engine/features/detect.ts';
import { lookOf } from '../../../src/main/engine/library/looks.ts';
import { inspectPhoto, listImages } from '../../../src/main/engine/library/photo-files.ts';
import { decode } from '../../../src/main/engine/library/pixels.ts';
import { uprightJpeg } from '../../../src/main/engine/library/thumbnails.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { describeWith, PYTHON, ROOT } from '../../support/programs.ts';

const folder = temporaryFolder();
/** Photos with a profile, which Pillow applies by its ImageCms: its `convert` passes profiles over. */
const WITH_PROFILE = ['profile-cmyk.jpg', 'profile-p3.jpg'];
/** With this Little CMS, or a newer one, black of an ink's profile becomes black of sRGB as in the one that Covis decodes with. */
const SAME_BLACK = 2.19;
/** Largest difference of a value with an older one, measured with 2.14; the mean is held below 2 there. */
const OTHER_BLACK = 24;

describeWith(['pillow'], 'pixels are those that Pillow sees', () => {
  let gold: Record<string, [number, number]>;
  let inks = 0;

  beforeAll(async () => {
    const ramp = Buffer.from(
      Array.from({ length: 32 * 24 }, (_, i) => [(i % 32) * 8, Math.floor(i / 32) * 10, 255 - (i % 32) * 8]).flat(),
    );
    const picture = sharp(ramp, { raw: { width: 32, height: 24, channels: 3 } });
    const jpeg = { quality: 95, chromaSubsampling: '4:4:4' };
    await picture
      .clone()
      .toColourspace('cmyk')
      .withIccProfile('cmyk')
      .jpeg(jpeg)
      .toFile(join(folder, 'profile-cmyk.jpg'));
    await picture.clone().withIccProfile('p3').jpeg(jpeg).toFile(join(folder, 'profile-p3.jpg'));
    // The one for tests of readers is newer than the system's, where it is installed.
    const hasPillow = spawnSync(PYTHON, ['-c', 'import numpy, PIL.ImageCms']).status === 0;
    const made = spawnSync(
      hasPillow ? PYTHON : '/usr/bin/python3',
      [join(ROOT, 'test', 'support', 'pillow_photos.py'), folder, ...WITH_PROFILE],
      { encoding: 'utf8' },
    );
    expect(made.stderr).toBe('');
    inks = Number(made.stdout) >= SAME_BLACK ? 1 : OTHER_BLACK;
    gold = JSON.parse(readFileSync(join(folder, 'gold.json'), 'utf8')) as typeof gold;
  }, 60_000);

  it('of every kind: bits, colours, palettes, transparency over white, first of several, turned, with a profile', async () => {
    const wrong: string[] = [];
    for (const [name, [width, height]] of Object.entries(gold)) {
      const pixels = await decode(join(folder, name), 1000);
      const wanted = readFileSync(join(folder, `${name}.rgb`));
      let most = 0;
      let sum = 0;
      wanted.forEach((v, i) => {
        const off = Math.abs(v - pixels.data[i]!);
        most = Math.max(most, off);
        sum += off;
      });
      const same = pixels.width === width && pixels.height === height && pixels.data.length === wanted.length;
      if (
        !same ||
        most > (name === 'profile-cmyk.jpg' ? inks : name === 'profile-p3.jpg' ? 2 : 1) ||
        sum > 2 * wanted.length
      )
        wrong.push(`${name}: ${pixels.width} x ${pixels.height}, off by ${most}`);
    }
    expect(Object.keys(gold).length).toBeGreaterThan(50);
    expect(wrong).toEqual([]);
  }, 60_000);

  it('sizes in the library are those of the pixels', async () => {
    for (const name of listImages(folder).filter((n) => n in gold)) {
      const { width, height } = await inspectPhoto(folder, name);
      expect([name, width, height]).toEqual([name, ...gold[name]!]);
    }
  }, 60_000);

  it('values that could mean anything are refused, by import and by decoding', async () => {
    const refused = { code: 'INPUT_UNSUPPORTED', message: expect.stringMatching(/which of them is white/) as string };
    for (const name of ['int32.tif', 'floatrange.tif', 'nan.tif', 'brighter.tif']) {
      await expect(decode(join(folder, name), 100)).rejects.toMatchObject({ ...refused, file: join(folder, name) });
      await expect(inspectPhoto(folder, name)).rejects.toMatchObject(refused);
      await expect(lookOf(join(folder, name))).rejects.toMatchObject(refused);
    }
  });

  it('networks, thumbnails and features see the same', async () => {
    const detector = new FeatureDetector(undefined, 1);
    try {
      for (const name of ['float01.tif', 'cmyk.jpg', 'turn6.png', 'profile-p3.jpg']) {
        const { data } = await decode(join(folder, name), 1000);
        const { data: seen } = await decode(await uprightJpeg(join(folder, name), 1000), 1000);
        let sum = 0;
        data.forEach((v, i) => (sum += Math.abs(v - seen[i]!)));
        expect([name, sum / data.length < 6]).toEqual([name, true]);
        expect((await detector.detect(join(folder, name))).frames.length % 4).toBe(0);
      }
    } finally {
      await detector.close();
    }
    // Grey from 0 to 1 and from 0 to 255 look alike, and unlike one black.
    expect(await lookOf(join(folder, 'float01.tif'))).toBe(await lookOf(join(folder, 'float255.tif')));
    expect(await lookOf(join(folder, 'float01.tif'))).not.toBe('0000000000000000');
  }, 60_000);
});
