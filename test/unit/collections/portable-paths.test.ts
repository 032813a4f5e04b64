import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { foldedName, portableName, portablePaths } from '../../../src/main/engine/collections/portable-paths.ts';
import { random } from '../../../src/main/engine/library/random.ts';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Pieces out of which names are made that break something somewhere. */
const PIECES = [
  ...[
    'a',
    'B',
    'ß',
    'SS',
    'ı',
    'İ',
    'é',
    'e\u0301',
    'ﬁ',
    '日本',
    '😀',
    '\ud83d',
    '.',
    '..',
    ' ',
    '\u00a0',
    '-',
    '~',
    '#',
    '&',
    "'",
  ],
  ...[
    '%',
    '\\',
    '/',
    ':',
    '*',
    '?',
    '"',
    '<',
    '>',
    '|',
    '\n',
    '\r',
    '\t',
    '\u0085',
    '\u2028',
    '\u202e',
    '\0',
    '\ufeff',
  ],
  ...[
    'CON',
    'nul',
    'COM1',
    'lpt9',
    'aux.',
    'photo',
    'IMG_0001',
    '.jpg',
    '.JPG',
    '.jpeg',
    'x'.repeat(90),
    'ü'.repeat(70),
  ],
];

function drawn(seed: number, count: number): string[] {
  const r = random(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + r.below(4) }, () => PIECES[r.below(PIECES.length)]!).join(''),
  );
}

/** What point 9 of the design wants of every name. */
function faultsOf(path: string): string[] {
  const faults: string[] = [];
  const must = (holds: boolean, what: string): void => {
    if (!holds) faults.push(what);
  };
  must(path.startsWith('photos/'), 'photos/');
  const name = path.slice('photos/'.length);
  must(name === name.normalize('NFC'), 'NFC');
  must(!/[%\\/:*?"<>|]/.test(name), 'character');
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  must(!/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(name), 'control');
  must(!/^\s|[\s.]$/u.test(name) && !name.startsWith('.'), 'end');
  must(!/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(name), 'device');
  must(Buffer.byteLength(name) <= 120 && name.length > 0, 'length');
  must(name.isWellFormed(), 'surrogate');
  return faults;
}

describe('portable paths', () => {
  it('are safe whatever photos are called, unique without case, and follow from names and contents alone', () => {
    for (let seed = 0; seed < 60; seed += 1) {
      const photos = drawn(seed, 40).map((name, i) => ({ sha256: sha(`${seed} ${i}`), names: [name, `Z${name}`] }));
      const paths = portablePaths(photos);
      for (const [i, p] of paths.entries()) expect(faultsOf(p), JSON.stringify(photos[i]!.names)).toEqual([]);
      expect(new Set(paths.map((p) => foldedName(p))).size).toBe(paths.length);
      const order = random(seed + 1000).shuffled(photos.map((_, i) => i));
      const again = portablePaths(order.map((i) => ({ ...photos[i]!, names: photos[i]!.names.toReversed() })));
      expect(again).toEqual(order.map((i) => paths[i]));
    }
  });

  it('leave good names as they are', () => {
    for (const name of [
      'IMG_0001.jpg',
      'Schloß Neuschwanstein, 3.JPG',
      'a b.tiff',
      '東京.png',
      'console.jpg',
      'com10.jpg',
    ])
      expect(portableName(name)).toBe(name);
    expect(portableName('2019/May/../a.jpg')).toBe('a.jpg');
    expect(portableName('con.jpg')).toBe('_con.jpg');
    expect(portableName('100%: why?.jpg')).toBe('100__ why_.jpg');
    expect(portableName('e\u0301.jpg')).toBe('\u00e9.jpg');
    expect(portableName('...')).toBe('photo');
    expect(portableName(`${'ü'.repeat(100)}.jpg`)).toBe(`${'ü'.repeat(58)}.jpg`);
  });

  it('tell photos of one name apart by their contents, all of them', () => {
    const photos = ['Tor.jpg', 'tor.JPG', 'Turm.jpg'].map((name) => ({ sha256: sha(name), names: [name] }));
    expect(portablePaths(photos)).toEqual([
      `photos/Tor-${sha('Tor.jpg').slice(0, 8)}.jpg`,
      `photos/tor-${sha('tor.JPG').slice(0, 8)}.JPG`,
      'photos/Turm.jpg',
    ]);
  });

  it('bear names that are made to clash', () => {
    const a = sha('a');
    const photos = [
      { sha256: a, names: ['x.jpg'] },
      { sha256: sha('b'), names: ['X.jpg'] },
      { sha256: sha('c'), names: [`x-${a.slice(0, 8)}.jpg`] },
      { sha256: sha('d'), names: [`X-${a}.jpg`] },
    ];
    const paths = portablePaths(photos);
    expect(new Set(paths.map(foldedName)).size).toBe(4);
    expect(() => portablePaths([photos[0]!, photos[0]!])).toThrow(/one SHA-256/);
  });
});
