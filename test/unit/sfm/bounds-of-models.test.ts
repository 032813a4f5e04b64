import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readColmapBinary } from '../../../src/main/engine/sfm/colmap-binary.ts';
import { readColmapText } from '../../../src/main/engine/sfm/colmap-text.ts';
import { Json } from '../../../src/main/engine/sfm/json.ts';
import { ModelBuilder } from '../../../src/main/engine/sfm/model-builder.ts';
import { cameraCentre, rotationMatrix, type SparseModel, type View } from '../../../src/main/engine/sfm/model.ts';
import { MODEL_READERS } from '../../../src/main/engine/sfm/readers/index.ts';
import type { ImageSizes } from '../../../src/main/engine/sfm/sizes.ts';
import { number } from '../../../src/main/engine/sfm/text-lines.ts';
import { faultOf, TrackBuilder } from '../../../src/main/engine/sfm/track-builder.ts';
import { CovisError } from '../../../src/shared/errors.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
let made = 0;
/** A file of its own in a folder of its own. */
function put(name: string, text: string, beside: Readonly<Record<string, string>> = {}): string {
  const file = join(folder, String((made += 1)), name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  for (const [other, content] of Object.entries(beside)) writeFileSync(join(dirname(file), other), content);
  return file;
}
function read(
  format: string,
  file: string,
  photos: { sizes?: ImageSizes; names?: readonly string[] } = {},
): SparseModel[] {
  const reader = MODEL_READERS.find((r) => r.format === format)!;
  return reader.read(file, { names: photos.names ?? [], sizes: photos.sizes ?? (() => undefined) }, () => undefined);
}
/** What was said, with its code: `INPUT_CORRUPT at 12: …`; `read` where nothing was. */
function said(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    const { code, message, offset } = error as CovisError;
    return `${code}${offset === undefined ? '' : ` at ${offset}`}: ${message}`;
  }
  return 'read';
}

describe('a model that comes point by point', () => {
  const fault = faultOf('f');
  const camera = { id: 1, model: 'SIMPLE_PINHOLE', width: 10, height: 20, params: [1, 2, 3] };
  const view = (name: string, more: Partial<View> = {}): View => ({
    imageId: 1,
    name,
    cameraId: 1,
    rotation: [1, 0, 0, 0],
    translation: [0, 0, 0],
    ...more,
  });

  it.each([
    [{ width: 999_999, height: 1 }, true],
    [{ width: 1, height: 999_999 }, true],
    [{ width: 1_000_000 }, false],
    [{ height: 1_000_000 }, false],
    [{ width: 0 }, false],
    [{ height: 0 }, false],
    [{ width: 0.5, height: 0.5 }, true],
    [{ width: -3 }, false],
    [{ width: Number.NaN }, false],
    [{ params: [1, 2, Number.NaN] }, false],
    [{ params: [Infinity, 2, 3] }, false],
    [{ params: [] }, true],
  ])('takes a camera of %j: %s', (more, good) => {
    const text = said(() => new TrackBuilder(fault).camera({ ...camera, ...more }, 7));
    expect(text).toMatch(good ? /^read$/ : /^INPUT_CORRUPT at 7: A camera has/);
    const other = said(() => {
      new ModelBuilder().addCamera({ ...camera, ...more }, 7, fault as (m: string, o: number) => Error);
    });
    expect(other).toMatch(good ? /^read$/ : /^INPUT_CORRUPT at 7: Camera 1 has/);
  });

  it.each<[Partial<View>, boolean]>([
    [{ rotation: [1e-6, 0, 0, 0] }, false],
    [{ rotation: [0, 1.1e-6, 0, 0] }, true],
    [{ rotation: [0, 0, 0, -2e-6] }, true],
    [{ rotation: [0, 0, 0, 0] }, false],
    [{ rotation: [Infinity, 0, 0, 0] }, false],
    [{ rotation: [1, Number.NaN, 0, 0] }, false],
    [{ translation: [0, 0, Infinity] }, false],
    [{ translation: [Number.NaN, 0, 0] }, false],
    [{ name: '' }, false],
    [{ name: 'first' }, false],
    [{ name: 'second' }, true],
  ])('takes a view with %j: %s', (more, good) => {
    const builder = new TrackBuilder(fault);
    expect(builder.view(view('first'))).toBe(0);
    expect(said(() => builder.view(view('x', more), 9))).toMatch(good ? /^read$/ : /^INPUT_CORRUPT at 9: /);
    expect(builder.views).toBe(good ? 2 : 1);
    const other = new ModelBuilder();
    const blame = fault as (m: string, o: number) => Error;
    other.addCamera(camera, 0, blame);
    other.beginView(view('first', { imageId: 0 }), 0, blame);
    expect(said(() => (other.beginView(view('x', more), 9, blame), 0))).toMatch(
      good ? /^read$/ : /^INPUT_CORRUPT at 9: /,
    );
  });

  it('has points of finite places and colours of bytes', () => {
    const builder = new TrackBuilder(fault);
    builder.view(view('v'));
    expect(builder.point([1, 2, 3], [-5, 300, 1.5])).toBe(0);
    expect(builder.point([4, 5, 6], [254.4, 0.5])).toBe(1);
    for (const at of [0, 1, 2])
      expect(said(() => builder.point([0, 0, 0].with(at, Infinity), [0, 0, 0], 3))).toBe(
        'INPUT_CORRUPT at 3: A 3D point has a coordinate that is not a number',
      );
    expect(said(() => (builder.observe(0, 0, Infinity, 0, 3), 0))).toBe(
      'INPUT_CORRUPT at 3: An observation is not a number',
    );
    expect(said(() => (builder.observe(0, 0, 0, Number.NaN), 0))).toBe('INPUT_CORRUPT: An observation is not a number');
    expect(builder.observations).toBe(0);
    const m = builder.finish();
    expect([...m.pointXyz]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...m.pointRgb]).toEqual([0, 255, 2, 254, 1, 0]);
    expect([...m.pointError]).toEqual([-1, -1]);
    expect([...m.pointTrackLength]).toEqual([0, 0]);
  });

  it('lies view by view in the order in which it came, moved and measured', () => {
    const builder = new TrackBuilder(fault);
    for (const name of ['a', 'b', 'c', 'd']) builder.view(view(name));
    for (let p = 0; p < 3; p += 1) builder.point([p, p, p], [p, p, p]);
    const seen: [number, number, number, number][] = [
      [2, 0, -7, 3],
      [0, 2, 5, -2],
      [2, 2, 4, 8],
      [0, 0, 1, 1],
      [3, 1, 2, 6],
    ];
    for (const [v, p, x, y] of seen) builder.observe(v, p, x, y, undefined, 10 * v + p);
    expect(builder.observations).toBe(5);
    expect([...builder.extents()]).toEqual([5, 2, -2, 0, 0, 0, 7, 8, -7, 2, 6, 0]);
    builder.shift((v) => [100 * v, 1000 * v]);
    const m = builder.finish('matches');
    expect([...m.viewOffsets]).toEqual([0, 2, 2, 4, 5]);
    expect([...m.obsPoint]).toEqual([2, 0, 0, 2, 1]);
    expect([...m.obsXy]).toEqual([5, -2, 1, 1, 193, 2003, 204, 2008, 302, 3006]);
    expect([...m.obsScale!]).toEqual([2, 0, 20, 22, 31]);
    expect([...m.pointTrackLength]).toEqual([2, 1, 2]);
    expect(m.matchesOnly).toBe(true);
    expect(new TrackBuilder(fault).finish()).not.toHaveProperty('matchesOnly');
    expect(builder.finish()).not.toHaveProperty('obsScale');
  });
});

describe('a number of a text file', () => {
  const of = (field: string | undefined): string =>
    said(() => {
      const blame = (m: string, offset: number): Error => new CovisError('INPUT_CORRUPT', m, { offset });
      const cut = (m: string, offset: number): Error => new CovisError('INPUT_TRUNCATED', m, { offset });
      throw new Error(String(number(field, 'x', 5, blame, cut)));
    });
  it('is a plain number', () => {
    expect([of('1e3'), of('-0.5'), of('0'), of('Infinity')]).toEqual(
      ['1000', '-0.5', '0', 'Infinity'].map((v) => `undefined: ${v}`),
    );
    expect(of(undefined)).toBe('INPUT_TRUNCATED at 5: The line ends before x');
    expect(of('')).toBe('INPUT_CORRUPT at 5: X is "", not a number');
    expect(of('1,5')).toBe('INPUT_CORRUPT at 5: X is "1,5", not a number');
    expect(of('NaN')).toBe('INPUT_CORRUPT at 5: X is "NaN", not a number');
  });
});

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
    ['one more', bundle({ counts: '10000000 1' }), /^INPUT_CORRUPT at 19: the number of cameras is 10000000/],
    [
      'as many points as can be',
      bundle({ counts: '2 4294967295', points: '' }),
      /^INPUT_TRUNCATED at \d+: The file ends before a 3D point/,
    ],
    ['one point more', bundle({ counts: '2 4294967296' }), /^INPUT_CORRUPT at 19: the number of points is 4294967296/],
    ['half a camera', bundle({ counts: '1.5 1' }), /^INPUT_CORRUPT at 19: /],
    ['fewer than none', bundle({ counts: '-1 1' }), /^INPUT_CORRUPT at 19: /],
    ['no camera', bundle({ counts: '0 0', cameras: '', points: '' }), /^read$/],
    [
      'a number that is not finite',
      bundle({ cameras: camera('90 1e999 0') + camera() }),
      /^INPUT_CORRUPT at 23: k1 is not finite/,
    ],
    ['a word', bundle({ cameras: camera('90 x 0') + camera() }), /^INPUT_CORRUPT at 23: K1 is "x"/],
    ['the last camera', bundle({ points: '1 2 3\n1 1 1\n1 1 0 0 0\n' }), /^read$/],
    [
      'a camera beyond it',
      bundle({ points: '1 2 3\n1 1 1\n1 2 0 0 0\n' }),
      /^INPUT_CORRUPT at \d+: a camera of a view list is 2/,
    ],
    ['the last keypoint', bundle({ points: '1 2 3\n1 1 1\n1 1 4294967295 0 0\n' }), /^read$/],
    [
      'a keypoint beyond it',
      bundle({ points: '1 2 3\n1 1 1\n1 1 4294967296 0 0\n' }),
      /^INPUT_CORRUPT .*a keypoint of a view list/,
    ],
    ['a view list of a thousand a camera', bundle({ points: '1 2 3\n1 1 1\n2000 1 0 0 0\n' }), /^INPUT_TRUNCATED/],
    [
      'a longer view list',
      bundle({ points: '1 2 3\n1 1 1\n2001 1 0 0 0\n' }),
      /^INPUT_CORRUPT .*the length of a view list is 2001/,
    ],
    ['comments and empty lines between', bundle({ counts: '2\n\n# here\n1' }), /^read$/],
  ])('with %s', (_, text, expected) => expect(of(text)).toMatch(expected));

  it('names its images by the list, with or without focal lengths, or by as many photos', () => {
    const names = (list: string): string[] =>
      read('bundler', put('bundle.out', bundle(), { 'list.txt': list }))[0]!.views.map((v) => v.name);
    expect(names('a b.jpg 0 90.5\r\n\r\n  c.jpg 0 1e+3  \r\n')).toEqual(['a b.jpg', '  c.jpg']);
    expect(names('a 1 90\nb 0\n')).toEqual(['a 1 90', 'b 0']);
    expect(of(bundle(), 'a\nb\nc\n')).toBe('read');
    expect(of(bundle(), 'a\n')).toMatch(/^INPUT_INVALID: This list has 1 images, and the model has 2 cameras/);
    const bare = put('bundle.out', bundle());
    expect(read('bundler', bare, { names: ['x', 'y'] })[0]!.views.map((v) => v.name)).toEqual(['x', 'y']);
    for (const photos of [['x'], ['x', 'y', 'z'], []])
      expect(said(() => read('bundler', bare, { names: photos }))).toMatch(/^INPUT_MISSING: This Bundler file has 2/);
  });

  it.each(['scene.bundle.list.txt', 'scene.list.txt', 'list.txt', 'image_list.txt', 'list.orig.txt', '../list.txt'])(
    'finds its list under the name %s',
    (name) => {
      const file = join(folder, `list-${(made += 1)}`, 'in', 'scene.bundle.out');
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
    expect(said(() => read('bundler', file))).toBe('INPUT_CORRUPT: This list is too long');
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
      /^INPUT_CORRUPT at 10: a camera parameter is not finite/,
    );
  });

  it.each([
    ['as many cameras as can be', nvm({ cameras: '9999999' }), /^INPUT_(TRUNCATED|CORRUPT) at (?!8:)/],
    ['one camera more', nvm({ cameras: '10000000' }), /^INPUT_CORRUPT at 8: the number of cameras is 10000000/],
    ['half a camera', nvm({ cameras: '0.5' }), /^INPUT_CORRUPT at 8/],
    ['no camera', 'NVM_V3\n0\n', /^INPUT_INVALID: This file holds no model/],
    ['no model', 'NVM_V3\n', /^INPUT_INVALID: This file holds no model/],
    ['another first line', 'NVM_V2\n', /^INPUT_CORRUPT at 0: The first line is not NVM_V3/],
    ['nothing', '', /^INPUT_TRUNCATED at 0: The file ends before its first line/],
    ['comments', nvm({ cameras: '# two\n2' }), /^read$/],
    ['no points', nvm({ points: '0\n' }), /^read$/],
    ['as many points as can be', nvm({ points: '4294967295\n', end: '' }), /^INPUT_TRUNCATED .*before a point/],
    ['one point more', nvm({ points: '4294967296\n' }), /^INPUT_CORRUPT .*the number of points is/],
    ['a point without measurements', nvm({ points: '1\n1 2 3 4 5 6 0\n' }), /^read$/],
    ['a point cut short', nvm({ points: '1\n1 2 3 4 5 6 1 0 9 7\n' }), /^INPUT_TRUNCATED .*A point line is too short/],
    ['a thousand measurements a camera', nvm({ points: '1\n1 2 3 4 5 6 2000 0 9 7 8\n' }), /^INPUT_TRUNCATED/],
    [
      'more measurements',
      nvm({ points: '1\n1 2 3 4 5 6 2001 0 9 7 8\n' }),
      /^INPUT_CORRUPT .*the number of measurements/,
    ],
    ['the last image', nvm({ points: '1\n1 2 3 4 5 6 1 1 9 7 8\n' }), /^read$/],
    ['an image beyond it', nvm({ points: '1\n1 2 3 4 5 6 1 2 9 7 8\n' }), /^INPUT_CORRUPT .*an image index is 2/],
    ['no end', nvm({ end: '' }), /^read$/],
  ])('with %s', (_, text, expected) => expect(of(text)).toMatch(expected));
});

describe('an OpenSfM reconstruction', () => {
  const shot = { rotation: [0, 0, 0], translation: [0, 0, 0], camera: 'c' };
  const one = (camera: object, more: object = {}): object => ({
    cameras: { c: { width: 200, height: 100, ...camera } },
    shots: { a: shot },
    points: {},
    ...more,
  });
  const model = (
    value: unknown,
    beside: Readonly<Record<string, string>> = {},
    name = 'reconstruction.json',
  ): SparseModel => read('opensfm', put(name, JSON.stringify([value]), beside))[0]!;

  it.each([
    [{}, 'RADIAL', [0, 100, 50, 0, 0]],
    [{ focal: 0.5, k1: 0.1, k2: 0.2, c_x: 0.25, c_y: -0.125 }, 'RADIAL', [100, 150, 25, 0.1, 0.2]],
    [{ projection_type: 'perspective', focal: 0.5 }, 'RADIAL', [100, 100, 50, 0, 0]],
    [{ projection_type: 'fisheye', focal: 0.5, k1: 0.1, k2: 0.2 }, 'RADIAL_FISHEYE', [100, 100, 50, 0.1, 0.2]],
    [
      { projection_type: 'brown', focal_x: 0.5, focal_y: 0.25, k1: 0.1, k2: 0.2, p1: 0.3, p2: 0.4, c_x: 0.5 },
      'OPENCV',
      [100, 50, 200, 50, 0.1, 0.2, 0.3, 0.4],
    ],
    [{ projection_type: 'spherical' }, 'EQUIRECTANGULAR', [200, 100]],
    [{ projection_type: 'equirectangular' }, 'EQUIRECTANGULAR', [200, 100]],
  ])('has a camera %j', (camera, name, params) => {
    expect(model(one(camera)).cameras).toEqual([{ id: 1, model: name, width: 200, height: 100, params }]);
    // Of an upright photo the longer side is the height.
    const upright = model(one({ ...camera, width: 100, height: 200 })).cameras[0]!;
    if (name === 'RADIAL') expect(upright.params[0]).toBe(params[0]);
  });

  it('refuses cameras that it does not know', () => {
    expect(said(() => model(one({ projection_type: 'dual' })))).toMatch(/^INPUT_CORRUPT: .*projection_type is dual/);
    expect(said(() => model(one({}, { shots: { a: { ...shot, camera: 'd' } } })))).toMatch(/names a camera that/);
  });

  it('turns angle and axis into a quaternion', () => {
    const turned = (rotation: number[]): readonly number[] =>
      model(one({}, { shots: { a: { ...shot, rotation } } })).views[0]!.rotation;
    expect(turned([0, 0, 0])).toEqual([1, 0, 0, 0]);
    const half = Math.SQRT1_2;
    turned([0, Math.PI / 2, 0]).forEach((x, i) => expect(x).toBeCloseTo([half, 0, half, 0][i]!, 12));
    turned([Math.PI, 0, 0]).forEach((x, i) => expect(x).toBeCloseTo([0, 1, 0, 0][i]!, 12));
    turned([0, 0, -1]).forEach((x, i) => expect(x).toBeCloseTo([Math.cos(0.5), 0, 0, -Math.sin(0.5)][i]!, 12));
  });

  it('has points with colours, or grey ones, and observations from its tracks', () => {
    const points = { 3: { coordinates: [1, 2, 3], color: [9, 8, 7] }, 4: { coordinates: [4, 5, 6] } };
    const rows = ['a\t3\t0\t0.1\t-0.05', 'a\t4\t1\t-0.5\t0.25\t1', 'b\t3\t0\t0\t0', 'a\t5\t0\t0\t0', ''];
    const value = one({ focal: 1 }, { points });
    const bare = model(value, { 'tracks.csv': rows.join('\n') });
    expect([...bare.pointRgb]).toEqual([9, 8, 7, 128, 128, 128]);
    expect([...bare.obsXy]).toEqual([120, 40, 0, 100]);
    // A head line is of the first line alone.
    const head = 'OPENSFM_TRACKS_VERSION_v2';
    expect(model(value, { 'tracks.csv': [head, ...rows].join('\n') }).obsPoint.length).toBe(2);
    expect(said(() => model(value, { 'tracks.csv': [...rows.slice(0, 2), head].join('\n') }))).toMatch(
      /^INPUT_CORRUPT at 34: A line of tracks has fewer than five columns/,
    );
    expect(said(() => model(value, { 'tracks.csv': 'a\t3\t0\t0.1' }))).toMatch(/fewer than five columns/);
    expect(said(() => model(value, { 'tracks.csv': 'a\t3\t0\tx\t0' }))).toMatch(/^INPUT_CORRUPT at 0: X is "x"/);
    expect(said(() => model(value, { 'tracks.csv': 'a\t3\t0\t0\tz' }))).toMatch(/^INPUT_CORRUPT at 0: Y is "z"/);
  });

  it('takes the tracks of its own name before those of all', () => {
    const points = { 3: { coordinates: [1, 2, 3] } };
    const beside = { 'tracks_x.csv': 'a\t3\t0\t0\t0', 'tracks.csv': '' };
    expect(model(one({}, { points }), beside, 'reconstruction_x.json').obsPoint.length).toBe(1);
    expect(model(one({}, { points }), { 'tracks.csv': 'a\t3\t0\t0\t0' }, 'reconstruction_x.json').obsPoint.length).toBe(
      1,
    );
  });
});

describe('a nerfstudio file', () => {
  const EYE = [
    [1, 0, 0, 0],
    [0, 1, 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0, 1],
  ];
  const of = (root: object, frames: object[], sizes?: ImageSizes): SparseModel =>
    read(
      'nerfstudio',
      put(
        'transforms.json',
        JSON.stringify({
          ...root,
          frames: frames.map((f, i) => ({ file_path: `./${i}.jpg`, transform_matrix: EYE, ...f })),
        }),
      ),
      sizes === undefined ? {} : { sizes },
    )[0]!;

  it('has cameras of the frame, else of the file, else of the photo', () => {
    const sizes: ImageSizes = () => [30, 20];
    const params = (m: SparseModel): unknown => m.cameras.map((c) => [c.width, c.height, ...c.params]);
    expect(params(of({ fl_x: 9 }, [{}], sizes))).toEqual([[30, 20, 9, 9, 15, 10, 0, 0, 0, 0]]);
    expect(
      params(
        of(
          { fl_x: 9, fl_y: 8, cx: 1, cy: 2, k1: 3, k2: 4, p1: 5, p2: 6, w: 100, h: 50 },
          [{}, { fl_x: 7 }, { h: 60 }, {}],
          sizes,
        ),
      ),
    ).toEqual([
      [100, 50, 9, 8, 1, 2, 3, 4, 5, 6],
      [100, 50, 7, 8, 1, 2, 3, 4, 5, 6],
      [100, 60, 9, 8, 1, 2, 3, 4, 5, 6],
    ]);
    // A field of view of ninety degrees: the focal length is half the width.
    const wide = of({ camera_angle_x: Math.PI / 2 }, [{}], sizes).cameras[0]!.params;
    expect([wide[0], wide[1]].map((x) => Math.round(x! * 1e9) / 1e9)).toEqual([15, 15]);
    expect(of({ camera_angle_x: 1, fl_x: 9 }, [{}], sizes).cameras[0]!.params[0]).toBe(9);
    expect(
      of({ fl_x: 9, w: 100, h: 50 }, [{}, { fl_x: 7 }, {}]).views.map((v) => [v.imageId, v.name, v.cameraId]),
    ).toEqual([
      [1, '0.jpg', 1],
      [2, '1.jpg', 2],
      [3, '2.jpg', 1],
    ]);
  });

  it('is refused without a size or a focal length', () => {
    expect(said(() => of({ fl_x: 9, w: 5 }, [{}]))).toMatch(/^INPUT_CORRUPT: Its frames\[0\] has no size/);
    expect(said(() => of({ fl_x: 9, h: 5 }, [{}]))).toMatch(/has no size/);
    expect(said(() => of({ h: 5, w: 5 }, [{}]))).toMatch(/has neither fl_x nor camera_angle_x/);
    expect(said(() => of({ h: 5, w: 5, fl_x: 1 }, [{ transform_matrix: EYE.slice(1) }]))).toMatch(/has 3 rows, not 4/);
  });

  it('may scale its poses: rotations are rotations', () => {
    const scaled = EYE.map((r, i) => (i === 3 ? r : r.map((v, j) => (j === 3 ? i + 1 : 2 * v))));
    const [view] = of({ fl_x: 9, w: 5, h: 5 }, [{ transform_matrix: scaled }]).views;
    // Looking along -z with y up: half a turn about x.
    view!.rotation.forEach((x, i) => expect(Math.abs(x)).toBeCloseTo([0, 1, 0, 0][i]!, 12));
    expect(view!.translation.map((x) => x + 0)).toEqual([-1, 2, 3]);
  });

  it('turned anyhow and scaled are the pose of the camera’s centre', () => {
    // A rotation by 0.7 about (2, -1, 2) / 3, times three.
    const [c, n] = [Math.cos(0.7), Math.sin(0.7)];
    const axis = [2 / 3, -1 / 3, 2 / 3];
    const cross = [
      [0, -axis[2]!, axis[1]!],
      [axis[2]!, 0, -axis[0]!],
      [-axis[1]!, axis[0]!, 0],
    ];
    const turn = [0, 1, 2].map((i) =>
      [0, 1, 2].map((k) => (i === k ? c : 0) + (1 - c) * axis[i]! * axis[k]! + n * cross[i]![k]!),
    );
    const centre = [4, -5, 6];
    const matrix = [...turn.map((row, i) => [...row.map((v) => 3 * v), centre[i]!]), [0, 0, 0, 1]];
    const [view] = of({ fl_x: 9, w: 5, h: 5 }, [{ transform_matrix: matrix }]).views;
    cameraCentre(view!).forEach((x, k) => expect(x).toBeCloseTo(centre[k]!, 9));
    // Right is the first column; down and forward are the others, turned over.
    const r = rotationMatrix(view!.rotation);
    for (let row = 0; row < 3; row += 1)
      for (let k = 0; k < 3; k += 1) expect(r[3 * row + k]).toBeCloseTo((row === 0 ? 1 : -1) * turn[k]![row]!, 9);
  });
});

describe('an OpenMVG file', () => {
  const wrap = (data: object): object => ({ ptr_wrapper: { data } });
  const base = { width: 100, height: 80, focal_length: 90, principal_point: [50, 40] };
  const file = (intrinsic: object, more: object = {}, view: object = {}): string =>
    put(
      'sfm_data.json',
      JSON.stringify({
        sfm_data_version: '0.3',
        intrinsics: [{ key: 4, value: wrap(intrinsic) }],
        extrinsics: [
          {
            key: 2,
            value: {
              rotation: [
                [1, 0, 0],
                [0, 1, 0],
                [0, 0, 1],
              ],
              center: [1, 2, 3],
            },
          },
        ],
        views: [{ key: 9, value: wrap({ id_view: 9, id_pose: 2, id_intrinsic: 4, filename: 'a.jpg', ...view }) }],
        ...more,
      }),
    );

  it.each([
    [base, 'SIMPLE_PINHOLE', [90, 50, 40]],
    [{ value0: base }, 'SIMPLE_PINHOLE', [90, 50, 40]],
    [{ value0: base, disto_k1: [0.1] }, 'SIMPLE_RADIAL', [90, 50, 40, 0.1]],
    [{ value0: base, disto_k3: [0.1, 0.2, 0.3] }, 'RADIAL', [90, 50, 40, 0.1, 0.2]],
    [{ value0: base, disto_t2: [0.1, 0.2, 0.3, 0.4, 0.5] }, 'RADIAL', [90, 50, 40, 0.1, 0.2]],
  ])('has an intrinsic %j', (intrinsic, model, params) => {
    const [m] = read('openmvg', file(intrinsic));
    expect(m!.cameras).toEqual([{ id: 4, model, width: 100, height: 80, params }]);
    expect(m!.views).toEqual([
      { imageId: 9, name: 'a.jpg', cameraId: 4, rotation: [1, 0, 0, 0], translation: [-1, -2, -3] },
    ]);
  });

  it('leaves out what was not registered, and names photos below their folder', () => {
    const views = (view: object): unknown => read('openmvg', file(base, {}, view))[0]!.views.map((v) => v.name);
    expect(views({ id_pose: 3 })).toEqual([]);
    expect(views({ id_intrinsic: 5 })).toEqual([]);
    expect(views({ id_intrinsic: 4_294_967_295 })).toEqual([]);
    expect(views({ local_path: 'x/y//' })).toEqual(['x/y/a.jpg']);
    expect(views({ local_path: '' })).toEqual(['a.jpg']);
    // The id that stands for none is none, also where an intrinsic has it.
    const odd = { intrinsics: [{ key: 4_294_967_295, value: wrap(base) }] };
    expect(read('openmvg', file(base, odd, { id_intrinsic: 4_294_967_295 }))[0]!.views).toEqual([]);
  });

  it('has grey points, seen by the views that it has', () => {
    const structure = [
      {
        key: 0,
        value: {
          X: [7, 8, 9],
          observations: [
            { key: 9, value: { x: [5, 6] } },
            { key: 8, value: { x: [1, 1] } },
          ],
        },
      },
    ];
    const [m] = read('openmvg', file(base, { structure }));
    expect([[...m!.pointXyz], [...m!.pointRgb], [...m!.obsXy]]).toEqual([
      [7, 8, 9],
      [128, 128, 128],
      [5, 6],
    ]);
  });
});

describe('JSON with the path to it', () => {
  const json = (value: unknown, path = 'a'): Json => new Json('f', value, path);
  it('says where something is wrong', () => {
    const wrong = (work: () => unknown): string => said(work).replace('INPUT_CORRUPT: ', '');
    expect(
      json({ b: { c: [1, 'x'] } })
        .get('b')
        .get('c')
        .items()[1]!.path,
    ).toBe('a.b.c[1]');
    expect(json({ b: 1 }, '').get('b').path).toBe('b');
    expect(
      json({ b: 1 })
        .entries()
        .map(([k, v]) => [k, v.path, v.value]),
    ).toEqual([['b', 'a.b', 1]]);
    for (const v of [null, [], 1, 'x', undefined]) {
      expect(wrong(() => json(v).get('b'))).toBe('Its a is not an object');
      expect(wrong(() => json(v).entries())).toBe('Its a is not an object');
      expect(json(v).has('length')).toBe(false);
    }
    expect(wrong(() => json(1, '').get('b'))).toBe('The file is not an object');
    expect(wrong(() => json({}).items())).toBe('Its a is not a list');
    for (const v of ['1', null, Infinity, Number.NaN])
      expect(wrong(() => json(v).number())).toBe('Its a is not a number');
    expect(json(0).number()).toBe(0);
    expect(wrong(() => json(1).text())).toBe('Its a is not a text');
    expect(json('').text()).toBe('');
    for (const v of [[1], [1, 2, 3], [1, null], 'ab', [1, '2']])
      expect(wrong(() => json(v).numbers(2))).toBe('Its a is not a list of 2 numbers');
    expect(json([1, 2]).numbers(2)).toEqual([1, 2]);
    expect(
      json([
        [1, 2],
        [3, 4],
      ]).matrix(2, 2),
    ).toEqual([1, 2, 3, 4]);
    expect(wrong(() => json([[1, 2]]).matrix(2, 2))).toBe('Its a has 1 rows, not 2');
    expect(wrong(() => json([[1, 2], [3]]).matrix(2, 2))).toBe('Its a[1] is not a list of 2 numbers');
  });

  it('has what is its own and not null', () => {
    const v = json({ zero: 0, empty: '', none: null, not: false });
    expect(['zero', 'empty', 'none', 'not', 'toString', 'other'].map((k) => v.has(k))).toEqual([
      true,
      true,
      false,
      true,
      false,
      false,
    ]);
    expect(v.get('toString').value).toBeUndefined();
  });

  it('is read of a file of at most 512 MiB', () => {
    expect(said(() => Json.read(join(folder, 'none.json')))).toBe('INPUT_MISSING: This file does not exist');
    expect(said(() => Json.read(put('x.json', '{')))).toMatch(/^INPUT_CORRUPT: This is not valid JSON: /);
    const large = put('large.json', '');
    truncateSync(large, 2 ** 29 + 1);
    expect(said(() => Json.read(large))).toBe('INPUT_UNSUPPORTED: This JSON file is larger than 512 MiB');
  });
});

describe('COLMAP’s binary files', () => {
  const u64 = (n: number): Buffer => {
    const b = Buffer.alloc(8);
    b.writeBigUInt64LE(BigInt(n));
    return b;
  };
  const u32 = (...n: number[]): Buffer => Buffer.concat(n.map((v) => u64(v).subarray(0, 4)));
  const f64 = (...n: number[]): Buffer => {
    const b = Buffer.alloc(8 * n.length);
    n.forEach((v, i) => b.writeDoubleLE(v, 8 * i));
    return b;
  };
  const CAMERA = Buffer.concat([u32(1, 0), u64(100), u64(80), f64(90, 50, 40)]);
  const point = (track: Buffer[]): Buffer =>
    Buffer.concat([u64(5), f64(1, 2, 3), Buffer.from([7, 8, 9]), f64(0.5), u64(track.length), ...track]);
  const image = (observations: Buffer[], name = 'a'): Buffer =>
    Buffer.concat([
      u32(3),
      f64(1, 0, 0, 0, 0.5, 1, 2),
      u32(1),
      Buffer.from(`${name}\0`),
      u64(observations.length),
      ...observations,
    ]);
  const of = (o: { cameras?: Buffer[]; points?: Buffer[]; images?: Buffer[] }): SparseModel => {
    const at = join(folder, `bin-${(made += 1)}`);
    mkdirSync(at);
    writeFileSync(join(at, 'cameras.bin'), Buffer.concat(o.cameras ?? [u64(1), CAMERA]));
    writeFileSync(join(at, 'points3D.bin'), Buffer.concat(o.points ?? [u64(1), point([u32(3, 0)])]));
    writeFileSync(
      join(at, 'images.bin'),
      Buffer.concat(o.images ?? [u64(1), image([Buffer.concat([f64(10, 20), u64(5)])])]),
    );
    return readColmapBinary(at);
  };

  it('are read byte by byte as COLMAP documents them', () => {
    const none = Buffer.alloc(8, 0xff);
    const m = of({
      images: [u64(1), image([Buffer.concat([f64(1, 2), none]), Buffer.concat([f64(10, 20), u64(5)])])],
    });
    expect(m.cameras).toEqual([{ id: 1, model: 'SIMPLE_PINHOLE', width: 100, height: 80, params: [90, 50, 40] }]);
    expect(m.views).toEqual([{ imageId: 3, name: 'a', cameraId: 1, rotation: [1, 0, 0, 0], translation: [0.5, 1, 2] }]);
    expect([[...m.pointXyz], [...m.pointRgb], [...m.pointError], [...m.pointTrackLength], [...m.obsXy]]).toEqual([
      [1, 2, 3],
      [7, 8, 9],
      [0.5],
      [1],
      [10, 20],
    ]);
    expect(of({ images: [u64(0)], points: [u64(1), point([])] }).views).toEqual([]);
  });

  // The least bytes of a record: 24 of a camera, 51 of a point, 8 of a track's element, 73 of an image, 24 of an observation.
  it.each([
    ['cameras', 24, 'The number of cameras', (n: number, rest: Buffer) => of({ cameras: [u64(n), rest] })],
    ['points', 51, 'The number of 3D points', (n: number, rest: Buffer) => of({ points: [u64(n), rest] })],
    ['images', 73, 'The number of images', (n: number, rest: Buffer) => of({ images: [u64(n), rest] })],
    [
      'a track',
      8,
      'The length of a track',
      (n: number, rest: Buffer) => of({ points: [u64(1), point([]).subarray(0, -8), u64(n), rest] }),
    ],
    [
      'observations',
      24,
      'The number of observations',
      (n: number, rest: Buffer) => of({ images: [u64(1), image([]).subarray(0, -8), u64(n), rest] }),
    ],
  ])('say how many %s they hold, and that many have to fit', (_, bytes, what, read) => {
    const n = 40;
    const rest = Buffer.alloc(n * bytes);
    expect(said(() => read(n, rest))).not.toContain(what);
    expect(said(() => read(n + 1, rest))).toMatch(new RegExp(`^INPUT_CORRUPT at \\d+: ${what}.* says ${n + 1}`));
    expect(said(() => read(n, rest.subarray(1)))).toContain(`says ${n}`);
  });

  it('name the byte of what is wrong', () => {
    expect(said(() => of({ cameras: [u64(1), u32(1, 99), CAMERA.subarray(8)] }))).toMatch(
      /^INPUT_UNSUPPORTED at 12: Camera model 99/,
    );
    expect(said(() => of({ cameras: [u64(2), CAMERA, CAMERA] }))).toBe('INPUT_CORRUPT at 56: Camera 1 appears twice');
    expect(said(() => of({ points: [u64(2), point([]), point([])] }))).toBe(
      'INPUT_CORRUPT at 59: 3D point 5 appears twice',
    );
    expect(said(() => of({ points: [u64(1), point([u32(3, 0), u32(4, 0)])] }))).toBe(
      'INPUT_CORRUPT at 67: A track names image 4, which the model does not have',
    );
    expect(said(() => of({ images: [u64(1), image([Buffer.concat([f64(10, 20), u64(6)])])] }))).toBe(
      'INPUT_CORRUPT at 82: An observation names 3D point 6, which the model does not have',
    );
    expect(said(() => of({ images: [u64(1), image([]), Buffer.alloc(1)] }))).toBe(
      'INPUT_CORRUPT at 82: 1 bytes are left after the last record',
    );
    expect(said(() => of({ images: [u64(1), image([], 'x'.repeat(4096))] }))).toBe('read');
    expect(said(() => of({ images: [u64(1), image([], 'x'.repeat(4097))] }))).toMatch(
      /^INPUT_CORRUPT at 72: an image name has no end within 4096 bytes/,
    );
  });
});

describe('COLMAP’s text files', () => {
  const of = (o: { cameras?: string; points?: string; images?: string }): string =>
    said(() => {
      const at = join(folder, `txt-${(made += 1)}`);
      mkdirSync(at);
      writeFileSync(join(at, 'cameras.txt'), o.cameras ?? '1 SIMPLE_PINHOLE 100 80 90 50 40\n');
      writeFileSync(join(at, 'points3D.txt'), o.points ?? '5 1 2 3 7 8 9 0.5\n');
      writeFileSync(join(at, 'images.txt'), o.images ?? '3 1 0 0 0 0 0 0 1 a\n10 20 5\n');
      readColmapText(at);
    });
  it.each<[Parameters<typeof of>[0], RegExp]>([
    [{}, /^read$/],
    [{ points: '5 1 2 3 0 0 255 0.5\n' }, /^read$/],
    [{ points: '5 1 2 3 0 256 0 0.5\n' }, /^INPUT_CORRUPT at 0: A colour is 256/],
    [{ points: '5 1 2 3 0 -1 0 0.5\n' }, /^INPUT_CORRUPT at 0: a colour is -1/],
    [{ points: '5 1 2 3 0 0 0\n' }, /^INPUT_TRUNCATED at 0: The line ends before the end of a 3D point/],
    [{ points: '5 1 2 3 0 0 0 0.5 3 0\n' }, /^read$/],
    [{ points: '5 1 2 3 0 0 0 0.5 3\n' }, /^INPUT_TRUNCATED at 0: A track ends/],
    [{ points: '5 1 2 3 0 0 0 0.5 3 -1\n' }, /^INPUT_CORRUPT at 0: a point index of a track is -1/],
    [{ points: `${2 ** 53 - 1} 1 2 3 0 0 0 0.5\n`, images: '' }, /^read$/],
    [{ points: `${2 ** 53} 1 2 3 0 0 0 0.5\n`, images: '' }, /^INPUT_CORRUPT at 0: a 3D point id/],
    [{ points: '0 1 2 3 0 0 0 0.5\n', images: '' }, /^read$/],
    [{ cameras: '1 SIMPLE_PINHOLE 100 80 90 50 40 1\n' }, /^INPUT_CORRUPT at 0: SIMPLE_PINHOLE takes 3/],
    [{ cameras: '# c\n1 SIMPLE_PINHOLE 100 80 90 50\n' }, /^INPUT_TRUNCATED at 4: The line ends before a camera/],
    [{ cameras: '1\n' }, /^INPUT_UNSUPPORTED at 0: Camera model \s+is not known/],
    [{ images: '3 1 0 0 0 0 0 0 1 a\n10 20 -1 10 20 5\n' }, /^read$/],
    [{ images: '3 1 0 0 0 0 0 0 1 a\n10 20 0\n' }, /^INPUT_CORRUPT at 20: An observation names 3D point 0/],
    [{ images: '3 1 0 0 0 0 0 0 1 a\n10 20\n' }, /^INPUT_TRUNCATED at 20: The list of observations ends inside/],
    [{ images: '3 1 0 0 0 0 0 0 1 a\n10 20 5 1\n' }, /^INPUT_TRUNCATED at 20/],
    [{ images: '3 1 0 0 0 0 0 0 1 a\n' }, /^INPUT_TRUNCATED at 0: The file ends before the observations/],
    [{ images: '\n# x\n\n' }, /^read$/],
  ])('%j', (files, expected) => expect(of(files)).toMatch(expected));
});
