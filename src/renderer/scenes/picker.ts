import {
  Color,
  NearestFilter,
  Scene,
  WebGLRenderTarget,
  type Object3D,
  type PerspectiveCamera,
  type WebGLRenderer,
} from 'three';
import type { Hit } from './parts.ts';

/** What picking needs of three's renderer. */
export type PickRenderer = Pick<
  WebGLRenderer,
  'render' | 'setRenderTarget' | 'readRenderTargetPixels' | 'getClearColor' | 'setClearColor'
>;

/** Pixels around the pointer in which a camera's thin lines are still met. */
const AROUND = 3;
const SIDE = 2 * AROUND + 1;

/**
 * The number of what is under the pointer, of the pixels read around it: what is exactly there, but a camera nearby before a point or
 * nothing, because its lines are one pixel wide. 0 is nothing, 1 to `cameras` are cameras.
 */
export function numberAt(pixels: Uint8Array, cameras: number): number {
  const at = (i: number): number => pixels[4 * i]! + 256 * pixels[4 * i + 1]! + 65_536 * pixels[4 * i + 2]!;
  const middle = at(AROUND * SIDE + AROUND);
  if (middle > 0 && middle <= cameras) return middle;
  let best = middle;
  let least = Infinity;
  for (let y = 0; y < SIDE; y += 1)
    for (let x = 0; x < SIDE; x += 1) {
      const who = at(y * SIDE + x);
      const distance = Math.hypot(x - AROUND, y - AROUND);
      if (who > 0 && who <= cameras && distance < least) {
        least = distance;
        best = who;
      }
    }
  return best;
}

/** Says what is seen at a pixel: everything is drawn once more around it, each thing in the colour of its number, with the same depths. */
export class Picker {
  readonly #scene = new Scene();
  readonly #target = new WebGLRenderTarget(SIDE, SIDE, {
    minFilter: NearestFilter,
    magFilter: NearestFilter,
    generateMipmaps: false,
  });
  readonly #pixels = new Uint8Array(4 * SIDE * SIDE);
  readonly #cameras: number;
  readonly #nothing = new Color(0);
  readonly #before = new Color();

  constructor(objects: readonly Object3D[], cameras: number) {
    this.#scene.add(...objects);
    this.#cameras = cameras;
  }

  /** @param x,y pixels of the page in a window of `width` by `height`, from its left top. */
  at(
    renderer: PickRenderer,
    camera: PerspectiveCamera,
    x: number,
    y: number,
    { width, height }: { readonly width: number; readonly height: number },
    pixelRatio: number,
  ): Hit | null {
    const [w, h] = [width * pixelRatio, height * pixelRatio];
    camera.setViewOffset(w, h, Math.floor(x * pixelRatio) - AROUND, Math.floor(y * pixelRatio) - AROUND, SIDE, SIDE);
    renderer.getClearColor(this.#before);
    renderer.setClearColor(this.#nothing, 0);
    renderer.setRenderTarget(this.#target);
    renderer.render(this.#scene, camera);
    renderer.readRenderTargetPixels(this.#target, 0, 0, SIDE, SIDE, this.#pixels);
    renderer.setRenderTarget(null);
    renderer.setClearColor(this.#before, 1);
    camera.clearViewOffset();
    const who = numberAt(this.#pixels, this.#cameras);
    if (who === 0) return null;
    return who <= this.#cameras ? { kind: 'camera', view: who - 1 } : { kind: 'point', point: who - 1 - this.#cameras };
  }

  dispose(): void {
    this.#scene.clear();
    this.#target.dispose();
  }
}
