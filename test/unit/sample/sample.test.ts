import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readColmapBinary } from '../../../src/main/engine/sfm/colmap-binary.ts';
import { rotationMatrix } from '../../../src/main/engine/sfm/model.ts';
import { PLACE_NAMES } from '../../../scripts/sample/buildings.ts';
import { writeScene } from '../../../scripts/sample/colmap-writer.ts';
import { shoot } from '../../../scripts/sample/shoot.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SAMPLE } from '../../support/small-library.ts';

const folder = temporaryFolder();

/** Largest distance in pixels between an observation and the projection of its point. */
function worstError(at: string): number {
  const m = readColmapBinary(at);
  let worst = 0;
  m.views.forEach((view, v) => {
    const camera = m.cameras.find((c) => c.id === view.cameraId)!;
    const r = rotationMatrix(view.rotation);
    for (let k = m.viewOffsets[v]!; k < m.viewOffsets[v + 1]!; k += 1) {
      const p = m.obsPoint[k]!;
      const [x, y, z] = [0, 1, 2].map((i) =>
        [0, 1, 2].reduce((s, j) => s + r[3 * i + j]! * m.pointXyz[3 * p + j]!, view.translation[i]!),
      ) as [number, number, number];
      const [f, cx, cy] = camera.params as [number, number, number];
      worst = Math.max(worst, Math.hypot((f * x) / z + cx - m.obsXy[2 * k]!, (f * y) / z + cy - m.obsXy[2 * k + 1]!));
    }
  });
  return worst;
}

describe('the sample', () => {
  it('is exact: every observation lies where its point projects', () => {
    expect(PLACE_NAMES.length).toBeGreaterThanOrEqual(12);
    for (const name of PLACE_NAMES) expect(worstError(join(SAMPLE, name, 'sparse', '0')), name).toBeLessThan(0.01);
  });

  it('is the same from the same seed, byte for byte', async () => {
    const options = { seed: 7, views: 3, pointsPerView: 30, quality: 78 };
    const index = PLACE_NAMES.indexOf('obelisk');
    const write = async (to: string): Promise<Buffer[]> => {
      mkdirSync(join(folder, to), { recursive: true });
      const scene = await shoot(index, options);
      writeScene(join(folder, to), scene);
      const sparse = join(folder, to, scene.name, 'sparse', '0');
      return [
        ...scene.views.map((v) => v.jpeg),
        ...['cameras.bin', 'images.bin', 'points3D.bin'].map((f) => readFileSync(join(sparse, f))),
      ];
    };
    const [a, b] = [await write('a'), await write('b')];
    a.forEach((bytes, i) => expect(bytes.equals(b[i]!)).toBe(true));
  });
});
