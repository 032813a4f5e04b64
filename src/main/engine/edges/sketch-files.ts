import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { CovisError } from '../../../shared/errors.ts';
import type { EdgeMap } from './edge-map.ts';
import { sketchMap, strokesOf, type Grey } from './sketch.ts';

/** A drawing at full size, as grey values. */
export interface Drawing {
  readonly grey: Grey;
  /** For messages; undefined when it came as bytes. */
  readonly file?: string | undefined;
}

/** Pixels of the long side of drawings that come as strokes or as SVG. */
const CANVAS = 512;
/** Width of a stroke relative to the long side of the drawing. */
const STROKE = 1 / 100;
/** What spans less of the paper is no drawing. */
const DOT = 0.06;
const MAX_POINTS = 1_000_000;

/** Polylines in any unit: QuickDraw's `drawing`, one pair of coordinate lists a stroke. */
export type StrokeList = readonly (readonly [readonly number[], readonly number[]])[];

/**
 * Reads a drawing: PNG, JPEG, WebP, SVG, or QuickDraw's JSON (one drawing, a list of strokes, or the first line of .ndjson).
 * Transparent paper is white, or black where that leaves nothing to see.
 * @throws CovisError `INPUT_CORRUPT` or `INPUT_INVALID` naming the file.
 */
export async function readDrawing(source: string | Uint8Array): Promise<Drawing> {
  const file = typeof source === 'string' ? source : undefined;
  const where = file === undefined ? {} : { file };
  let bytes: Uint8Array;
  try {
    bytes = typeof source === 'string' ? readFileSync(source) : source;
  } catch (cause) {
    throw new CovisError('INPUT_MISSING', 'This drawing cannot be opened', { ...where, cause });
  }
  const strokes = strokesIn(bytes, where);
  if (strokes !== undefined) return { grey: await rasterise(strokes), file };
  try {
    const white = await grey(bytes, '#ffffff');
    if (contrast(white) > 0) return { grey: white, file };
    return { grey: await grey(bytes, '#000000'), file };
  } catch (cause) {
    throw new CovisError('INPUT_CORRUPT', 'This drawing cannot be decoded', {
      ...where,
      hint: 'Drawings are PNG, JPEG, WebP, SVG or QuickDraw strokes as JSON.',
      cause,
    });
  }
}

/**
 * The drawing's edge maps at each long side in pixels, padded (methods.md 2.5).
 * @throws CovisError `INPUT_INVALID` when there is nothing drawn.
 */
export async function sketchMaps(drawing: Drawing, sides: readonly number[]): Promise<EdgeMap[]> {
  refuseNothing(drawing);
  const maps: EdgeMap[] = [];
  for (const side of sides) maps.push(sketchMap(await resized(drawing.grey, side)));
  return maps;
}

/** @throws CovisError `INPUT_INVALID` for a drawing of one grey and for a single dot. */
function refuseNothing({ grey, file }: Drawing): void {
  const where = file === undefined ? {} : { file };
  const { width, height, data } = strokesOf(grey);
  let left = width;
  let right = -1;
  let top = height;
  let bottom = -1;
  for (let i = 0; i < data.length; i += 1) {
    if (data[i] === 0) continue;
    const x = i % width;
    const y = (i - x) / width;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  if (right < 0)
    throw new CovisError('INPUT_INVALID', 'The drawing is empty: it is of one grey all over', {
      ...where,
      hint: 'Draw dark lines on light paper, or light lines on dark paper.',
    });
  if (Math.max(right - left, bottom - top) < DOT * Math.max(width, height))
    throw new CovisError('INPUT_INVALID', 'The drawing is only a dot', { ...where, hint: 'Draw an outline.' });
}

async function grey(bytes: Uint8Array, paper: string): Promise<Grey> {
  const image = sharp(bytes, { failOn: 'error' });
  const meta = await image.metadata();
  const vector = meta.format === 'svg';
  // Strokes are read from full colour, and SVG is drawn at a size that does not depend on its unit.
  const { data, info } = await (
    vector ? sharp(bytes, { failOn: 'error', density: densityOf(meta.width, meta.height) }) : image.autoOrient()
  )
    .resize(vector ? { width: CANVAS, height: CANVAS, fit: 'inside' } : {})
    .flatten({ background: paper })
    .greyscale()
    .toColourspace('b-w')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const plane = info.channels === 1 ? data : data.filter((_, i) => i % info.channels === 0);
  return { width: info.width, height: info.height, data: plane };
}

function densityOf(width: number | undefined, height: number | undefined): number {
  const side = Math.max(1, width ?? 1, height ?? 1);
  return Math.min(2400, Math.max(1, (72 * CANVAS) / side));
}

function contrast({ data }: Grey): number {
  let low = Infinity;
  let high = -Infinity;
  for (const v of data) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return high - low;
}

async function resized(g: Grey, side: number): Promise<Grey> {
  const { data, info } = await sharp(Uint8Array.from(g.data), {
    raw: { width: g.width, height: g.height, channels: 1 },
  })
    .resize(side, side, { fit: 'inside', kernel: 'cubic' })
    .toColourspace('b-w')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

/** Strokes of QuickDraw's JSON; undefined for anything that is no JSON. */
function strokesIn(bytes: Uint8Array, where: { file?: string }): StrokeList | undefined {
  const first = bytes.find((b) => b > 32);
  if (first !== 0x7b && first !== 0x5b) return undefined;
  const end = bytes.indexOf(0x0a);
  const text = Buffer.from(bytes).toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    try {
      json = JSON.parse(text.slice(0, end < 0 ? undefined : end));
    } catch (cause) {
      throw new CovisError('INPUT_CORRUPT', 'This is no QuickDraw drawing: its JSON is damaged', { ...where, cause });
    }
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
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#fff"/><path d="${paths}" fill="none" stroke="#000" stroke-width="${line}" stroke-linecap="round" stroke-linejoin="round"/></svg>`;
  return grey(Buffer.from(svg), '#ffffff');
}
