import { describe, expect, it } from 'vitest';
import { ModelBuilder } from '../../../src/main/engine/sfm/model-builder.ts';
import { type View } from '../../../src/main/engine/sfm/model.ts';
import { number } from '../../../src/main/engine/sfm/text-lines.ts';
import { faultOf, TrackBuilder } from '../../../src/main/engine/sfm/track-builder.ts';
import { CovisError } from '../../../src/shared/errors.ts';
import { saidAt as said } from '../../support/said.ts';

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
