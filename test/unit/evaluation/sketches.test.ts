import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { measureSketches, readSketchSet } from '../../../src/main/engine/evaluation/sketches.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { embeddedNetwork } from '../../../src/main/engine/network/embedded.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { describeWith, SHARED } from '../../support/programs.ts';

const folder = temporaryFolder();
const SHAPES: Readonly<Record<string, string>> = {
  disc: '<circle cx="50" cy="50" r="34"/>',
  bar: '<rect x="42" y="8" width="14" height="84"/>',
  wedge: '<path d="M8 88L50 14L92 88Z"/>',
  cross: '<path d="M42 8H58V42H92V58H58V92H42V58H8V42H42Z"/>',
};
const svg = (body: string, style: string, paper: string): Buffer =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="160" height="160" viewBox="0 0 100 100"><rect width="100" height="100" fill="${paper}"/><g ${style}>${body}</g></svg>`,
  );
const photo = (shape: string, ink: string): Promise<Buffer> =>
  sharp(svg(SHAPES[shape]!, `fill="${ink}"`, '#dde4ea'))
    .jpeg()
    .toBuffer();
const drawing = (shape: string): Buffer => svg(SHAPES[shape]!, 'fill="none" stroke="#000" stroke-width="2"', '#fff');
const OPTIONS = { method: 'cosine', whiten: false } as const;

describe('protocols of drawings', () => {
  beforeAll(async () => {
    const put = async (file: string, bytes: Buffer | Promise<Buffer>): Promise<void> => {
      mkdirSync(join(folder, file, '..'), { recursive: true });
      writeFileSync(join(folder, file), await bytes);
    };
    for (const [i, shape] of Object.keys(SHAPES).entries()) {
      for (const [k, ink] of ['#234', '#731', '#153'].entries()) {
        await put(`classes/${shape}/photos/${k}.jpg`, photo(shape, ink));
        await put(`flickr/images/${shape}${k}.jpg`, photo(shape, ink));
      }
      await put(`classes/${shape}/drawn.svg`, drawing(shape));
      await put(`flickr/sketches/s${i}.svg`, drawing(shape));
      for (const part of ['train', 'test']) {
        await put(`pairs/${part}/photos/${i}.jpg`, photo(shape, part === 'train' ? '#222' : '#446'));
        await put(`pairs/${part}/sketches/${i}_1.svg`, drawing(shape));
        await put(`pairs/${part}/sketches/${i}_2.svg`, drawing(shape));
      }
    }
    const names = Object.keys(SHAPES).flatMap((s) => [0, 1, 2].map((k) => `${s}${k}`));
    writeFileSync(
      join(folder, 'flickr', 'gnd.json'),
      JSON.stringify({
        imlist: names,
        qimlist: Object.keys(SHAPES).map((_, i) => `s${i}`),
        gnd: Object.keys(SHAPES).map((_, i) => ({ ok: [3 * i, 3 * i + 1, 3 * i + 2] })),
      }),
    );
  });
  const network = embeddedNetwork('edges');

  it('classes: drawings beside the folders of photos', async () => {
    const r = await measureSketches(
      network,
      { ...OPTIONS, layout: 'classes', photos: join(folder, 'classes') },
      silentContext(),
    );
    expect(r).toMatchObject({ photos: 12, sketches: 4, supervised: false });
    expect(r.map).toBeGreaterThan(0.9);
    expect(r.accuracyAt['1']).toBe(1);
  });

  it('Flickr15k: names by a ground truth, mAP, diffusion on the same', async () => {
    const options = {
      ...OPTIONS,
      layout: 'flickr15k',
      photos: join(folder, 'flickr', 'images'),
      sketches: join(folder, 'flickr', 'sketches'),
      truth: join(folder, 'flickr', 'gnd.json'),
    } as const;
    const plain = await measureSketches(network, options, silentContext());
    const diffused = await measureSketches(network, { ...options, method: 'cg' }, silentContext());
    expect(plain.map).toBeGreaterThan(0.9);
    expect(diffused.map).toBeGreaterThan(0.8);
    expect(() => readSketchSet({ ...options, sketches: join(folder, 'pairs', 'test', 'sketches') })).toThrow(
      /4 of 4 images are not there/,
    );
  });

  it('pairs: acc.@K, and whitening on training pairs said to be supervised', async () => {
    const options = { ...OPTIONS, layout: 'pairs', photos: join(folder, 'pairs') } as const;
    const plain = await measureSketches(network, options, silentContext());
    expect(plain).toMatchObject({
      photos: 4,
      sketches: 8,
      supervised: false,
      trainingPairs: 0,
      accuracyAt: { '1': 1, '5': 1 },
    });
    const white = await measureSketches(network, { ...options, whiten: true }, silentContext());
    expect(white).toMatchObject({ supervised: true, trainingPairs: 8 });
    expect(white.accuracyAt['1']).toBeGreaterThan(0.7);
    await expect(
      measureSketches(
        network,
        { ...OPTIONS, layout: 'classes', photos: join(folder, 'classes'), whiten: true },
        silentContext(),
      ),
    ).rejects.toThrow(/has none/);
  });

  it('classes: QuickDraw strokes, one drawing a line, a damaged line named', async () => {
    const strokes = join(folder, 'strokes');
    mkdirSync(strokes);
    const square = '{"word":"a","drawing":[[[50,200,200,50,50],[50,50,200,200,50]]]}';
    const line = '{"word":"b","drawing":[[[20,230],[120,130]],[[120,120],[20,240]]]}';
    const [a, b] = Object.keys(SHAPES) as [string, string];
    writeFileSync(join(strokes, `${a}.ndjson`), `${square}\n\n${line}\n`);
    writeFileSync(join(strokes, `${b}.ndjson`), line);
    const options = { ...OPTIONS, layout: 'classes', photos: join(folder, 'classes'), sketches: strokes } as const;
    const set = readSketchSet(options);
    expect(set.truth.queries.map((q) => q.name).sort()).toEqual(
      [`${a}/${a}.ndjson:1`, `${a}/${a}.ndjson:3`, `${b}/${b}.ndjson:1`].sort(),
    );
    expect(await measureSketches(network, options, silentContext())).toMatchObject({ sketches: 3, photos: 12 });
    writeFileSync(join(strokes, `${a}.ndjson`), `${square}\n{"drawing":[[\n`);
    await expect(measureSketches(network, options, silentContext())).rejects.toMatchObject({
      code: 'INPUT_CORRUPT',
      message: expect.stringContaining('Line 2: ') as string,
      file: join(strokes, `${a}.ndjson`),
    });
  });

  it('refuses networks of photos and folders that are no protocol', async () => {
    const options = { ...OPTIONS, layout: 'classes', photos: join(folder, 'classes') } as const;
    await expect(measureSketches(embeddedNetwork('photos'), options, silentContext())).rejects.toThrow(/takes photos/);
    expect(() => readSketchSet({ ...options, photos: join(folder, 'flickr') })).toThrow(/no protocol/);
    expect(() => readSketchSet({ ...options, layout: 'pairs' })).toThrow(/no test\/photos/);
    expect(() => readSketchSet({ ...options, photos: join(folder, 'nowhere') })).toThrow(/does not exist/);
  });
});

describeWith(['shared data'], 'drawings by people', () => {
  it('are better than chance on sketches of Sketchy against photos by class', async () => {
    const photos = join(SHARED, 'sketches', 'doodle2search_figures', 'sketchy');
    const r = await measureSketches(
      embeddedNetwork('edges'),
      { ...OPTIONS, layout: 'classes', photos },
      silentContext(),
    );
    expect(r).toMatchObject({ photos: 90, sketches: 9 });
    // Chance is 0.15 with ten of ninety photos right.
    expect(r.map).toBeGreaterThan(0.25);
  }, 120_000);
});
