import { mount } from '@vue/test-utils';
import { BufferGeometry, Material, Texture, TextureLoader, type Mesh, type Object3D } from 'three';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defineComponent, h, nextTick, ref, shallowRef } from 'vue';
import type { ClusterView } from '../../../src/shared/domain.ts';
import { ClusterScene, type SceneRenderer } from '../../../src/renderer/scenes/cluster-scene.ts';
import { MapScene } from '../../../src/renderer/scenes/map-scene.ts';
import { useScene } from '../../../src/renderer/scenes/use-scene.ts';
import { imagesMade, sized } from '../setup.ts';

let back: () => void;
beforeEach(() => {
  back = sized(400, 300);
});
afterEach(() => {
  back();
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

/** What listens to an element, and to the document that it stands in. */
function listening(...targets: EventTarget[]): () => string[] {
  const open: string[] = [];
  for (const target of targets) {
    vi.spyOn(target, 'addEventListener').mockImplementation((type: string) => void open.push(type));
    vi.spyOn(target, 'removeEventListener').mockImplementation((type: string) => {
      const at = open.indexOf(type);
      if (at >= 0) open.splice(at, 1);
    });
  }
  return () => open;
}

const VIEWS = [0, 1, 2].map(
  (i) =>
    ({
      index: i,
      photo: `photo${i}`,
      name: `${i}.jpg`,
      rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1],
      position: [i, 0, -3],
      focal: 1,
      aspect: 0.75,
      orientation: 1,
    }) as unknown as ClusterView,
);
const ARRAYS = {
  points: Float32Array.from({ length: 30 }, (_, i) => Math.sin(i)),
  colours: new Uint8Array(30).fill(128),
  errors: new Float32Array(10).fill(0.5),
  tracks: new Uint32Array(10).fill(3),
};
const COLOURS = { background: '#101010', frustum: '#808080', selected: '#4080ff', linked: '#40c060' };
const EVENTS = {
  onPick: () => undefined,
  onHover: () => undefined,
  onContext: () => undefined,
  onThrough: () => undefined,
};

/** A renderer without a graphics card: it keeps what it is given to draw. */
function fakeRenderer(canvas: HTMLCanvasElement): SceneRenderer & { scene: Object3D | undefined; disposed: number } {
  return {
    domElement: canvas,
    scene: undefined,
    disposed: 0,
    setPixelRatio: () => undefined,
    setClearColor: () => undefined,
    setSize: () => undefined,
    setRenderTarget: () => undefined,
    readRenderTargetPixels: () => undefined,
    getClearColor: (colour) => colour,
    render(scene) {
      this.scene = scene;
    },
    dispose() {
      this.disposed += 1;
    },
  };
}

describe('ClusterScene', () => {
  async function made() {
    const canvas = document.createElement('canvas');
    document.body.append(canvas);
    const open = listening(canvas, document);
    const textures: Texture[] = [];
    vi.spyOn(TextureLoader.prototype, 'load').mockImplementation((_url, onLoad) => {
      const texture = new Texture();
      textures.push(texture);
      queueMicrotask(() => onLoad?.(texture as never));
      return texture as never;
    });
    const freed = new Set<unknown>();
    for (const kind of [BufferGeometry, Material, Texture])
      vi.spyOn(kind.prototype, 'dispose').mockImplementation(function (this: unknown) {
        freed.add(this);
      });
    let renderer: ReturnType<typeof fakeRenderer> | undefined;
    const scene = new ClusterScene(canvas, ARRAYS, VIEWS, COLOURS, EVENTS, (renderer = fakeRenderer(canvas)));
    await new Promise((r) => setTimeout(r, 50));
    return { scene, renderer: renderer!, freed, textures, open };
  }

  it('frees every geometry, material and texture, the renderer and all listeners', async () => {
    const { scene, renderer, freed, textures, open } = await made();
    const parts = new Set<unknown>(textures);
    renderer.scene!.traverse((o) => {
      const { geometry, material } = o as { geometry?: unknown; material?: unknown };
      if (geometry !== undefined) parts.add(geometry);
      if (material !== undefined) parts.add(material);
    });
    // A geometry and a material for the points, the photo behind, cameras without photo and each of three with one; lines seen through and
    // not; three photos.
    expect(parts.size).toBe(2 * 6 + 3 + 3);
    expect(open().length).toBeGreaterThan(5);
    scene.dispose();
    expect([...parts].filter((p) => !freed.has(p))).toEqual([]);
    expect(renderer.disposed).toBe(1);
    expect(open()).toEqual([]);
    scene.dispose();
    expect(renderer.disposed).toBe(1);
  });

  it('draws thousands of cameras in a few calls, and each that has its photo in one of its own', async () => {
    const canvas = document.createElement('canvas');
    const waiting: ((t: Texture) => void)[] = [];
    vi.spyOn(TextureLoader.prototype, 'load').mockImplementation((_url, onLoad) => {
      waiting.push((t) => onLoad?.(t as never));
      return new Texture() as never;
    });
    const views = Array.from({ length: 2000 }, (_, i) => ({ ...VIEWS[0]!, index: i, position: [i, 0, -3] as const }));
    let renderer: ReturnType<typeof fakeRenderer> | undefined;
    const scene = new ClusterScene(canvas, ARRAYS, views as never, COLOURS, EVENTS, (renderer = fakeRenderer(canvas)));
    await new Promise((r) => setTimeout(r, 50));
    const drawn = (): Mesh[] => {
      const out: Mesh[] = [];
      renderer!.scene!.traverseVisible((o) => void ('geometry' in o && out.push(o as Mesh)));
      return out;
    };
    expect(drawn()).toHaveLength(4);
    scene.select(1, new Map([[2, 0.5]]), null);
    waiting.forEach((come) => come(new Texture()));
    await new Promise((r) => setTimeout(r, 50));
    expect(drawn()).toHaveLength(6);
    // Those have no plane among the others any more.
    const [bare] = drawn().filter((m) => m.geometry.getAttribute('color')?.itemSize === 4);
    const alpha = [0, 1, 2, 3].map((i) => bare!.geometry.getAttribute('color').getW(4 * i));
    expect(alpha.map((a) => a > 0)).toEqual([true, false, false, true]);
    scene.dispose();
  });

  it('frees a photo that comes too late, and draws no more', async () => {
    const canvas = document.createElement('canvas');
    const waiting: ((t: Texture) => void)[] = [];
    vi.spyOn(TextureLoader.prototype, 'load').mockImplementation((_url, onLoad) => {
      waiting.push((t) => onLoad?.(t as never));
      return new Texture() as never;
    });
    let renderer: ReturnType<typeof fakeRenderer> | undefined;
    const scene = new ClusterScene(canvas, ARRAYS, VIEWS, COLOURS, EVENTS, (renderer = fakeRenderer(canvas)));
    scene.dispose();
    const late = new Texture();
    const freed = vi.spyOn(late, 'dispose');
    waiting[0]!(late);
    expect(freed).toHaveBeenCalledOnce();
    await new Promise((r) => setTimeout(r, 50));
    expect(renderer!.scene).toBeUndefined();
  });
});

describe('MapScene', () => {
  const photos = ['a', 'b', 'c'];
  const points = { photos, x: [0, 0.5, 1], y: [0, 0.5, 1], colours: { palette: ['#fff'], of: () => 0 } };
  function made() {
    const canvas = document.createElement('canvas');
    // A context that takes everything and draws nothing.
    const context = new Proxy({}, { get: () => () => undefined, set: () => true });
    vi.spyOn(canvas, 'getContext').mockReturnValue(context as never);
    const open = listening(canvas);
    const images = imagesMade();
    return { scene: new MapScene(canvas), open, images };
  }
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('listens to nothing and ends what loads once it is disposed', async () => {
    const { scene, open, images } = made();
    scene.show(points);
    await new Promise((r) => setTimeout(r, 50));
    expect(images).toHaveLength(3);
    expect(open()).toHaveLength(6);
    scene.dispose();
    expect(open()).toEqual([]);
    expect(images.every((i) => i.onload === null && i.onerror === null)).toBe(true);
    scene.show({ ...points, photos: ['d', 'e', 'f'] });
    await new Promise((r) => setTimeout(r, 50));
    expect(images).toHaveLength(3);
  });
});

describe('useScene', () => {
  it('makes a scene when canvas and data are there, anew for other data, and disposes each once', async () => {
    const log: string[] = [];
    const data = shallowRef<string | null>(null);
    const there = ref(true);
    const View = defineComponent({
      setup() {
        const canvas = ref<HTMLCanvasElement | null>(null);
        const { scene, failed } = useScene(canvas, data, (_, name: string) => {
          if (name === 'bad') throw new Error('no WebGL');
          log.push(`make ${name}`);
          return { name, dispose: () => void log.push(`dispose ${name}`) };
        });
        return () => [
          there.value ? h('canvas', { ref: canvas }) : null,
          h('p', `${scene.value?.name ?? 'none'} ${failed.value instanceof Error ? failed.value.message : ''}`),
        ];
      },
    });
    const w = mount(View);
    await nextTick();
    expect(log).toEqual([]);
    data.value = 'a';
    await nextTick();
    data.value = 'b';
    await nextTick();
    expect(log).toEqual(['make a', 'dispose a', 'make b']);
    data.value = 'bad';
    await nextTick();
    await nextTick();
    expect(w.text()).toContain('none no WebGL');
    data.value = 'c';
    await nextTick();
    there.value = false;
    await nextTick();
    await nextTick();
    there.value = true;
    await nextTick();
    await nextTick();
    w.unmount();
    expect(log.slice(3)).toEqual(['dispose b', 'make c', 'dispose c', 'make c', 'dispose c']);
  });
});
