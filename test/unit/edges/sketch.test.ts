import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import {
  dilate,
  isWhiteOnBlack,
  padStrokes,
  sketchMap,
  strokesOf,
  thin,
  type Strokes,
} from '../../../src/main/engine/edges/sketch.ts';
import { DRAWING_READERS } from '../../../src/main/engine/edges/drawing-readers/index.ts';
import { kindOf } from '../../../src/main/engine/formats/recognise.ts';
import { readDrawing, sketchMaps } from '../../../src/main/engine/edges/sketch-files.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();

/** A drawing in letters: # is a stroke. */
function strokes(...rows: string[]): Strokes {
  return {
    width: rows[0]!.length,
    height: rows.length,
    data: Uint8Array.from(rows.join(''), (c) => (c === '#' ? 1 : 0)),
  };
}
function text({ width, data }: Strokes): string[] {
  return Array.from({ length: data.length / width }, (_, y) =>
    Array.from(data.subarray(y * width, (y + 1) * width), (v) => (v === 1 ? '#' : '.')).join(''),
  );
}

/** Guo and Hall word by word, pixel by pixel: the definition that the tables of `thin` must equal. */
function thinSlowly(s: Strokes): Strokes {
  let data = Uint8Array.from(s.data);
  const { width, height } = s;
  for (let changed = true; changed;) {
    changed = false;
    for (const half of [0, 1]) {
      const next = Uint8Array.from(data);
      for (let y = 1; y < height - 1; y += 1)
        for (let x = 1; x < width - 1; x += 1) {
          const at = (dx: number, dy: number): boolean => data[(y + dy) * width + x + dx] === 1;
          if (!at(0, 0)) continue;
          const e = at(1, 0);
          const ne = at(1, -1);
          const n = at(0, -1);
          const nw = at(-1, -1);
          const w = at(-1, 0);
          const sw = at(-1, 1);
          const so = at(0, 1);
          const se = at(1, 1);
          const crossings = [!e && (ne || n), !n && (nw || w), !w && (sw || so), !so && (se || e)].filter(
            Boolean,
          ).length;
          const n1 = [e || ne, n || nw, w || sw, so || se].filter(Boolean).length;
          const n2 = [ne || n, nw || w, sw || so, se || e].filter(Boolean).length;
          const least = Math.min(n1, n2);
          const kept = half === 0 ? (ne || n || !se) && e : (sw || so || !nw) && w;
          if (crossings === 1 && least >= 2 && least <= 3 && !kept) {
            next[y * width + x] = 0;
            changed = true;
          }
        }
      data = next;
    }
  }
  return { width, height, data };
}

describe('the path of a drawing', () => {
  it('thins a thick bar to its middle line', () => {
    expect(text(thin(strokes('.........', '.#######.', '.#######.', '.#######.', '.........')))).toEqual([
      '.........',
      '.........',
      '..#####..',
      '.........',
      '.........',
    ]);
  });

  it('leaves lines of one pixel alone, corners and loops included', () => {
    const loop = strokes('.......', '..###..', '.#...#.', '.#...#.', '..###..', '.......');
    expect(text(thin(loop))).toEqual(text(loop));
  });

  it('thins like the definition on any drawing, and twice is once', () => {
    const r = random(7);
    for (let k = 0; k < 60; k += 1) {
      const width = 8 + r.below(20);
      const height = 8 + r.below(20);
      const data = Uint8Array.from({ length: width * height }, () => (r.next() < 0.3 + 0.4 * r.next() ? 1 : 0));
      const s = padStrokes({ width, height, data }, 1);
      const once = thin(s);
      expect(text(once)).toEqual(text(thinSlowly(s)));
      expect(text(thin(once))).toEqual(text(once));
    }
  });

  it('grows by disks of one and two pixels', () => {
    const dot = strokes('.....', '.....', '..#..', '.....', '.....');
    expect(text(dilate(dot, 1))).toEqual(['.....', '..#..', '.###.', '..#..', '.....']);
    expect(text(dilate(dot, 2))).toEqual(['..#..', '.###.', '#####', '.###.', '..#..']);
  });

  it('takes what is below 0.8 of white as stroke, after stretching', () => {
    const grey = { width: 5, height: 1, data: Uint8Array.of(200, 200, 200, 100, 179) };
    // Stretched: 100 -> 0, 179 -> 0.79, 200 -> 1.
    expect(Array.from(strokesOf(grey).data)).toEqual([0, 0, 0, 1, 1]);
    expect(Array.from(strokesOf({ ...grey, data: Uint8Array.of(200, 200, 200, 100, 181) }).data)).toEqual([
      0, 0, 0, 1, 0,
    ]);
  });

  it('takes a hand-made stroke through all steps, pixel for pixel', () => {
    const width = 9;
    const data = new Uint8Array(width * 7).fill(255);
    for (let x = 2; x < 7; x += 1) for (let y = 2; y < 5; y += 1) data[y * width + x] = 20;
    const map = sketchMap({ width, height: 7, data });
    expect([map.width, map.height]).toEqual([69, 67]);
    const rows = text({ width: 69, height: 67, data: Uint8Array.from(map.data) });
    const middle = rows.slice(30, 37).map((r) => r.slice(29, 40));
    expect(rows.flatMap((r) => [...r]).filter((c) => c === '#')).toHaveLength(middle.join('').split('#').length - 1);
    expect(middle).toEqual([
      '...........',
      '...####....',
      '..######...',
      '.########..',
      '..######...',
      '...####....',
      '...........',
    ]);
  });

  it('turns light lines on dark paper over', () => {
    const data = new Uint8Array(100).fill(10);
    data.fill(240, 40, 50);
    const grey = { width: 10, height: 10, data };
    expect(isWhiteOnBlack(grey)).toBe(true);
    expect(strokesOf(grey).data.reduce((a, b) => a + b, 0)).toBe(10);
    expect(strokesOf({ ...grey, data: data.map((v) => 255 - v) }).data).toEqual(strokesOf(grey).data);
  });
});

describe('files of drawings', () => {
  const SVG = (style: string, paper = ''): string =>
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10" width="10" height="10">${paper}<path d="M1 9L5 1L9 9Z" fill="none" ${style}/></svg>`;

  it('reads the same triangle as SVG, as QuickDraw strokes, and light on dark', async () => {
    const triangle = JSON.stringify({
      word: 'triangle',
      drawing: [
        [
          [1, 5, 9, 1],
          [9, 1, 9, 9],
        ],
      ],
    });
    const sources = [
      Buffer.from(SVG('stroke="#000" stroke-width="0.1"')),
      Buffer.from(SVG('stroke="#fff" stroke-width="0.1"')),
      Buffer.from(SVG('stroke="#fff" stroke-width="0.1"', '<rect width="10" height="10" fill="#000"/>')),
      Buffer.from(triangle),
      Buffer.from(`${triangle}\n${triangle}\n`),
      Buffer.from(
        JSON.stringify([
          [
            [1, 5, 9, 1],
            [9, 1, 9, 9],
            [0, 5, 9, 12],
          ],
        ]),
      ),
    ];
    const ink: number[] = [];
    for (const s of sources) {
      const [map] = await sketchMaps(await readDrawing(s), [200]);
      ink.push(map!.data.reduce((a, b) => a + b, 0));
      expect(Math.max(map!.width, map!.height)).toBe(260);
    }
    // Three sides of about 200 pixels, five wide.
    for (const n of ink) expect(n).toBeGreaterThan(2000);
    expect(Math.max(...ink) / Math.min(...ink)).toBeLessThan(1.5);
  });

  it('answers an empty canvas, a fully black image, one dot and damaged files clearly', async () => {
    const plain = (value: number): Promise<Buffer> =>
      sharp({ create: { width: 60, height: 60, channels: 3, background: { r: value, g: value, b: value } } })
        .png()
        .toBuffer();
    for (const value of [255, 0, 128])
      await expect(readDrawing(await plain(value)).then((d) => sketchMaps(d, [100]))).rejects.toThrow(/is empty/);
    const dot = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"><circle cx="50" cy="50" r="2"/></svg>',
    );
    await expect(readDrawing(dot).then((d) => sketchMaps(d, [100]))).rejects.toThrow(/only a dot/);
    await expect(readDrawing(Buffer.from('{"drawing": [[[1,2],[1]]]}'))).rejects.toThrow(/no strokes/);
    await expect(readDrawing(Buffer.from('{"drawing": [[[1,'))).rejects.toThrow(/JSON is damaged/);
    const file = join(folder, 'broken.png');
    writeFileSync(file, 'not an image');
    await expect(readDrawing(file)).rejects.toMatchObject({ code: 'INPUT_CORRUPT', file });
    await expect(readDrawing(join(folder, 'none.png'))).rejects.toMatchObject({ code: 'INPUT_MISSING' });
  });
});

describe('formats of drawings', () => {
  it.each([
    ['[[[0,1],[0,1]]]', 'quickdraw'],
    ['  {"drawing":[[[0,1],[0,1]]]}', 'quickdraw'],
    ['<svg xmlns="http://www.w3.org/2000/svg"/>', 'svg'],
    ['\ufeff<?xml version="1.0"?>\n<!-- made -->\n<svg width="1"/>', 'svg'],
    ['<html><body>no drawing</body></html>', undefined],
    ['plain text', undefined],
  ])('%s is %s by what it begins with', (text, format) => {
    expect(DRAWING_READERS.find((r) => r.begins?.(Buffer.from(text)) === true)?.format).toBe(format);
  });

  it('a picture is one whatever its name says', async () => {
    const png = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    for (const name of ['a.png', 'a.svg', 'a.json', ''])
      expect(kindOf(DRAWING_READERS, png, name)?.format).toBe('image');
  });
});
