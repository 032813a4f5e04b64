import { basename } from 'node:path';
import sharp from 'sharp';
import { CovisError } from '../../../shared/errors.ts';
import { LIMITS } from '../formats/budget.ts';
import { kindOf, refuseStandIn, titles } from '../formats/recognise.ts';
import { readRegular } from '../formats/regular.ts';
import { DRAWING_READERS } from './drawing-readers/index.ts';
import type { EdgeMap } from './edge-map.ts';
import { sketchMap, strokesOf, type Grey } from './sketch.ts';

/** A drawing at full size, as grey values. */
export interface Drawing {
  readonly grey: Grey;
  /** For messages; undefined when it came as bytes. */
  readonly file?: string | undefined;
}

/** What spans less of the paper is no drawing. */
const DOT = 0.06;
const HEAD_BYTES = 4096;

/**
 * Reads a drawing, whichever of the list's formats it is in. Transparent paper is white, or black where that leaves nothing to see.
 * @throws CovisError `INPUT_CORRUPT` or `INPUT_INVALID` naming the file.
 */
export async function readDrawing(source: string | Uint8Array): Promise<Drawing> {
  const file = typeof source === 'string' ? source : undefined;
  const where = file === undefined ? {} : { file };
  if (file !== undefined) refuseStandIn(file);
  const bytes = typeof source === 'string' ? readRegular(source, LIMITS.drawing.bytes, 'drawing') : source;
  const head = Buffer.from(bytes.subarray(0, HEAD_BYTES));
  // Drawings that come as bytes have no name; the last reader takes what has no sign.
  const reader = kindOf(DRAWING_READERS, head, file === undefined ? '' : basename(file)) ?? DRAWING_READERS.at(-1)!;
  try {
    return { grey: await reader.read(bytes, where), file };
  } catch (cause) {
    if (cause instanceof CovisError) throw cause;
    throw new CovisError('INPUT_CORRUPT', 'This drawing cannot be decoded', {
      ...where,
      hint: `Drawings are ${titles(DRAWING_READERS)}.`,
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
