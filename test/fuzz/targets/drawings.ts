import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DRAWING_READERS } from '../../../src/main/engine/edges/drawing-readers/index.ts';
import { readDrawing, sketchMaps } from '../../../src/main/engine/edges/sketch-files.ts';
import { notFinite, seed, type FuzzTarget, type Seed } from '../target.ts';
import { picture } from './photos.ts';

const SVG = `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="60" height="40" viewBox="0 0 60 40">
<defs><path id="p" d="M5 5 L50 5 C50 30 20 40 5 30 Z"/><linearGradient id="g"><stop offset="0"/></linearGradient></defs>
<g transform="rotate(5) scale(1.1)"><use xlink:href="#p" fill="none" stroke="black" stroke-width="2"/><circle cx="20" cy="20" r="8" stroke="url(#g)"/></g>
<text x="5" y="35" font-size="6">t</text></svg>`;
const STROKES = '{"word":"house","drawing":[[[0,40,40,0,0],[0,0,30,30,0]],[[0,20,40],[0,-20,0]]]}';

const DRAWINGS: Readonly<Record<string, () => Promise<Seed[]> | Seed[]>> = {
  quickdraw: () => [
    seed('one', { 'd.ndjson': `${STROKES}\n${STROKES}\n` }),
    seed('strokes', { 'd.ndjson': '[[[0,9,20],[3,4,40]],[[7],[8]]]' }),
  ],
  svg: () => [seed('svg', { 'd.svg': SVG }), seed('packed', { 'd.svg': gzipSync(SVG) })],
  image: async () => [
    seed('png', { 'd.png': await picture(4, 40, 30).png().toBuffer() }),
    seed('jpeg', { 'd.png': await picture(1, 40, 30).jpeg().toBuffer() }),
    seed('webp', { 'd.png': await picture(3, 40, 30).webp({ lossless: true }).toBuffer() }),
  ],
};

export const DRAWING_TARGETS: readonly FuzzTarget[] = DRAWING_READERS.map((reader): FuzzTarget => ({
  name: `drawings/${reader.format}`,
  seeds: async () => (await DRAWINGS[reader.format]?.()) ?? [],
  takes: (file) => reader.format === 'svg' && reader.named.test(basename(file)),
  async read({ input }) {
    const drawing = await readDrawing(join(input, readdirSync(input)[0] ?? 'gone'));
    const { width, height, data } = drawing.grey;
    if (data.length !== width * height) return `${data.length} values of ${width} x ${height}`;
    for (const map of await sketchMaps(drawing, [32])) {
      const wrong = notFinite({ map: map.data });
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  },
}));
