import { CovisError } from '../../../../shared/errors.ts';
import { parseJson } from '../../formats/json-text.ts';
import type { Grey } from '../sketch.ts';
import { CANVAS } from './paper.ts';
import type { DrawingReader } from './reader.ts';
import { svg } from './svg.ts';

/** Width of a stroke relative to the long side of the drawing. */
const STROKE = 1 / 100;
const MAX_POINTS = 1_000_000;

/** Polylines in any unit: QuickDraw's `drawing`, one pair of coordinate lists a stroke. */
type StrokeList = readonly (readonly [readonly number[], readonly number[]])[];

/** QuickDraw's JSON: one drawing, a list of strokes, or the first line of .ndjson. */
export const quickdraw: DrawingReader = {
  format: 'quickdraw',
  title: 'QuickDraw strokes as JSON',
  named: /\.(json|ndjson)$/i,
  begins: (head) => [0x7b, 0x5b].includes(head.find((b) => b > 32) ?? 0),
  read: (bytes, where) => rasterise(strokesIn(bytes, where)),
};

/** The strokes of JSON, or of its first line. */
function strokesIn(bytes: Uint8Array, where: { readonly file?: string }): StrokeList {
  const end = bytes.indexOf(0x0a);
  const text = Buffer.from(bytes).toString('utf8');
  let json: unknown;
  try {
    json = parseJson(text, where);
  } catch {
    json = parseJson(
      text.slice(0, end < 0 ? undefined : end),
      where,
      'This is no QuickDraw drawing: its JSON is damaged',
    );
  }
  const list = Array.isArray(json) ? json : (json as { drawing?: unknown } | null)?.drawing;
  const isNumbers = (v: unknown): v is number[] =>
    Array.isArray(v) && v.every((n) => typeof n === 'number' && Number.isFinite(n));
  let points = 0;
  const ok =
    Array.isArray(list) &&
    list.every((s) => {
      if (!Array.isArray(s) || !isNumbers(s[0]) || !isNumbers(s[1]) || s[0].length !== s[1].length) return false;
      points += s[0].length;
      return true;
    });
  if (!ok || points === 0 || points > MAX_POINTS)
    throw new CovisError('INPUT_INVALID', 'This JSON holds no strokes: a drawing is a list of [[x…], [y…]]', where);
  return list as StrokeList;
}

/** Strokes drawn in black on white, fitted into the canvas with a margin of two strokes. */
async function rasterise(strokes: StrokeList): Promise<Grey> {
  let minX = Infinity;
  let minY = Infinity;
  let maxX = -Infinity;
  let maxY = -Infinity;
  for (const [xs, ys] of strokes)
    for (let i = 0; i < xs.length; i += 1) {
      minX = Math.min(minX, xs[i]!);
      maxX = Math.max(maxX, xs[i]!);
      minY = Math.min(minY, ys[i]!);
      maxY = Math.max(maxY, ys[i]!);
    }
  const line = CANVAS * STROKE;
  const margin = 2 * line;
  const scale = (CANVAS - 2 * margin) / Math.max(maxX - minX, maxY - minY, 1e-9);
  const width = Math.max(1, Math.round((maxX - minX) * scale + 2 * margin));
  const height = Math.max(1, Math.round((maxY - minY) * scale + 2 * margin));
  const paths = strokes
    .map(([xs, ys]) =>
      xs
        .map(
          (x, i) =>
            `${i === 0 ? 'M' : 'L'}${((x - minX) * scale + margin).toFixed(2)} ${((ys[i]! - minY) * scale + margin).toFixed(2)}`,
        )
        // A stroke of one point is a dot.
        .join('')
        .replace(/^M([^L]*)$/, 'M$1L$1'),
    )
    .join('');
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#fff"/><path d="${paths}" fill="none" stroke="#000" stroke-width="${line}" stroke-linecap="round" stroke-linejoin="round"/></svg>`;
  return svg.read(Buffer.from(text), {});
}
