import { expect, it } from 'vitest';
import { boxOf, boxText } from '../../../src/renderer/views/photos/place-box.ts';

it('a part of the map is written into an address and read from it to the last digit', () => {
  const box = { south: -33.859375, west: 151.1 + 0.1, north: -33.84375, east: 151.21875 };
  expect(boxText(box)).toBe('-33.859375,151.2,-33.84375,151.21875');
  expect(boxOf(boxText(box))).toEqual(box);
});

it('an address that names none is read as none', () => {
  for (const wrong of [undefined, null, '', '1,2,3', '1,2,3,4,5', 'a,b,c,d', '1,,3,4', '1,2,3,721', ['1,2,3,4']])
    expect(boxOf(wrong)).toBeNull();
});
