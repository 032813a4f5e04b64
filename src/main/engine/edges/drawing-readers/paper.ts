import type { Sharp } from 'sharp';
import type { Grey } from '../sketch.ts';

/** Pixels of the long side of drawings that come as strokes or as SVG. */
export const CANVAS = 512;

/** Grey values of a picture on paper; strokes are read from full colour. */
async function onPaper(image: Sharp, paper: string): Promise<Grey> {
  const { data, info } = await image
    .flatten({ background: paper })
    .greyscale()
    .toColourspace('b-w')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const plane = info.channels === 1 ? data : data.filter((_, i) => i % info.channels === 0);
  return { width: info.width, height: info.height, data: plane };
}

/** Transparent paper is white, or black where that leaves nothing to see. @param open decodes the picture anew. */
export async function drawn(open: () => Sharp | Promise<Sharp>): Promise<Grey> {
  const white = await onPaper(await open(), '#ffffff');
  return contrast(white) > 0 ? white : onPaper(await open(), '#000000');
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
