import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { readNpy } from '../../../src/main/engine/formats/npy.ts';
import { embeddedNetwork } from '../../../src/main/engine/network/embedded.ts';
import { cancelled, silentContext } from '../../../src/main/engine/queue/context.ts';
import { extractFolder } from '../../../src/main/engine/retrieval/extract-folder.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const photos = join(folder, 'photos');
const network = embeddedNetwork('photos');
beforeAll(async () => {
  mkdirSync(join(photos, 'sub'), { recursive: true });
  for (let i = 0; i < 10; i += 1)
    await sharp({
      create: { width: 40 + 8 * (i % 2), height: 40, channels: 3, background: `hsl(${36 * i}, 70%, 50%)` },
    })
      .png()
      .toFile(join(photos, i % 2 === 0 ? `${i}.png` : join('sub', `${i}.png`)));
  copyFileSync(join(photos, '0.png'), join(photos, 'twin.png'));
  writeFileSync(join(photos, 'broken.jpg'), 'no photo');
});
/** Ends when so many steps of progress were told. */
const until = (n: number): ReturnType<typeof silentContext> => {
  let told = 0;
  return {
    ...silentContext(),
    progress: () => (told += 1),
    check: () => {
      if (told >= n) throw cancelled();
    },
  };
};

describe('the descriptors of a folder', () => {
  it('have a row an image in the order of the names beside them', async () => {
    const out = join(folder, 'plain');
    const report = await extractFolder(network, 'k', photos, out, 64, silentContext());
    expect(report).toEqual({
      photos: 11,
      computed: 10,
      failed: ['broken.jpg'],
      dim: 256,
      size: 64,
      out: `${out}.npy`,
      names: `${out}.txt`,
    });
    const { shape, data } = readNpy(report.out);
    expect(shape).toEqual([11, 256]);
    const names = readFileSync(report.names, 'utf8').split('\n');
    expect(names).toEqual([
      '0.png',
      '2.png',
      '4.png',
      '6.png',
      '8.png',
      ...[1, 3, 5, 7, 9].map((i) => `sub/${i}.png`),
      'twin.png',
      '',
    ]);
    const row = (i: number): number[] => Array.from((data as Float32Array).subarray(256 * i, 256 * i + 256));
    expect(row(10)).toEqual(row(0));
    expect(row(1)).not.toEqual(row(0));
    for (let i = 0; i < 11; i += 1) expect(Math.hypot(...row(i))).toBeCloseTo(1, 4);
    expect(existsSync(`${out}.npy.k-64.part`)).toBe(false);
    expect(existsSync(`${out}.txt.tmp`)).toBe(false);
    const again = await extractFolder(network, 'k', photos, join(folder, 'Other.NPY'), 64, silentContext());
    expect([again.out, again.names]).toEqual([join(folder, 'Other.NPY'), join(folder, 'Other.txt')]);
    expect(readNpy(again.out).data).toEqual(data);
  });

  it('go on where they were stopped, with the same network and size alone', async () => {
    const out = join(folder, 'part.npy');
    // Twelve files are hashed, then a window of eight is described.
    await expect(extractFolder(network, 'k', photos, out, 64, until(13))).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(existsSync(out)).toBe(false);
    expect(existsSync(`${out}.k-64.part`)).toBe(true);
    const steps: [string, number][] = [];
    const task = { ...silentContext(), step: (name: string, total: number) => steps.push([name, total]) };
    const other = await extractFolder(network, 'other', photos, out, 64, task);
    expect(other.computed).toBe(10);
    await expect(extractFolder(network, 'k', photos, out, 64, task)).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
      file: out,
    });
    const { computed } = await extractFolder(network, 'k', photos, out, 64, task, { force: true });
    expect(computed).toBe(2);
    expect(steps.map(([, total]) => total)).toEqual([12, 11, 12, 3]);
    expect(existsSync(`${out}.k-64.part`)).toBe(false);
  });

  it('are none of a folder without images, or of which none can be read', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    writeFileSync(join(empty, 'readme.txt'), '');
    await expect(extractFolder(network, 'k', empty, join(folder, 'e'), 64, silentContext())).rejects.toMatchObject({
      code: 'STATE_EMPTY',
      message: 'This folder holds no images',
      file: empty,
    });
    writeFileSync(join(empty, 'x.jpg'), 'no photo');
    const warnings: string[] = [];
    await expect(
      extractFolder(network, 'k', empty, join(folder, 'e'), 64, silentContext(warnings)),
    ).rejects.toMatchObject({
      code: 'STATE_EMPTY',
      message: 'None of the images could be read',
    });
    expect(warnings).toHaveLength(1);
    expect(existsSync(join(folder, 'e.npy'))).toBe(false);
    await expect(
      extractFolder(network, 'k', photos, join(folder, 'nowhere', 'x.npy'), 64, silentContext()),
    ).rejects.toMatchObject({ code: 'INPUT_MISSING' });
  });
});
