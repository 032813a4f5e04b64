import { describe, expect, it } from 'vitest';
import { findOne } from '../../../src/main/engine/library/find.ts';

const THINGS = [
  { id: 'aabbccdd00112233', name: 'MobileNet GeM' },
  { id: 'aabbeeff44556677', name: 'twice' },
  { id: '1234567890abcdef', name: 'twice' },
  { id: 'ffff000011112222', name: 'a_b%c' },
  { id: '00ff00ff00ff00ff', name: 'aaaa' },
  { id: 'c0ffee00c0ffee00', name: ' spaces  inside ' },
  { id: 'deadbeefdeadbeef', name: 'caf\u00e9' },
] as const;
const find = (wanted: string): string => findOne('network', wanted, THINGS, (t) => t).id;

describe('what a person names', () => {
  it.each([
    ['its whole hash', 'aabbccdd00112233', 'aabbccdd00112233'],
    ['its hash in upper case', 'AABBCCDD00112233', 'aabbccdd00112233'],
    ['a beginning of it that no other has', 'aabbcc', 'aabbccdd00112233'],
    ['four digits of it', '1234', '1234567890abcdef'],
    ['a beginning in upper case', 'AABBE', 'aabbeeff44556677'],
    ['its name', 'MobileNet GeM', 'aabbccdd00112233'],
    ['a name with signs that SQL would take for wildcards', 'a_b%c', 'ffff000011112222'],
    ['a name that could be the beginning of a hash', 'aaaa', '00ff00ff00ff00ff'],
    ['a name with spaces at its ends', ' spaces  inside ', 'c0ffee00c0ffee00'],
    ['a name whose accents are written apart', 'cafe\u0301', 'deadbeefdeadbeef'],
  ])('is found by %s', (_, wanted, id) => {
    expect(find(wanted)).toBe(id);
  });

  it.each([
    'zzz',
    'proj',
    'zoom',
    '%',
    '_',
    '',
    'a',
    'aab',
    'mobilenet gem',
    'MobileNet',
    'spaces  inside',
    'spaces inside',
    'aXb%c',
    'a_bXc',
    '________________',
    'aabb*',
    'aabbccdd001122334',
    'aabbccdd00112233 ',
    "x' OR '1'='1",
  ])('is not taken for %j', (wanted) => {
    expect(() => find(wanted)).toThrow(
      expect.objectContaining({
        code: 'NOT_FOUND',
        message: `The library has no network "${wanted}"`,
        hint: expect.stringMatching(/deadbeefdeadbeef \(café\).* and 2 more\./) as string,
      }) as Error,
    );
  });

  it.each([
    ['twice', /^2 networks are called "twice"$/],
    ['aabb', /^2 networks begin with aabb$/],
  ])('is refused and listed where %s may be several', (wanted, message) => {
    expect(() => find(wanted)).toThrow(
      expect.objectContaining({
        code: 'INPUT_INVALID',
        message: expect.stringMatching(message) as string,
        hint: expect.stringContaining('aabbeeff44556677 (twice)') as string,
      }) as Error,
    );
  });

  it('is said not to be where there is nothing', () => {
    expect(() => findOne('cluster', 'castle', [], (t: { id: string; name: string }) => t)).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND', hint: 'It has no clusters.' }) as Error,
    );
  });
});
