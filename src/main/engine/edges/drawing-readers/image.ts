import { photoImage } from '../../library/pixels.ts';
import { drawn } from './paper.ts';
import type { DrawingReader } from './reader.ts';

const SIGNS = ['\x89PNG', '\xff\xd8\xff', 'RIFF', 'GIF8'];

/** PNG, JPEG, WebP and whatever else is a picture. Any bytes may be one, so that it is last in the list. */
export const image: DrawingReader = {
  format: 'image',
  title: 'PNG, JPEG, WebP',
  named: /./,
  begins: (head) => SIGNS.some((sign) => head.toString('latin1').startsWith(sign)),
  read: (bytes) => drawn(() => photoImage(bytes)),
};
