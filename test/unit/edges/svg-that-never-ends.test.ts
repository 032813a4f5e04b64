import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { paint } from '../../../src/main/engine/edges/drawing-readers/svg-painter.ts';
import { readDrawing } from '../../../src/main/engine/edges/sketch-files.ts';

const svg = (content: string): Buffer =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="100" height="100">${content}</svg>`,
  );
const LINE = svg('<path d="M10 50H90" stroke="#000" stroke-width="10"/>');

/** A part that holds the part before nine times, five times over. */
function repeated(): Buffer {
  const parts = ['<g id="a0"><path d="M1 1L90 90" stroke="#000"/></g>'];
  for (let i = 1; i < 7; i += 1)
    parts.push(`<g id="a${i}">${`<use xlink:href="#a${i - 1}" opacity="0.9"/>`.repeat(9)}</g>`);
  return svg(`<defs>${parts.join('')}</defs><use xlink:href="#a5"/>`);
}

function painters(): number {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'ppid=,args='], { encoding: 'utf8' });
  return stdout.split('\n').filter((l) => l.trim().startsWith(`${process.pid} `) && l.includes('svg-child')).length;
}

describe('an SVG that takes for ever', () => {
  it('is ended with its process, and the next is painted', async () => {
    await expect(paint(repeated(), {}, 0.3)).rejects.toMatchObject({
      code: 'INPUT_UNSUPPORTED',
      message: 'This SVG takes more than 0.3 s to draw',
    });
    expect(painters()).toBe(0);
    const { grey } = await readDrawing(LINE);
    expect([grey.width, grey.height]).toEqual([512, 512]);
    expect([grey.data[256 * 512 + 256], grey.data[100 * 512 + 256]]).toEqual([0, 255]);
  });

  it('has many beside it', async () => {
    const all = await Promise.all(Array.from({ length: 12 }, () => readDrawing(LINE)));
    expect(new Set(all.map((d) => Buffer.from(d.grey.data).toString('base64'))).size).toBe(1);
  });

  it('keeps no program from ending', () => {
    const script = `const { readDrawing } = await import(${JSON.stringify(new URL('../../../src/main/engine/edges/sketch-files.ts', import.meta.url).href)});
      await readDrawing(Buffer.from(${JSON.stringify(LINE.toString())})); process.stdout.write('painted');`;
    const r = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', timeout: 50_000 });
    expect([r.status, r.stdout]).toEqual([0, 'painted']);
  });
});
