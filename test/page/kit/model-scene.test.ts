import { Quaternion, TextureLoader, Vector3 } from 'three';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ClusterView } from '../../../src/shared/domain.ts';
import { ClusterScene, type SceneRenderer } from '../../../src/renderer/scenes/cluster-scene.ts';
import { between, fovOf, poseOf, type Pose } from '../../../src/renderer/scenes/flight.ts';
import { depthColours, suitingSize } from '../../../src/renderer/scenes/parts.ts';
import { numberAt } from '../../../src/renderer/scenes/picker.ts';
import { sized } from '../setup.ts';

const view = (index: number, more: Partial<ClusterView> = {}): ClusterView => ({
  index,
  photo: null,
  name: `${index}.jpg`,
  rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  position: [index, 0, -3],
  focal: 0.5,
  aspect: 0.5,
  orientation: 1,
  pointsSeen: 1,
  ...more,
});
/** Pixels around the pointer, 7 by 7, with numbers at some of them. */
function pixels(...at: readonly [x: number, y: number, who: number][]): Uint8Array {
  const all = new Uint8Array(4 * 49);
  for (const [x, y, who] of at)
    all.set([who % 256, Math.floor(who / 256) % 256, Math.floor(who / 65_536)], 4 * (7 * y + x));
  return all;
}

describe('what is under the pointer', () => {
  it('is what is seen exactly there, be it a camera or a point', () => {
    expect(numberAt(pixels(), 5)).toBe(0);
    expect(numberAt(pixels([3, 3, 2]), 5)).toBe(2);
    expect(numberAt(pixels([3, 3, 70_000]), 5)).toBe(70_000);
  });
  it('is a camera nearby before a point, because its lines are thin', () => {
    expect(numberAt(pixels([3, 3, 9], [4, 3, 2], [0, 0, 1]), 5)).toBe(2);
    expect(numberAt(pixels([2, 3, 9]), 5)).toBe(0);
  });
});

describe('looking through a camera', () => {
  const frame = { centre: [0, 0, 0], scale: 1, rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1] } as const;
  it('takes in the whole photo, lying or turned, in a wide window and in a narrow one', () => {
    // Half the width is as far as the focal length: 45 degrees to the side, half of that tangent up.
    const tangent = (degrees: number): number => Math.tan((degrees * Math.PI) / 360) / 1.06;
    expect(tangent(fovOf(view(0), 4))).toBeCloseTo(0.5, 9);
    expect(tangent(fovOf(view(0), 1))).toBeCloseTo(1, 9);
    expect(tangent(fovOf(view(0, { orientation: 6 }), 1))).toBeCloseTo(1, 9);
  });
  it('stands where the photo was taken and looks where its camera did, upright', () => {
    const { position, turn } = poseOf(frame, view(2), 1);
    expect(position.toArray()).toEqual([2, 0, -3]);
    const ahead = new Vector3(0, 0, -1).applyQuaternion(turn);
    const up = new Vector3(0, 1, 0).applyQuaternion(turn);
    // Cameras of models look along z, with y down.
    expect(ahead.distanceTo(new Vector3(0, 0, 1))).toBeLessThan(1e-6);
    expect(up.distanceTo(new Vector3(0, -1, 0))).toBeLessThan(1e-6);
    const turned = poseOf(frame, view(2, { orientation: 6 }), 1);
    expect(new Vector3(0, 1, 0).applyQuaternion(turned.turn).distanceTo(new Vector3(-1, 0, 0))).toBeLessThan(1e-6);
  });
  it('flies around the model rather than through it', () => {
    const at = (x: number, z: number): Pose => ({ position: new Vector3(x, 0, z), turn: new Quaternion(), fov: 50 });
    const middle = between(at(2, 0), { ...at(0, 2), fov: 30 }, 0.5);
    expect(middle.position.length()).toBeCloseTo(2, 9);
    expect(middle.position.x).toBeCloseTo(Math.SQRT2, 9);
    expect(middle.fov).toBe(40);
    expect(between(at(2, 0), at(0, 2), 1).position.distanceTo(new Vector3(0, 0, 2))).toBeLessThan(1e-9);
    // From within the model, straight.
    expect(between(at(0.2, 0), at(0.2, 2), 0.5).position.toArray()).toEqual([0.2, 0, 1]);
  });
});

describe('points', () => {
  it('are smaller where there are more, and coloured for their ground', () => {
    expect([1000, 10_000, 100_000, 1_000_000].map(suitingSize)).toEqual([3, 2.5, 2, 1.5]);
    expect(depthColours('#101010')).not.toEqual(depthColours('#fafafa'));
  });
});

describe('a model with a pointer over it', () => {
  let back: () => void;
  afterEach(() => {
    back();
    vi.restoreAllMocks();
    document.body.replaceChildren();
  });
  /** A scene of three cameras whose renderer sees the thing of one number everywhere. */
  function made(still = true) {
    back = sized(400, 300);
    vi.spyOn(window, 'matchMedia').mockReturnValue({ matches: still } as MediaQueryList);
    vi.spyOn(TextureLoader.prototype, 'load').mockImplementation(() => undefined as never);
    const canvas = document.createElement('canvas');
    document.body.append(canvas);
    const told: unknown[] = [];
    const seen = { who: 0 };
    const renderer: SceneRenderer = {
      domElement: canvas,
      setPixelRatio: () => undefined,
      setClearColor: () => undefined,
      getClearColor: (c) => c,
      setSize: () => undefined,
      setRenderTarget: () => undefined,
      readRenderTargetPixels: (_t, _x, _y, w, h, buffer) => {
        for (let i = 0; i < w * h; i += 1) (buffer as Uint8Array)[4 * i] = seen.who;
      },
      render: () => undefined,
      dispose: () => undefined,
    };
    const scene = new ClusterScene(
      canvas,
      {
        points: Float32Array.from({ length: 30 }, (_, i) => Math.sin(i)),
        colours: new Uint8Array(30),
        errors: new Float32Array(10),
        tracks: new Uint32Array(10).fill(3),
      },
      [0, 1, 2].map((i) => view(i)),
      { background: '#101010', frustum: '#808080', selected: '#4080ff', linked: '#40c060' },
      {
        onPick: (v) => told.push(['pick', v]),
        onHover: () => undefined,
        onContext: () => undefined,
        onThrough: (v) => told.push(['through', v]),
      },
      renderer,
    );
    const click = (who: number): void => {
      seen.who = who;
      canvas.dispatchEvent(new PointerEvent('pointerdown', { clientX: 9, clientY: 9 }));
      canvas.dispatchEvent(new PointerEvent('pointerup', { clientX: 9, clientY: 9 }));
    };
    return { scene, told, click };
  }

  it('picks the camera that is seen, lets go over nothing, and keeps what is selected over a point', () => {
    const { scene, told, click } = made();
    click(3);
    click(4);
    click(0);
    expect(told).toEqual([
      ['pick', 2],
      ['pick', null],
    ]);
    scene.dispose();
  });

  it('stands in the next camera at once where less motion is asked for', async () => {
    const { scene, told } = made();
    scene.flyTo(1);
    await vi.waitFor(() => expect(told).toEqual([['through', 1]]));
    scene.frameAll();
    expect(told.at(-1)).toEqual(['through', null]);
    scene.dispose();
  });
});
