import { CovisError } from '../../../../shared/errors.ts';
import { LIMITS } from '../../formats/budget.ts';
import { photoImage } from '../../library/pixels.ts';
import { drawn } from './paper.ts';
import { sizeOf } from './size.ts';
import type { DrawingReader } from './reader.ts';

const SIGNS = ['\x89PNG', '\xff\xd8\xff', 'RIFF', 'GIF8'];

/** PNG, JPEG, WebP and whatever else is a picture. Any bytes may be one, so that it is last in the list. */
export const image: DrawingReader = {
  format: 'image',
  title: 'PNG, JPEG, WebP',
  named: /./,
  begins: (head) => SIGNS.some((sign) => head.toString('latin1').startsWith(sign)),
  async read(bytes, where) {
    const { width, height } = await sizeOf(bytes);
    if (width * height > LIMITS.drawing.pixels)
      throw new CovisError('INPUT_UNSUPPORTED', `This drawing has ${width} x ${height} pixels, too many to be read`, {
        ...where,
        hint: `Make it smaller: at most ${LIMITS.drawing.pixels} pixels.`,
      });
    return drawn(() => photoImage(bytes));
  },
};
