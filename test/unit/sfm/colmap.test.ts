import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readColmapBinary } from '../../../src/main/engine/sfm/colmap-binary.ts';
import { readColmapText } from '../../../src/main/engine/sfm/colmap-text.ts';
import { cameraCentre, meanReprojectionError, type SparseModel } from '../../../src/main/engine/sfm/model.ts';
import type { CovisError } from '../../../src/shared/errors.ts';
import { somePoints, writeTextModel } from '../../support/colmap.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { describeWith, ROOT, SHARED } from '../../support/programs.ts';

const SAMPLE = join(ROOT, 'resources', 'sample', 'castle', 'sparse', '0');
const folder = temporaryFolder();

function thrown(work: () => unknown): CovisError {
  try {
    work();
  } catch (error) {
    return error as CovisError;
  }
  throw new Error('nothing was thrown');
}

/** A copy of the sample's model with one file changed. */
function damaged(name: string, file: string, change: (bytes: Buffer) => Buffer): string {
  const target = join(folder, name);
  mkdirSync(target, { recursive: true });
  for (const f of ['cameras.bin', 'images.bin', 'points3D.bin']) copyFileSync(join(SAMPLE, f), join(target, f));
  writeFileSync(join(target, file), change(readFileSync(join(target, file))));
  return target;
}

function facts(m: SparseModel): unknown {
  return {
    cameras: m.cameras.map((c) => [c.id, c.model, c.width, c.height].join(' ')).sort(),
    views: m.views.map((v) => [v.imageId, v.name, v.cameraId].join(' ')).sort(),
    observations: m.obsPoint.length,
    points: m.pointError.length,
    tracks: Array.from(m.pointTrackLength).reduce((a, b) => a + b, 0),
  };
}

describe('text models', () => {
  it('reads poses, observations with a point, and an image whose second line is empty', () => {
    const at = join(folder, 'text');
    writeTextModel(at, {
      images: [
        { name: 'a.jpg', at: [1, 2, -3], sees: [1, 2] },
        { name: 'sub dir/b.jpg', at: [0, 0, 0], sees: [2] },
      ],
      points: somePoints(2),
    });
    writeFileSync(
      join(at, 'images.txt'),
      `${readFileSync(join(at, 'images.txt'), 'utf8')}99 1 0 0 0 0 0 0 1 empty.jpg\n\n`,
    );
    const m = readColmapText(at);
    expect(m.views.map((v) => v.name)).toEqual(['a.jpg', 'sub dir/b.jpg', 'empty.jpg']);
    expect(Array.from(m.viewOffsets)).toEqual([0, 2, 3, 3]);
    expect(cameraCentre(m.views[0]!)).toEqual([1, 2, -3]);
    expect(meanReprojectionError(m.pointError)).toBeCloseTo(0.5);
  });

  it.each([
    ['an unknown camera model', 'cameras.txt', '1 FISHY 100 80 90 50 40\n', 'INPUT_UNSUPPORTED'],
    ['a camera line cut short', 'cameras.txt', '1 PINHOLE 100 80 90\n', 'INPUT_TRUNCATED'],
    ['a number that is none', 'cameras.txt', '1 SIMPLE_PINHOLE 100 80 ninety 50 40\n', 'INPUT_CORRUPT'],
    ['a camera of no size', 'cameras.txt', '1 SIMPLE_PINHOLE 0 80 90 50 40\n', 'INPUT_CORRUPT'],
    ['an observation of a point that is not there', 'images.txt', '1 1 0 0 0 0 0 0 1 a.jpg\n3 4 77\n', 'INPUT_CORRUPT'],
    ['observations cut short', 'images.txt', '1 1 0 0 0 0 0 0 1 a.jpg\n3 4\n', 'INPUT_TRUNCATED'],
    ['an image without its second line', 'images.txt', '1 1 0 0 0 0 0 0 1 a.jpg\n', 'INPUT_TRUNCATED'],
    [
      'a track of an image that is not there',
      'points3D.txt',
      '1 0 0 5 1 2 3 0.1 999 0\n2 0 0 5 1 2 3 0.1\n',
      'INPUT_CORRUPT',
    ],
  ])('refuses %s, naming file and offset', (name, file, text, code) => {
    const at = join(folder, name.replaceAll(' ', '-'));
    writeTextModel(at, { images: [{ name: 'a.jpg', at: [0, 0, 0], sees: [1] }], points: somePoints(2) });
    writeFileSync(join(at, file), text);
    const error = thrown(() => readColmapText(at));
    expect(error).toMatchObject({ code, file: join(at, file) });
    expect(error.offset).toBeTypeOf('number');
  });
});

describe('binary models', () => {
  it('reads the sample', () => {
    const m = readColmapBinary(SAMPLE);
    expect(m.views.length).toBe(13);
    expect(m.obsPoint.length).toBe(m.viewOffsets.at(-1));
    expect(m.obsPoint.length).toBe(Array.from(m.pointTrackLength).reduce((a, b) => a + b, 0));
  });

  it('refuses every truncation of every file, naming the file and an offset inside it', () => {
    for (const file of ['cameras.bin', 'images.bin', 'points3D.bin']) {
      const size = readFileSync(join(SAMPLE, file)).length;
      for (const keep of [0, 4, 8, 11, 20, Math.floor(size / 3), Math.floor(size / 2), size - 9, size - 1]) {
        const at = damaged(`cut-${file}-${keep}`, file, (b) => b.subarray(0, keep));
        const error = thrown(() => readColmapBinary(at));
        expect(error.code, `${file} cut at ${keep}: ${error.message}`).toMatch(/^INPUT_(TRUNCATED|CORRUPT)$/);
        expect(error.file).toBe(join(at, file));
        expect(error.offset).toBeLessThanOrEqual(keep);
      }
    }
  });

  it('refuses bytes after the end, absurd counts and unknown camera models', () => {
    expect(
      thrown(() => readColmapBinary(damaged('tail', 'images.bin', (b) => Buffer.concat([b, Buffer.alloc(3)])))),
    ).toMatchObject({ code: 'INPUT_CORRUPT' });
    const absurd = damaged('absurd', 'points3D.bin', (b) => (b.writeBigUInt64LE(1n << 60n, 0), b));
    expect(thrown(() => readColmapBinary(absurd))).toMatchObject({ code: 'INPUT_CORRUPT', offset: 0 });
    const model = damaged('model', 'cameras.bin', (b) => (b.writeInt32LE(42, 12), b));
    expect(thrown(() => readColmapBinary(model))).toMatchObject({ code: 'INPUT_UNSUPPORTED', offset: 12 });
  });

  it('never crashes in an unknown way on flipped bytes', () => {
    const size = readFileSync(join(SAMPLE, 'images.bin')).length;
    for (let i = 0; i < 60; i += 1) {
      const at = damaged('flip', 'images.bin', (b) => {
        for (let k = 0; k < 8; k += 1) b[(i * 7919 + k * 104729) % Math.min(size, 4000)]! ^= 0x80 >> k;
        return b;
      });
      try {
        readColmapBinary(at);
      } catch (error) {
        expect((error as CovisError).name).toBe('CovisError');
      }
    }
  });
});

describeWith(['colmap'], 'models that COLMAP itself wrote', () => {
  const convert = (from: string, to: string, type: string): void => {
    mkdirSync(to, { recursive: true });
    const r = spawnSync(
      'colmap',
      ['model_converter', '--input_path', from, '--output_path', to, '--output_type', type],
      { encoding: 'utf8', env: { ...process.env, QT_QPA_PLATFORM: 'offscreen' } },
    );
    expect(r.status, r.stderr).toBe(0);
  };

  it("reads COLMAP's text of our sample as the same model, and COLMAP's binary of that text", () => {
    convert(SAMPLE, join(folder, 'as-text'), 'TXT');
    convert(join(folder, 'as-text'), join(folder, 'as-binary'), 'BIN');
    const original = readColmapBinary(SAMPLE);
    const text = readColmapText(join(folder, 'as-text'));
    const binary = readColmapBinary(join(folder, 'as-binary'));
    expect(facts(text)).toEqual(facts(original));
    expect(facts(binary)).toEqual(facts(original));
    const xyz = (m: SparseModel): number[] =>
      Array.from(m.pointXyz)
        .map((v) => Math.round(v * 1e4))
        .sort((a, b) => a - b);
    expect(xyz(text)).toEqual(xyz(original));
  });
});

describeWith(['colmap', 'shared data'], 'a model of photographs', () => {
  it('agrees with model_analyzer on counts and error', () => {
    const from = join(SHARED, 'scenes', 'fountain_p11', 'sparse', '0');
    const r = spawnSync('colmap', ['model_analyzer', '--path', from], {
      encoding: 'utf8',
      env: { ...process.env, QT_QPA_PLATFORM: 'offscreen' },
    });
    const said = (name: string): number => Number(new RegExp(`${name}: ([\\d.]+)`).exec(`${r.stdout}${r.stderr}`)?.[1]);
    const m = readColmapBinary(from);
    expect(m.pointError.length).toBe(said('Points'));
    expect(m.obsPoint.length).toBe(said('Observations'));
    expect(meanReprojectionError(m.pointError)).toBeCloseTo(said('Mean reprojection error'), 3);
  });
});

describeWith(['shared data'], 'models of other writers', () => {
  it('reads the same scene from its text and its binary files', () => {
    for (const name of ['sceaux_castle', 'fountain_p11', 'sacre_coeur']) {
      const found = spawnSync('find', [join(SHARED, 'formats'), '-path', `*${name}*`, '-name', 'cameras.*'], {
        encoding: 'utf8',
      })
        .stdout.trim()
        .split('\n')
        .filter(Boolean);
      for (const file of found) {
        const at = join(file, '..');
        const m = file.endsWith('.bin') ? readColmapBinary(at) : readColmapText(at);
        expect(m.views.length, file).toBeGreaterThan(2);
        expect(m.obsPoint.length, file).toBeGreaterThan(m.pointError.length);
      }
    }
  });
});
