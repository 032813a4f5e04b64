import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readColmapBinary } from '../../../src/main/engine/sfm/colmap-binary.ts';
import { readColmapText } from '../../../src/main/engine/sfm/colmap-text.ts';
import { convertModels } from '../../../src/main/engine/sfm/convert.ts';
import { MODEL_READERS } from '../../../src/main/engine/sfm/readers/index.ts';
import { writeModel } from '../../../src/main/engine/sfm/writers/index.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { temporaryFolder } from '../../support/folders.ts';

/** Written by COLMAP 4.2: two rigs of two cameras, four frames (test/fixtures/colmap4). */
const fixture = (name: string): string => join(import.meta.dirname, '../../fixtures/colmap4', name);
const folder = temporaryFolder();

describe('rigs and frames of COLMAP 4', () => {
  it.each([
    ['binary', readColmapBinary, 'bin'],
    ['text', readColmapText, 'txt'],
  ] as const)('%s: what COLMAP wrote, poses of the images unchanged', (_, read, kind) => {
    const warnings: string[] = [];
    const { rigs, views } = read(fixture(kind), (m) => warnings.push(m));
    expect(warnings).toEqual([]);
    expect(rigs!.rigs.map((r) => [r.id, r.sensors.map((s) => [s.type, s.id, s.pose === undefined])])).toEqual([
      [
        1,
        [
          [0, 1, true],
          [0, 2, false],
        ],
      ],
      [
        2,
        [
          [0, 3, true],
          [0, 4, false],
        ],
      ],
    ]);
    expect(rigs!.rigs[0]!.sensors[1]!.pose).toEqual({
      rotation: [0.99809630488126877, 0, 0, 0.061674680237171375],
      translation: [0.07972802767141994, 0.030244687153434882, 0.10040785335287097],
    });
    expect(rigs!.frames.map((f) => [f.id, f.rigId, f.data.map((d) => d.data)])).toEqual([
      [1, 1, [1, 2]],
      [2, 1, [3, 4]],
      [3, 2, [5, 6]],
      [4, 2, [7, 8]],
    ]);
    const second = views.find((v) => v.imageId === 2)!;
    expect(second.translation[2]).toBeCloseTo(5.1004078533528707, 12);
    expect(second.rotation[1]).toBeCloseTo(0.055762457626772247, 12);
  });

  it('are written as COLMAP writes them, byte for byte, and stay through text', () => {
    const model = readColmapBinary(fixture('bin'));
    const [bin, txt] = [join(folder, 'bin'), join(folder, 'txt')];
    writeModel(model, 'colmap-bin', bin);
    for (const f of ['rigs.bin', 'frames.bin'])
      expect(readFileSync(join(bin, f)).equals(readFileSync(fixture(`bin/${f}`)))).toBe(true);
    writeModel(model, 'colmap-txt', txt);
    expect(readColmapText(txt).rigs).toEqual(model.rigs);
    // A model without rigs leaves none of another's beside it.
    const { rigs: _, ...plain } = model;
    expect(() => writeModel(plain, 'colmap-bin', bin)).toThrow('This file is there already');
    writeModel(plain, 'colmap-bin', bin, { force: true });
    expect(readColmapBinary(bin).rigs).toBeUndefined();
  });

  it('are in what a model is known by, and one without the other is said', () => {
    const reader = MODEL_READERS.find((r) => r.format === 'bin')!;
    expect(reader.files(fixture('bin')).map((f) => f.slice(fixture('bin').length + 1))).toEqual([
      'cameras.bin',
      'images.bin',
      'points3D.bin',
      'rigs.bin',
      'frames.bin',
    ]);
    const half = join(folder, 'half');
    cpSync(fixture('bin'), half, { recursive: true });
    rmSync(join(half, 'frames.bin'));
    const warnings: string[] = [];
    expect(readColmapBinary(half, (m) => warnings.push(m)).rigs).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining('rigs.bin is left out')]);
  });

  it('frames decide where an image is, as in COLMAP, and it is said', () => {
    const moved = join(folder, 'moved');
    cpSync(fixture('bin'), moved, { recursive: true });
    const bytes = readFileSync(join(moved, 'frames.bin'));
    // The first frame's rig_from_world: after the count and two ids, four of rotation, then x.
    bytes.writeDoubleLE(7, 8 + 8 + 32);
    writeFileSync(join(moved, 'frames.bin'), bytes);
    const warnings: string[] = [];
    const { views } = readColmapBinary(moved, (m) => warnings.push(m));
    expect(warnings).toEqual([expect.stringMatching(/other poses .* for 2 images/)]);
    expect(views.find((v) => v.imageId === 1)!.translation[0]).toBe(7);
    expect(views.find((v) => v.imageId === 3)!.translation[0]).toBeCloseTo(0, 12);
  });

  it('every cut and a rig that is not there are refused with the file', () => {
    const cut = join(folder, 'cut');
    mkdirSync(cut);
    cpSync(fixture('bin'), cut, { recursive: true });
    for (const f of ['rigs.bin', 'frames.bin']) {
      const whole = readFileSync(fixture(`bin/${f}`));
      for (let keep = 0; keep < whole.length; keep += 1) {
        writeFileSync(join(cut, f), whole.subarray(0, keep));
        expect(() => readColmapBinary(cut)).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^INPUT_/), file: join(cut, f) }),
        );
      }
      writeFileSync(join(cut, f), whole);
    }
    const other = readFileSync(fixture('bin/frames.bin'));
    other.writeUInt32LE(9, 12);
    writeFileSync(join(cut, 'frames.bin'), other);
    expect(() => readColmapBinary(cut)).toThrow(/rig 9, which the model does not have/);
  });

  it('a format without rigs says that they are left out', async () => {
    const report = await convertModels(fixture('bin'), { to: 'nvm', out: join(folder, 'nvm') }, silentContext());
    expect(report.warnings).toEqual([expect.stringMatching(/cannot hold rigs: the 2 of/)]);
    const kept = await convertModels(fixture('bin'), { to: 'colmap-txt', out: join(folder, 'kept') }, silentContext());
    expect(kept.warnings).toEqual([]);
  });
});
