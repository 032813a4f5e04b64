import { expect, it } from 'vitest';
import { boxOf, inBox } from '../../../src/renderer/views/photos/place-box.ts';

const at = (photo: string, latitude: number | null, longitude: number | null) => ({ photo, latitude, longitude });
const PHOTOS = [
  at('berlin', 52.518_93, 13.400_31),
  at('near', 52.519_001, 13.401),
  at('south', -33.9, -70.66),
  at('nowhere', null, null),
];

it('writes the bounds of photos for an address, and finds the same photos by it', () => {
  const box = boxOf(PHOTOS.slice(0, 2));
  expect(box).toBe('52.51893,13.40031,52.51901,13.401');
  expect([...inBox(box, PHOTOS)!]).toEqual(['berlin', 'near']);
  expect([...inBox(boxOf([PHOTOS[2]!]), PHOTOS)!]).toEqual(['south']);
});

it('has no bounds for photos that do not say where, and takes no others for bounds', () => {
  expect(boxOf([PHOTOS[3]!])).toBeUndefined();
  for (const wrong of [undefined, null, '', '1,2,3', 'a,b,c,d', ['1,2,3,4']]) expect(inBox(wrong, PHOTOS)).toBeNull();
});
