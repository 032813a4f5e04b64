import sharp from 'sharp';
import { CANVAS, drawn } from './paper.ts';
import type { DrawingReader } from './reader.ts';

const GZIP = [0x1f, 0x8b];

/** SVG, packed or not, drawn at a size that does not depend on its unit. */
export const svg: DrawingReader = {
  format: 'svg',
  title: 'SVG',
  named: /\.svgz?$/i,
  begins(head) {
    if (GZIP.every((b, i) => head[i] === b)) return true;
    const text = head
      .toString('utf8')
      .replace(/^\ufeff/, '')
      .trimStart();
    return text.startsWith('<') && /<svg[\s>:]|<\w+:svg[\s>]/i.test(text);
  },
  read: (bytes) =>
    drawn(async () => {
      const { width, height } = await sharp(bytes, { failOn: 'error' }).metadata();
      return sharp(bytes, { failOn: 'error', density: densityOf(width, height) }).resize({
        width: CANVAS,
        height: CANVAS,
        fit: 'inside',
      });
    }),
};

function densityOf(width: number | undefined, height: number | undefined): number {
  const side = Math.max(1, width ?? 1, height ?? 1);
  return Math.min(2400, Math.max(1, (72 * CANVAS) / side));
}
