import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Json } from '../../../src/main/engine/sfm/json.ts';
import { cameraCentre, rotationMatrix, type SparseModel } from '../../../src/main/engine/sfm/model.ts';
import type { ImageSizes } from '../../../src/main/engine/sfm/sizes.ts';
import { place, put, read } from '../../support/models-of-text.ts';
import { saidAt as said } from '../../support/said.ts';

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
    expect(() => views({ id_intrinsic: 5 })).toThrow('View 9 has a pose, and its intrinsic 5 is not in the model');
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
    expect(() => read('openmvg', file(base, { structure }))).toThrow(
      'A point is seen in view 8, which the model does not have',
    );
    structure[0]!.value.observations.pop();
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
    expect(wrong(() => json([[1, 2]]).matrix(2, 2))).toBe('Its a has 1 row, not 2');
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
    expect(said(() => Json.read(join(place(), 'none.json')))).toBe('INPUT_MISSING: This file does not exist');
    expect(said(() => Json.read(put('x.json', '{')))).toMatch(/^INPUT_CORRUPT: This is not valid JSON: /);
    const large = put('large.json', '');
    truncateSync(large, 2 ** 29 + 1);
    expect(said(() => Json.read(large))).toBe('INPUT_UNSUPPORTED: This JSON file is larger than 512 MiB');
  });
});
