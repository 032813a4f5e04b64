import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MODEL_READERS } from '../../../src/main/engine/sfm/readers/index.ts';
import { place, put, read } from '../../support/models-of-text.ts';
import { saidAt as said } from '../../support/said.ts';

describe('a Bundler file', () => {
  const camera = (f = '90 0.1 0.2'): string => `${f}\n1 0 0\n0 1 0\n0 0 1\n0 0 0\n`;
  const head = '# Bundle file v0.3\n';
  const bundle = (o: { counts?: string; cameras?: string; points?: string } = {}): string =>
    `${head}${o.counts ?? '2 1'}\n${o.cameras ?? camera() + camera('80 0 0')}${o.points ?? '1 2 3\n10 20 30\n2 0 5 1 2 1 6 -3 4\n'}`;
  const of = (text: string, list = 'a.jpg\nb.jpg\n'): string =>
    said(() => read('bundler', put('bundle.out', text, { 'list.txt': list })));

  it('is read, y up and from the centre', () => {
    const [m] = read('bundler', put('bundle.out', bundle(), { 'list.txt': 'a.jpg\nb.jpg\n' }), {
      sizes: (n) => (n === 'a.jpg' ? [40, 30] : undefined),
    });
    expect(m!.cameras).toEqual([
      { id: 1, model: 'RADIAL', width: 40, height: 30, params: [90, 20, 15, 0.1, 0.2] },
      // Without a photo the least size that holds the observations: twice 3 and 4, and a pixel.
      { id: 2, model: 'RADIAL', width: 7, height: 9, params: [80, 3.5, 4.5, 0, 0] },
    ]);
    expect([...m!.obsXy]).toEqual([21, 13, 0.5, 0.5]);
    expect([...m!.pointXyz, ...m!.pointRgb]).toEqual([1, 2, 3, 10, 20, 30]);
  });

  it('leaves out cameras that were not registered, and what they see', () => {
    const zero = '0 0 0\n'.repeat(5);
    const [m] = read(
      'bundler',
      put(
        'bundle.out',
        bundle({
          counts: '3 1',
          cameras: zero + camera() + camera('80 0 0'),
          points: '1 2 3\n10 20 30\n3 0 5 9 9 1 6 1 2 2 7 3 4\n',
        }),
        { 'list.txt': 'x\na\nb\n' },
      ),
    );
    expect(m!.views.map((v) => [v.name, v.imageId, v.cameraId])).toEqual([
      ['a', 2, 2],
      ['b', 3, 3],
    ]);
    expect(m!.cameras.map((c) => [c.id, c.width, c.height])).toEqual([
      [2, 3, 5],
      [3, 7, 9],
    ]);
    expect(m!.obsPoint.length).toBe(2);
  });

  it.each([
    ['as many cameras as can be', bundle({ counts: '9999999 1' }), /^INPUT_INVALID: This list has 2 images/],
    ['one more', bundle({ counts: '10000000 1' }), /^INPUT_CORRUPT at 19: The number of cameras is 10000000/],
    [
      'as many points as can be',
      bundle({ counts: '2 4294967295', points: '' }),
      /^INPUT_TRUNCATED at \d+: The file ends before a 3D point/,
    ],
    ['one point more', bundle({ counts: '2 4294967296' }), /^INPUT_CORRUPT at 19: The number of points is 4294967296/],
    ['half a camera', bundle({ counts: '1.5 1' }), /^INPUT_CORRUPT at 19: /],
    ['fewer than none', bundle({ counts: '-1 1' }), /^INPUT_CORRUPT at 19: /],
    ['no camera', bundle({ counts: '0 0', cameras: '', points: '' }), /^read$/],
    [
      'a number that is not finite',
      bundle({ cameras: camera('90 1e999 0') + camera() }),
      /^INPUT_CORRUPT at 23: The distortion k1 is not finite/,
    ],
    ['a word', bundle({ cameras: camera('90 x 0') + camera() }), /^INPUT_CORRUPT at 23: The distortion k1 is "x"/],
    ['the last camera', bundle({ points: '1 2 3\n1 1 1\n1 1 0 0 0\n' }), /^read$/],
    [
      'a camera beyond it',
      bundle({ points: '1 2 3\n1 1 1\n1 2 0 0 0\n' }),
      /^INPUT_CORRUPT at \d+: A point is seen by camera 2, and the model has 2/,
    ],
    ['the last keypoint', bundle({ points: '1 2 3\n1 1 1\n1 1 4294967295 0 0\n' }), /^read$/],
    [
      'a keypoint beyond it',
      bundle({ points: '1 2 3\n1 1 1\n1 1 4294967296 0 0\n' }),
      /^INPUT_CORRUPT .*A keypoint of a view list/,
    ],
    ['a view list of a thousand a camera', bundle({ points: '1 2 3\n1 1 1\n2000 1 0 0 0\n' }), /^INPUT_TRUNCATED/],
    [
      'a longer view list',
      bundle({ points: '1 2 3\n1 1 1\n2001 1 0 0 0\n' }),
      /^INPUT_CORRUPT .*The length of a view list is 2001/,
    ],
    ['comments and empty lines between', bundle({ counts: '2\n\n# here\n1' }), /^read$/],
  ])('with %s', (_, text, expected) => expect(of(text)).toMatch(expected));

  it('names its images by the list, with or without focal lengths, or by as many photos', () => {
    const names = (list: string): string[] =>
      read('bundler', put('bundle.out', bundle(), { 'list.txt': list }))[0]!.views.map((v) => v.name);
    expect(names('a b.jpg 0 90.5\r\n\r\n  c.jpg 0 1e+3  \r\n')).toEqual(['a b.jpg', '  c.jpg']);
    expect(names('a 1 90\nb 0\n')).toEqual(['a 1 90', 'b 0']);
    expect(of(bundle(), 'a\nb\nc\n')).toBe('read');
    expect(of(bundle(), 'a\n')).toMatch(/^INPUT_INVALID: This list has 1 image, and the model has 2 cameras/);
    const bare = put('bundle.out', bundle());
    expect(read('bundler', bare, { names: ['x', 'y'] })[0]!.views.map((v) => v.name)).toEqual(['x', 'y']);
    for (const photos of [['x'], ['x', 'y', 'z'], []])
      expect(said(() => read('bundler', bare, { names: photos }))).toMatch(/^INPUT_MISSING: This Bundler file has 2/);
  });

  it.each(['scene.bundle.list.txt', 'scene.list.txt', 'list.txt', 'image_list.txt', 'list.orig.txt', '../list.txt'])(
    'finds its list under the name %s',
    (name) => {
      const file = join(place(), 'in', 'scene.bundle.out');
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bundle());
      writeFileSync(join(dirname(file), name), 'a\nb\n');
      expect(read('bundler', file)[0]!.views.map((v) => v.name)).toEqual(['a', 'b']);
      expect(MODEL_READERS.find((r) => r.format === 'bundler')!.files(file)).toEqual([file, join(dirname(file), name)]);
    },
  );

  it('has a list of at most 256 MiB', () => {
    const file = put('bundle.out', bundle(), { 'list.txt': '' });
    truncateSync(join(dirname(file), 'list.txt'), 2 ** 28 + 1);
    expect(said(() => read('bundler', file))).toBe('INPUT_UNSUPPORTED: This list is larger than 256 MiB');
  });
});

describe('an NVM file', () => {
  const camera = (name: string, radial = '0.1 0'): string => `${name} 90 1 0 0 0 0 0 0 ${radial}`;
  const nvm = (o: { cameras?: string; list?: string; points?: string; end?: string } = {}): string =>
    `NVM_V3\n\n${o.cameras ?? '2'}\n${o.list ?? `${camera('a')}\n${camera('b')}`}\n\n${o.points ?? '1\n1 2 3 4 5 6 2 0 9 7 8 1 9 5 6\n'}${o.end ?? '\n0\n'}`;
  const of = (text: string): string => said(() => read('nvm', put('m.nvm', text)));

  it('is read from the corner where no coordinate is negative, else from the centre', () => {
    const [corner] = read('nvm', put('m.nvm', nvm()));
    expect([...corner!.obsXy]).toEqual([7, 8, 5, 6]);
    expect(corner!.cameras.map((c) => [c.width, c.height, ...c.params])).toEqual([
      [8, 9, 90, 4, 4.5, -0.1],
      [6, 7, 90, 3, 3.5, -0.1],
    ]);
    const [centre] = read('nvm', put('m.nvm', nvm({ points: '1\n1 2 3 4 5 6 2 0 9 7 8 1 9 5 -0.5\n' })));
    expect(centre!.cameras.map((c) => [c.width, c.height])).toEqual([
      [15, 17],
      [11, 2],
    ]);
    expect([...centre!.obsXy]).toEqual([14.5, 16.5, 10.5, 0.5]);
    const [zero] = read('nvm', put('m.nvm', nvm({ points: '1\n1 2 3 4 5 6 2 0 9 0 8 1 9 5 0\n' })));
    expect([...zero!.obsXy]).toEqual([0, 8, 5, 0]);
  });

  it('has camera lines of a name and nine or ten numbers', () => {
    const [m] = read('nvm', put('m.nvm', nvm({ list: `${camera('a', '0')}\n${camera('b c 1', '-0.2 0')}` })));
    expect(m!.views.map((v) => v.name)).toEqual(['a', 'b c 1']);
    expect(m!.cameras.map((c) => c.params[3])).toEqual([0, 0.2]);
    expect(of(nvm({ list: `90 1 0 0 0 0 0 0 0.1\n${camera('b')}` }))).toMatch(/A camera line is too short/);
    expect(of(nvm({ list: `a 90 1 0 0 0 0 0 0 0.1\n${camera('b')}` }))).toBe('read');
    expect(of(nvm({ list: `${camera('a', '1e999')}\n${camera('b')}` }))).toMatch(
      /^INPUT_CORRUPT at 10: A camera parameter is not finite/,
    );
  });

  it.each([
    ['as many cameras as can be', nvm({ cameras: '9999999' }), /^INPUT_(TRUNCATED|CORRUPT) at (?!8:)/],
    ['one camera more', nvm({ cameras: '10000000' }), /^INPUT_CORRUPT at 8: The number of cameras is 10000000/],
    ['half a camera', nvm({ cameras: '0.5' }), /^INPUT_CORRUPT at 8/],
    ['no camera', 'NVM_V3\n0\n', /^INPUT_INVALID: This file holds no model/],
    ['no model', 'NVM_V3\n', /^INPUT_INVALID: This file holds no model/],
    ['another first line', 'NVM_V2\n', /^INPUT_CORRUPT at 0: The first line is not NVM_V3/],
    ['nothing', '', /^INPUT_TRUNCATED at 0: The file ends before its first line/],
    ['comments', nvm({ cameras: '# two\n2' }), /^read$/],
    ['no points', nvm({ points: '0\n' }), /^read$/],
    ['as many points as can be', nvm({ points: '4294967295\n', end: '' }), /^INPUT_TRUNCATED .*before a point/],
    ['one point more', nvm({ points: '4294967296\n' }), /^INPUT_CORRUPT .*The number of points is/],
    ['a point without measurements', nvm({ points: '1\n1 2 3 4 5 6 0\n' }), /^read$/],
    ['a point cut short', nvm({ points: '1\n1 2 3 4 5 6 1 0 9 7\n' }), /^INPUT_TRUNCATED .*A point line is too short/],
    ['a thousand measurements a camera', nvm({ points: '1\n1 2 3 4 5 6 2000 0 9 7 8\n' }), /^INPUT_TRUNCATED/],
    [
      'more measurements',
      nvm({ points: '1\n1 2 3 4 5 6 2001 0 9 7 8\n' }),
      /^INPUT_CORRUPT .*The number of measurements/,
    ],
    ['the last image', nvm({ points: '1\n1 2 3 4 5 6 1 1 9 7 8\n' }), /^read$/],
    [
      'an image beyond it',
      nvm({ points: '1\n1 2 3 4 5 6 1 2 9 7 8\n' }),
      /^INPUT_CORRUPT .*A point is seen in image 2, and the model has 2/,
    ],
    ['no end', nvm({ end: '' }), /^read$/],
  ])('with %s', (_, text, expected) => expect(of(text)).toMatch(expected));
});
