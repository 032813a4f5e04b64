import {
  BufferAttribute,
  BufferGeometry,
  Color,
  DoubleSide,
  Group,
  LineBasicMaterial,
  LineSegments,
  Mesh,
  MeshBasicMaterial,
  PerspectiveCamera,
  Points,
  Raycaster,
  Scene,
  ShaderMaterial,
  SRGBColorSpace,
  TextureLoader,
  Vector2,
  Vector3,
  WebGLRenderer,
  type Texture,
} from 'three';
import { OrbitControls } from 'three/addons/controls/OrbitControls.js';
import type { ClusterView } from '../../shared/domain.ts';
import { photoUrl } from '../kit/photo-url.ts';
import { cornerTexture, frustum, viewingFrame, type ViewingFrame } from './frame.ts';

/** The flat arrays of one cluster. */
export interface ClusterArrays {
  readonly points: Float32Array;
  readonly colours: Uint8Array;
  readonly errors: Float32Array;
  readonly tracks: Uint32Array;
}

export interface SceneColours {
  readonly background: string;
  readonly frustum: string;
  readonly selected: string;
  readonly linked: string;
}

export interface SceneEvents {
  readonly onPick: (view: number | null) => void;
  readonly onHover: (view: number | null) => void;
  readonly onContext: (lost: boolean) => void;
}

/** Up to here every camera carries its photo; beyond, only those that are selected or linked do. */
const PHOTOS_ON_ALL = 160;
const THUMBNAIL = 96;
const CLICK_PIXELS = 4;

const VERTEX = `
attribute vec3 tint;
attribute float track;
attribute float fault;
attribute float seen;
uniform float size;
uniform float minTrack;
uniform float maxFault;
uniform float highlight;
varying vec3 vTint;
varying float vKeep;
varying float vSeen;
void main() {
  vTint = tint;
  vSeen = seen * highlight;
  vKeep = step(minTrack, track) * step(fault, maxFault);
  vec4 p = modelViewMatrix * vec4(position, 1.0);
  gl_Position = projectionMatrix * p;
  gl_PointSize = size * (1.0 + 0.5 * vSeen) * clamp(4.0 / -p.z, 0.4, 2.0);
}`;
const FRAGMENT = `
uniform vec3 lit;
uniform vec3 ground;
uniform float highlight;
varying vec3 vTint;
varying float vKeep;
varying float vSeen;
void main() {
  if (vKeep < 0.5 || length(gl_PointCoord - 0.5) > 0.5) discard;
  vec3 c = mix(vTint, lit, vSeen * 0.75);
  gl_FragColor = vec4(highlight > 0.5 && vSeen < 0.5 ? mix(c, ground, 0.6) : c, 1.0);
}`;

/** What the scene needs of three's renderer. */
export type SceneRenderer = Pick<
  WebGLRenderer,
  'domElement' | 'setPixelRatio' | 'setClearColor' | 'setSize' | 'render' | 'dispose'
>;
export type MakeRenderer = (canvas: HTMLCanvasElement) => SceneRenderer;
/** The browser has no WebGL for a canvas. */
export class NoWebGL extends Error {
  override readonly name = 'NoWebGL';
}

const webgl: MakeRenderer = (canvas) => {
  try {
    return new WebGLRenderer({ canvas, antialias: true, powerPreference: 'high-performance' });
  } catch (cause) {
    if (canvas.getContext('webgl2') !== null) throw cause;
    throw new NoWebGL('This browser has no WebGL', { cause });
  }
};

interface CameraObject {
  readonly plane: Mesh<BufferGeometry, MeshBasicMaterial>;
  readonly centre: Vector3;
  texture: Texture | null;
}

/**
 * A sparse model in three.js: points, camera frusta with their photos, picking. Lives outside Vue's reactivity;
 * draws only when something changed. Call {@link dispose} when done.
 */
export class ClusterScene {
  readonly #renderer: SceneRenderer;
  readonly #scene = new Scene();
  readonly #camera = new PerspectiveCamera(50, 1, 0.01, 500);
  readonly #controls: OrbitControls;
  readonly #events: SceneEvents;
  readonly #views: readonly ClusterView[];
  readonly #frame: ViewingFrame;
  readonly #points: Points<BufferGeometry, ShaderMaterial>;
  readonly #cameras: CameraObject[] = [];
  readonly #lines: LineSegments<BufferGeometry, LineBasicMaterial>;
  readonly #group = new Group();
  readonly #resize: ResizeObserver;
  readonly #loader = new TextureLoader();
  readonly #raycaster = new Raycaster();
  #colours: SceneColours;
  #selected: number | null = null;
  #strength = new Map<number, number>();
  #hovered: number | null = null;
  #pointSize = 1;
  #pressed = new Vector2();
  #scheduled = 0;
  #disposed = false;

  /** @throws NoWebGL where the browser has none; the caller then shows {@link drawMap}. */
  constructor(
    canvas: HTMLCanvasElement,
    arrays: ClusterArrays,
    views: readonly ClusterView[],
    colours: SceneColours,
    events: SceneEvents,
    makeRenderer: MakeRenderer = webgl,
  ) {
    this.#renderer = makeRenderer(canvas);
    this.#renderer.setPixelRatio(Math.min(2, devicePixelRatio));
    this.#views = views;
    this.#events = events;
    this.#colours = colours;
    this.#frame = viewingFrame(arrays.points, views);
    this.#points = this.#makePoints(arrays);
    this.#lines = this.#makeCameras();
    this.#group.add(this.#points, this.#lines);
    this.#scene.add(this.#group);
    this.#controls = new OrbitControls(this.#camera, canvas);
    this.#controls.enableDamping = false;
    this.#controls.addEventListener('change', () => this.#draw());
    this.#resize = new ResizeObserver(() => this.#fit());
    this.#resize.observe(canvas.parentElement ?? canvas);
    canvas.addEventListener('pointerdown', this.#onDown);
    canvas.addEventListener('pointerup', this.#onUp);
    canvas.addEventListener('pointermove', this.#onMove);
    canvas.addEventListener('webglcontextlost', this.#onLost);
    canvas.addEventListener('webglcontextrestored', this.#onRestored);
    this.setColours(colours);
    this.#fit();
    this.frameAll();
  }

  #makePoints(arrays: ClusterArrays): Points<BufferGeometry, ShaderMaterial> {
    const n = arrays.points.length / 3;
    const position = new Float32Array(3 * n);
    const { centre, scale, rotation: r } = this.#frame;
    for (let i = 0; i < n; i += 1) {
      const x = (arrays.points[3 * i]! - centre[0]) * scale;
      const y = (arrays.points[3 * i + 1]! - centre[1]) * scale;
      const z = (arrays.points[3 * i + 2]! - centre[2]) * scale;
      for (let k = 0; k < 3; k += 1) position[3 * i + k] = r[3 * k]! * x + r[3 * k + 1]! * y + r[3 * k + 2]! * z;
    }
    const geometry = new BufferGeometry();
    geometry.setAttribute('position', new BufferAttribute(position, 3));
    geometry.setAttribute('tint', new BufferAttribute(arrays.colours, 3, true));
    geometry.setAttribute('track', new BufferAttribute(Float32Array.from(arrays.tracks), 1));
    geometry.setAttribute('fault', new BufferAttribute(arrays.errors, 1));
    geometry.setAttribute('seen', new BufferAttribute(new Float32Array(n), 1));
    this.#pointSize = (n > 200_000 ? 1.3 : n > 20_000 ? 1.9 : 2.8) * Math.min(2, devicePixelRatio);
    const material = new ShaderMaterial({
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      uniforms: {
        size: { value: this.#pointSize },
        minTrack: { value: 0 },
        maxFault: { value: 1e9 },
        highlight: { value: 0 },
        lit: { value: new Color() },
        ground: { value: new Color() },
      },
    });
    return new Points(geometry, material);
  }

  #makeCameras(): LineSegments<BufferGeometry, LineBasicMaterial> {
    const edges: number[] = [];
    const size = this.#frustumSize();
    this.#views.forEach((view, i) => {
      const { centre, corners } = frustum(this.#frame, view, size);
      corners.forEach((c, k) => edges.push(...centre, ...c, ...c, ...corners[(k + 1) % 4]!));
      const geometry = new BufferGeometry();
      geometry.setAttribute('position', new BufferAttribute(Float32Array.from(corners.flat()), 3));
      geometry.setAttribute('uv', new BufferAttribute(Float32Array.from(cornerTexture(view.orientation).flat()), 2));
      geometry.setIndex([0, 1, 2, 0, 2, 3]);
      const plane = new Mesh(geometry, new MeshBasicMaterial({ side: DoubleSide, transparent: true, opacity: 0.12 }));
      plane.userData['view'] = i;
      this.#group.add(plane);
      this.#cameras.push({ plane, centre: new Vector3(...centre), texture: null });
      if (this.#views.length <= PHOTOS_ON_ALL) this.#loadPhoto(i);
    });
    const geometry = new BufferGeometry();
    geometry.setAttribute('position', new BufferAttribute(Float32Array.from(edges), 3));
    geometry.setAttribute('color', new BufferAttribute(new Float32Array(edges.length), 3));
    return new LineSegments(geometry, new LineBasicMaterial({ vertexColors: true, transparent: true, opacity: 0.9 }));
  }

  /** Frusta are a fraction of the typical distance between cameras, so that they neither vanish nor overlap. */
  #frustumSize(): number {
    const centres = this.#views.map((v) => new Vector3(...frustum(this.#frame, v, 0).centre));
    const nearest = centres
      .map((a, i) => Math.min(...centres.map((b, j) => (i === j ? Infinity : a.distanceTo(b)))))
      .filter(Number.isFinite);
    nearest.sort((a, b) => a - b);
    const typical = nearest[nearest.length >> 1] ?? 0.3;
    return Math.min(0.45, Math.max(0.08, typical * 0.55));
  }

  #loadPhoto(i: number): void {
    const { photo } = this.#views[i]!;
    const camera = this.#cameras[i]!;
    if (photo === null || camera.texture !== null) return;
    this.#loader.load(photoUrl(photo, THUMBNAIL), (texture) => {
      if (this.#disposed) {
        texture.dispose();
        return;
      }
      texture.colorSpace = SRGBColorSpace;
      camera.texture = texture;
      camera.plane.material.map = texture;
      camera.plane.material.needsUpdate = true;
      this.#paint();
    });
  }

  setColours(colours: SceneColours): void {
    this.#colours = colours;
    this.#renderer.setClearColor(colours.background);
    // The shader writes to the screen as it is, without the renderer's colour conversion.
    (this.#points.material.uniforms['ground']!.value as Color).set(colours.background).convertLinearToSRGB();
    (this.#points.material.uniforms['lit']!.value as Color).set(colours.selected).convertLinearToSRGB();
    this.#paint();
  }

  /** Lights a camera, those that share points with it (by share, 0 to 1), and the points that it sees. */
  select(view: number | null, strength: ReadonlyMap<number, number>, seen: Uint32Array | null): void {
    this.#selected = view;
    this.#strength = new Map(strength);
    const attribute = this.#points.geometry.getAttribute('seen') as BufferAttribute;
    (attribute.array as Float32Array).fill(0);
    if (seen !== null) for (const p of seen) attribute.array[p] = 1;
    attribute.needsUpdate = true;
    this.#points.material.uniforms['highlight']!.value = seen === null ? 0 : 1;
    if (view !== null) for (const i of [view, ...strength.keys()]) this.#loadPhoto(i);
    this.#paint();
  }

  /** Hides points seen by fewer than `minTrack` photos or with a larger mean reprojection error in pixels. */
  filterPoints(minTrack: number, maxError: number): void {
    this.#points.material.uniforms['minTrack']!.value = minTrack;
    this.#points.material.uniforms['maxFault']!.value = maxError;
    this.#draw();
  }

  /** Larger or smaller points than suit their number; 1 is as it was. */
  setPointSize(factor: number): void {
    this.#points.material.uniforms['size']!.value = this.#pointSize * factor;
    this.#draw();
  }

  #paint(): void {
    const colour = this.#lines.geometry.getAttribute('color') as BufferAttribute;
    const base = new Color(this.#colours.frustum);
    const selected = new Color(this.#colours.selected);
    const linked = new Color(this.#colours.linked);
    const background = new Color(this.#colours.background);
    this.#cameras.forEach(({ plane, texture }, i) => {
      const share = this.#strength.get(i);
      const is = i === this.#selected;
      const c = is
        ? selected
        : share !== undefined
          ? base.clone().lerp(linked, 0.35 + 0.65 * share)
          : this.#selected === null
            ? base
            : base.clone().lerp(background, 0.6);
      for (let k = 0; k < 16; k += 1) colour.setXYZ(16 * i + k, c.r, c.g, c.b);
      plane.material.color.set(texture === null ? c : 0xffffff);
      const bright =
        i === this.#hovered || is
          ? 1
          : share !== undefined
            ? 0.55 + 0.45 * share
            : this.#selected === null
              ? 0.85
              : 0.18;
      plane.material.opacity = texture === null ? 0.15 * bright : bright;
    });
    colour.needsUpdate = true;
    this.#draw();
  }

  /** Brings the whole model into view, from where the photos were taken. */
  frameAll(): void {
    const box = [...this.#cameras.map((c) => c.centre), new Vector3(-1, -1, -1), new Vector3(1, 1, 1)];
    const centre = box.reduce((a, b) => a.clone().add(b), new Vector3()).multiplyScalar(0.4 / box.length);
    const radii = box.map((p) => p.distanceTo(centre)).sort((a, b) => a - b);
    const radius = Math.max(1.1, radii[Math.floor(radii.length * 0.8)]!);
    const distance =
      (radius * 0.8) / Math.sin((this.#camera.fov * Math.PI) / 360) / Math.min(1, Math.max(0.6, this.#camera.aspect));
    this.#camera.position
      .copy(centre)
      .add(new Vector3(0.3, 0.34, 0.85).normalize().multiplyScalar(Math.min(distance, 14)));
    this.#controls.target.copy(centre);
    this.#controls.update();
    this.#draw();
  }

  #fit(): void {
    const canvas = this.#renderer.domElement;
    const { clientWidth: w, clientHeight: h } = canvas.parentElement ?? canvas;
    if (w === 0 || h === 0) return;
    this.#renderer.setSize(w, h, false);
    this.#camera.aspect = w / h;
    this.#camera.updateProjectionMatrix();
    this.#draw();
  }

  #draw(): void {
    if (this.#scheduled !== 0 || this.#disposed) return;
    this.#scheduled = requestAnimationFrame(() => {
      this.#scheduled = 0;
      if (!this.#disposed) this.#renderer.render(this.#scene, this.#camera);
    });
  }

  #viewAt(event: PointerEvent): number | null {
    const rect = this.#renderer.domElement.getBoundingClientRect();
    const at = new Vector2(
      ((event.clientX - rect.left) / rect.width) * 2 - 1,
      1 - ((event.clientY - rect.top) / rect.height) * 2,
    );
    this.#raycaster.setFromCamera(at, this.#camera);
    const hits = this.#raycaster.intersectObjects(this.#cameras.map((c) => c.plane));
    return (hits[0]?.object.userData['view'] as number | undefined) ?? null;
  }

  readonly #onDown = (e: PointerEvent): void => {
    this.#pressed.set(e.clientX, e.clientY);
  };
  readonly #onUp = (e: PointerEvent): void => {
    if (this.#pressed.distanceTo(new Vector2(e.clientX, e.clientY)) <= CLICK_PIXELS)
      this.#events.onPick(this.#viewAt(e));
  };
  readonly #onMove = (e: PointerEvent): void => {
    if (e.buttons !== 0) return;
    const view = this.#viewAt(e);
    if (view === this.#hovered) return;
    this.#hovered = view;
    this.#renderer.domElement.style.cursor = view === null ? 'grab' : 'pointer';
    this.#paint();
    this.#events.onHover(view);
  };
  readonly #onLost = (e: Event): void => {
    e.preventDefault();
    this.#events.onContext(true);
  };
  readonly #onRestored = (): void => {
    this.#events.onContext(false);
    this.#paint();
  };

  /** Frees everything that was made and listens to nothing any more; photos that still load are let go when they come. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    cancelAnimationFrame(this.#scheduled);
    this.#resize.disconnect();
    this.#controls.dispose();
    const canvas = this.#renderer.domElement;
    canvas.removeEventListener('pointerdown', this.#onDown);
    canvas.removeEventListener('pointerup', this.#onUp);
    canvas.removeEventListener('pointermove', this.#onMove);
    canvas.removeEventListener('webglcontextlost', this.#onLost);
    canvas.removeEventListener('webglcontextrestored', this.#onRestored);
    for (const c of this.#cameras) {
      c.texture?.dispose();
      c.plane.geometry.dispose();
      c.plane.material.dispose();
    }
    this.#points.geometry.dispose();
    this.#points.material.dispose();
    this.#lines.geometry.dispose();
    this.#lines.material.dispose();
    this.#group.clear();
    this.#scene.clear();
    this.#renderer.dispose();
  }
}

/** What is shown where there is no WebGL: the model from above, on a 2D canvas. */
export function drawMap(
  canvas: HTMLCanvasElement,
  arrays: ClusterArrays,
  views: readonly ClusterView[],
  colours: SceneColours,
  selected: number | null,
): void {
  const box = (canvas.parentElement ?? canvas).getBoundingClientRect();
  canvas.width = box.width;
  canvas.height = box.height;
  const g = canvas.getContext('2d');
  if (g === null) return;
  const f = viewingFrame(arrays.points, views);
  const unit = Math.min(box.width, box.height) / 6;
  const place = (p: readonly number[]): [number, number] => [
    box.width / 2 + p[0]! * unit,
    box.height / 2 + p[2]! * unit,
  ];
  g.fillStyle = colours.background;
  g.fillRect(0, 0, box.width, box.height);
  const { centre, scale, rotation: r } = f;
  for (let i = 0; i < arrays.points.length / 3; i += 1) {
    const d = [0, 1, 2].map((k) => (arrays.points[3 * i + k]! - centre[k]!) * scale);
    const [x, y] = place([
      r[0]! * d[0]! + r[1]! * d[1]! + r[2]! * d[2]!,
      0,
      r[6]! * d[0]! + r[7]! * d[1]! + r[8]! * d[2]!,
    ]);
    g.fillStyle = `rgb(${arrays.colours[3 * i]} ${arrays.colours[3 * i + 1]} ${arrays.colours[3 * i + 2]})`;
    g.fillRect(x, y, 1.5, 1.5);
  }
  views.forEach((v, i) => {
    const c = frustum(f, v, 0.25);
    const tip = place(c.centre);
    g.strokeStyle = i === selected ? colours.selected : colours.frustum;
    g.beginPath();
    g.moveTo(...tip);
    g.lineTo(...place(c.corners[0]!));
    g.lineTo(...place(c.corners[1]!));
    g.closePath();
    g.stroke();
  });
}
