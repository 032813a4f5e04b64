import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { readColmapBinary } from '../../../src/main/engine/sfm/colmap-binary.ts';
import { readColmapText } from '../../../src/main/engine/sfm/colmap-text.ts';
import { convertModels } from '../../../src/main/engine/sfm/convert.ts';
import { rotationMatrix, type SparseModel } from '../../../src/main/engine/sfm/model.ts';
import { writePhoto } from '../../support/colmap.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
type Vector = readonly [number, number, number];

/** Three cameras, each turned, four points, who sees what: a world from which every format is written by its own rules. */
const unit = (q: readonly number[]): number[] => q.map((v) => v / Math.hypot(...q));
const CAMERAS = [
  { name: 'a b.jpg', focal: 110, k: 0.02, q: unit([1, 0.05, -0.04, 0.1]), centre: [0, 0, 0] as Vector },
  { name: 'b.jpg', focal: 120, k: 0, q: unit([1, -0.03, 0.1, -0.2]), centre: [0.6, 0.1, -0.2] as Vector },
  { name: 'sub/c.jpg', focal: 95, k: -0.01, q: unit([0.9, 0.1, 0.02, 0.3]), centre: [-0.4, 0.3, 0.1] as Vector },
];
const POINTS: { xyz: Vector; rgb: Vector; seen: number[] }[] = [
  { xyz: [0.1, 0.2, 5], rgb: [10, 20, 30], seen: [0, 1, 2] },
  { xyz: [-0.6, 0.1, 6], rgb: [200, 100, 0], seen: [0, 2] },
  { xyz: [0.5, -0.3, 7], rgb: [255, 255, 1], seen: [0, 1] },
  { xyz: [0.2, 0.6, 5.5], rgb: [0, 7, 9], seen: [1, 2] },
];
const SIZE = [120, 80] as const;
const R = (c: number): Float64Array => rotationMatrix(CAMERAS[c]!.q as unknown as [number, number, number, number]);
const turned = (c: number, x: readonly number[]): number[] =>
  [0, 1, 2].map((i) => [0, 1, 2].reduce((s, j) => s + R(c)[3 * i + j]! * x[j]!, 0));
const translation = (c: number): number[] => turned(c, CAMERAS[c]!.centre).map((v) => -v);
/** Pixels from the corner, without distortion. */
const pixel = (c: number, p: number): [number, number] => {
  const [x, y, z] = turned(c, POINTS[p]!.xyz).map((v, i) => v + translation(c)[i]!) as [number, number, number];
  return [(CAMERAS[c]!.focal * x) / z + SIZE[0] / 2, (CAMERAS[c]!.focal * y) / z + SIZE[1] / 2];
};

async function read(
  name: string,
  write: (root: string) => void,
  photos: readonly [number, number] | null = SIZE,
): Promise<SparseModel> {
  const root = join(folder, name);
  mkdirSync(join(root, 'images', 'sub'), { recursive: true });
  write(root);
  if (photos !== null)
    for (const [i, c] of CAMERAS.entries()) await writePhoto(join(root, 'images', c.name), i + 1, photos);
  // Text cannot hold names with spaces: they are looked at in the binary form.
  const out = join(root, 'out');
  await convertModels(root, { to: 'colmap-bin', out, images: join(root, 'images') }, silentContext());
  return readColmapBinary(out);
}

/** Checks poses, points and observations against the world. */
function check(
  m: SparseModel,
  o: { size?: readonly [number, number]; radial?: readonly (readonly number[])[]; names?: readonly string[] } = {},
): void {
  const [w, h] = o.size ?? SIZE;
  expect(m.views.map((v) => v.name)).toEqual(o.names ?? CAMERAS.map((c) => c.name));
  m.views.forEach((v, c) => {
    rotationMatrix(v.rotation).forEach((x, i) => expect(x).toBeCloseTo(R(c)[i]!, 6));
    v.translation.forEach((x, i) => expect(x).toBeCloseTo(translation(c)[i]!, 6));
    const camera = m.cameras.find((k) => k.id === v.cameraId)!;
    expect([camera.width, camera.height]).toEqual([w, h]);
    expect(camera.params.slice(0, 3)).toEqual([CAMERAS[c]!.focal, w / 2, h / 2]);
    if (o.radial !== undefined) expect(camera.params.slice(3).map((x) => x + 0)).toEqual(o.radial[c]);
  });
  POINTS.forEach((p, i) => {
    expect([...m.pointXyz.subarray(3 * i, 3 * i + 3)]).toEqual([...p.xyz]);
    expect([...m.pointRgb.subarray(3 * i, 3 * i + 3)]).toEqual([...p.rgb]);
    expect(m.pointTrackLength[i]).toBe(p.seen.length);
  });
  CAMERAS.forEach((_, c) => {
    const own = POINTS.flatMap((p, i) => (p.seen.includes(c) ? [i] : []));
    const [from, to] = [m.viewOffsets[c]!, m.viewOffsets[c + 1]!];
    expect([...m.obsPoint.subarray(from, to)].sort()).toEqual(own);
    for (let k = from; k < to; k += 1) {
      const [x, y] = pixel(c, m.obsPoint[k]!);
      expect(m.obsXy[2 * k]).toBeCloseTo(x - SIZE[0] / 2 + w / 2, 3);
      expect(m.obsXy[2 * k + 1]).toBeCloseTo(y - SIZE[1] / 2 + h / 2, 3);
    }
  });
}

describe('NVM', () => {
  /** methods.md 9.6. @param origin where x and y are measured from. */
  const nvm = (origin: readonly [number, number], end = ' 0'): string =>
    [
      'NVM_V3 ',
      '',
      String(CAMERAS.length),
      ...CAMERAS.map((c) => `${c.name} ${c.focal} ${c.q.join(' ')} ${c.centre.join(' ')} ${-c.k}${end}`),
      '',
      String(POINTS.length),
      ...POINTS.map((p, i) => {
        const seen = p.seen.map((c) => {
          const [x, y] = pixel(c, i);
          return `${c} ${i} ${x - origin[0]} ${y - origin[1]}`;
        });
        return [...p.xyz, ...p.rgb, p.seen.length, ...seen].join(' ');
      }),
      '',
      '0',
      '',
    ].join('\n');
  const radial = CAMERAS.map((c) => [c.k]);

  it('is read with centre and quaternion, its distortion with the other sign, sizes from the photos', async () => {
    check(await read('nvm', (root) => writeFileSync(join(root, 'm.nvm'), nvm([0, 0]))), { radial });
  });

  it('measured from the image’s centre is told by negative coordinates', async () => {
    check(await read('nvm-centred', (root) => writeFileSync(join(root, 'm.nvm'), nvm([60, 40]))), { radial });
  });

  it('may leave out the zero at the end of a camera, as COLMAP does', async () => {
    check(await read('nvm-colmap', (root) => writeFileSync(join(root, 'm.nvm'), nvm([0, 0], ''))), { radial });
  });

  it('is refused with indices and counts that cannot be, and where it ends too early', async () => {
    const bad = async (name: string, text: string): Promise<unknown> =>
      read(`nvm-bad-${name}`, (root) => writeFileSync(join(root, 'm.nvm'), text)).catch((e: unknown) => e);
    const good = nvm([0, 0]);
    expect(await bad('image', good.replace(/ 3 0 0 /, ' 3 3 0 '))).toMatchObject({ code: 'INPUT_CORRUPT' });
    expect(await bad('count', good.replace('NVM_V3 \n\n3', 'NVM_V3 \n\n2.5'))).toMatchObject({ code: 'INPUT_CORRUPT' });
    expect(await bad('end', good.slice(0, good.length - 60))).toMatchObject({ code: 'INPUT_TRUNCATED' });
    expect(await bad('none', 'NVM_V3\n\n0\n')).toMatchObject({ code: 'INPUT_INVALID' });
  });
});

describe('Bundler', () => {
  /** methods.md 9.5: looks along -z with y up, measures from the centre. */
  const bundle = (): string =>
    [
      '# Bundle file v0.3',
      `${CAMERAS.length + 1} ${POINTS.length}`,
      ...CAMERAS.flatMap((c, i) => {
        const r = R(i);
        const t = translation(i);
        const camera = [
          `${c.focal} ${c.k} 0.001`,
          ...[0, 1, 2].map((k) => [0, 1, 2].map((j) => (k === 0 ? 1 : -1) * r[3 * k + j]!).join(' ')),
          `${t[0]} ${-t[1]!} ${-t[2]!}`,
        ];
        // The second of the list was not registered: all zeros.
        return i === 0 ? [...camera, '0 0 0', '0 0 0', '0 0 0', '0 0 0', '0 0 0'] : camera;
      }),
      ...POINTS.flatMap((p, i) => [
        p.xyz.join(' '),
        p.rgb.join(' '),
        `${p.seen.length} ${p.seen.map((c) => `${c === 0 ? 0 : c + 1} ${i} ${pixel(c, i)[0] - 60} ${40 - pixel(c, i)[1]}`).join(' ')}`,
      ]),
    ].join('\n');
  const list = `${CAMERAS[0]!.name} 0 90.5\nnever.jpg\n${CAMERAS[1]!.name}\n${CAMERAS[2]!.name}\n`;

  it('is read in COLMAP’s convention, without cameras that were not registered', async () => {
    const m = await read('bundler', (root) => {
      writeFileSync(join(root, 'bundle.out'), bundle());
      writeFileSync(join(root, 'list.txt'), list);
    });
    check(m, { radial: CAMERAS.map((c) => [c.k, 0.001]) });
  });

  it('of photos that were made smaller since keeps the size that its observations need', async () => {
    const m = await read(
      'bundler-small',
      (root) => {
        writeFileSync(join(root, 'bundle.out'), bundle());
        writeFileSync(join(root, 'list.txt'), list);
      },
      [15, 10],
    );
    m.cameras.forEach((c) => {
      expect(c.width).toBeGreaterThan(15);
      // The aspect stays, rounded up to whole pixels.
      expect(Math.abs(c.width / c.height - 1.5)).toBeLessThan(0.1);
      expect(c.params.slice(1, 3)).toEqual([c.width / 2, c.height / 2]);
    });
    for (let v = 0; v < 3; v += 1) {
      const camera = m.cameras.find((c) => c.id === m.views[v]!.cameraId)!;
      let reach = 0;
      for (let k = m.viewOffsets[v]!; k < m.viewOffsets[v + 1]!; k += 1)
        reach = Math.max(
          reach,
          Math.abs(m.obsXy[2 * k]! - camera.width / 2) / camera.width,
          Math.abs(m.obsXy[2 * k + 1]! - camera.height / 2) / camera.height,
        );
      expect(reach).toBeLessThanOrEqual(0.5);
      expect(reach).toBeGreaterThan(0.4);
    }
  });

  it('without photos has the least size that holds its observations', async () => {
    const m = await read(
      'bundler-none',
      (root) => {
        writeFileSync(join(root, 'bundle.out'), bundle());
        writeFileSync(join(root, 'list.txt'), list);
      },
      null,
    );
    m.views.forEach((v, c) => {
      const camera = m.cameras.find((k) => k.id === v.cameraId)!;
      const own = POINTS.flatMap((p, i) => (p.seen.includes(c) ? [pixel(c, i)] : []));
      expect(camera.width).toBe(Math.ceil(2 * Math.max(...own.map(([x]) => Math.abs(x - 60))) + 1));
      expect(camera.height).toBe(Math.ceil(2 * Math.max(...own.map(([, y]) => Math.abs(y - 40))) + 1));
    });
  });

  it('needs the list of its images, or as many photos as cameras', async () => {
    await expect(
      read('bundler-bare', (root) => writeFileSync(join(root, 'bundle.out'), bundle())),
    ).rejects.toMatchObject({
      code: 'INPUT_MISSING',
    });
    await expect(
      read('bundler-short', (root) => {
        writeFileSync(join(root, 'bundle.out'), bundle());
        writeFileSync(join(root, 'list.txt'), 'one.jpg\n');
      }),
    ).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });
});

describe('what Covis writes', () => {
  it('is read back from every format as it was', async () => {
    const root = join(folder, 'bundler');
    for (const to of ['nvm', 'colmap-bin'] as const) {
      const out = join(folder, `again-${to}`);
      await convertModels(join(root, 'out'), { to, out, images: join(root, 'images') }, silentContext());
      const back = join(folder, `back-${to}`);
      await convertModels(out, { to: 'colmap-bin', out: back, images: join(root, 'images') }, silentContext());
      check(readColmapBinary(back));
    }
    await expect(
      convertModels(join(root, 'out'), { to: 'colmap-txt', out: join(folder, 'no') }, silentContext()),
    ).rejects.toThrow(/a b.jpg/);
    expect(() => readColmapText(join(folder, 'nowhere'))).toThrow(expect.objectContaining({ code: 'INPUT_MISSING' }));
  });
});
