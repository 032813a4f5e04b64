import { PerspectiveCamera, Scene, Vector2, Vector3, WebGLRenderer } from 'three';
import { OrbitControls } from 'three/addons/controls/OrbitControls.js';
import type { ClusterView } from '../../shared/domain.ts';
import { lessMotion } from '../kit/less-motion.ts';
import { Cameras } from './cameras.ts';
import { between, eased, poseOf, type Pose } from './flight.ts';
import { viewingFrame, type ViewingFrame } from './frame.ts';
import { suitingSize, type ClusterArrays, type Hit, type PointColour, type SceneColours } from './parts.ts';
import { Picker, type PickRenderer } from './picker.ts';
import { PointCloud } from './point-cloud.ts';

export interface SceneEvents {
  /** A camera was clicked; null: nothing was. A click on a point is neither. */
  readonly onPick: (view: number | null) => void;
  readonly onHover: (hit: Hit | null) => void;
  readonly onContext: (lost: boolean) => void;
  /** Through which camera one looks; null for none. */
  readonly onThrough: (view: number | null) => void;
}

const CLICK_PIXELS = 4;
const FLIGHT_MS = 700;
const FOV = 50;
/** Most points lie so near the middle of the viewing frame. */
const REACH = 1.6;

/** What the scene needs of three's renderer. */
export type SceneRenderer = PickRenderer & Pick<WebGLRenderer, 'domElement' | 'setPixelRatio' | 'setSize' | 'dispose'>;
/** The browser has no WebGL for a canvas. */
export class NoWebGL extends Error {
  override readonly name = 'NoWebGL';
}

/** @throws NoWebGL where the browser has none; the caller then shows the model from above. */
export function webgl(canvas: HTMLCanvasElement): SceneRenderer {
  try {
    return new WebGLRenderer({ canvas, antialias: true, powerPreference: 'high-performance' });
  } catch (cause) {
    if (canvas.getContext('webgl2') !== null) throw cause;
    throw new NoWebGL('This browser has no WebGL', { cause });
  }
}

/**
 * A sparse model in three.js: points, camera frusta with their photos, picking, flights from camera to camera. Lives outside Vue's
 * reactivity; draws only when something changed. Call {@link dispose} when done.
 */
export class ClusterScene {
  readonly #renderer: SceneRenderer;
  readonly #scene = new Scene();
  readonly #camera = new PerspectiveCamera(FOV, 1, 0.01, 500);
  readonly #controls: OrbitControls;
  readonly #events: SceneEvents;
  readonly #views: readonly ClusterView[];
  readonly #frame: ViewingFrame;
  readonly #points: PointCloud;
  readonly #cameras: Cameras;
  readonly #picker: Picker;
  readonly #resize: ResizeObserver;
  readonly #ratio = Math.min(2, devicePixelRatio);
  #colours: SceneColours;
  #selected: number | null = null;
  #strength: ReadonlyMap<number, number> = new Map();
  #hovered: Hit | null = null;
  #through: number | null = null;
  #flight: { from: Pose; to: Pose; began: number; view: number } | null = null;
  #pressed = new Vector2();
  #pointer: PointerEvent | null = null;
  #scheduled = 0;
  #disposed = false;

  /** @param renderer of the canvas; it goes with the scene. */
  constructor(
    canvas: HTMLCanvasElement,
    arrays: ClusterArrays,
    views: readonly ClusterView[],
    colours: SceneColours,
    events: SceneEvents,
    renderer: SceneRenderer,
  ) {
    this.#renderer = renderer;
    this.#renderer.setPixelRatio(this.#ratio);
    this.#views = views;
    this.#events = events;
    this.#colours = colours;
    this.#frame = viewingFrame(arrays.points, views);
    this.#points = new PointCloud(arrays, this.#frame, 1 + views.length);
    this.#cameras = new Cameras(this.#frame, views, () => this.#paint());
    this.#picker = new Picker([this.#points.picked, ...this.#cameras.picked], views.length);
    this.#scene.add(this.#points.seen, ...this.#cameras.seen);
    this.#controls = new OrbitControls(this.#camera, canvas);
    this.#controls.enableDamping = false;
    this.#controls.addEventListener('change', () => {
      this.#leave();
      this.#draw();
    });
    this.#resize = new ResizeObserver(() => this.#fit());
    this.#resize.observe(canvas.parentElement ?? canvas);
    canvas.addEventListener('pointerdown', this.#onDown);
    canvas.addEventListener('pointerup', this.#onUp);
    canvas.addEventListener('pointermove', this.#onMove);
    canvas.addEventListener('pointerleave', this.#onGone);
    canvas.addEventListener('dblclick', this.#onDouble);
    canvas.addEventListener('webglcontextlost', this.#onLost);
    canvas.addEventListener('webglcontextrestored', this.#onRestored);
    this.setPointSize(suitingSize(arrays.points.length / 3));
    this.setColours(colours);
    this.#fit();
    this.frameAll();
  }

  setColours(colours: SceneColours): void {
    this.#colours = colours;
    this.#renderer.setClearColor(colours.background);
    this.#points.setColours(colours);
    this.#paint();
  }

  /** Lights a camera, those that share points with it (by share, 0 to 1), and the points that it sees. */
  select(view: number | null, strength: ReadonlyMap<number, number>, seen: Uint32Array | null): void {
    this.#selected = view;
    this.#strength = new Map(strength);
    this.#points.light(seen);
    this.#paint();
  }

  /** Hides points seen by fewer than `minTrack` photos or with a larger mean reprojection error in pixels. */
  filterPoints(minTrack: number, maxError: number): void {
    this.#points.filter(minTrack, maxError);
    this.#draw();
  }

  /** @param size of a point in pixels of the page, near and far. */
  setPointSize(size: number): void {
    this.#points.setSize(size * this.#ratio);
    this.#draw();
  }

  colourBy(what: PointColour): void {
    this.#points.colourBy(what);
    this.#draw();
  }

  #paint(): void {
    this.#cameras.paint(this.#colours, {
      selected: this.#selected,
      strength: this.#strength,
      hovered: this.#hovered?.kind === 'camera' ? this.#hovered.view : null,
      through: this.#through,
    });
    this.#draw();
  }

  /** Brings the whole model into view, from where the photos were taken. */
  frameAll(): void {
    this.#leave();
    const box = [...this.#cameras.centres, new Vector3(-1, -1, -1), new Vector3(1, 1, 1)];
    const centre = box.reduce((a, b) => a.clone().add(b), new Vector3()).multiplyScalar(0.4 / box.length);
    const radii = box.map((p) => p.distanceTo(centre)).sort((a, b) => a - b);
    const radius = Math.max(1.1, radii[Math.floor(radii.length * 0.8)]!);
    const distance = (radius * 0.8) / Math.sin((FOV * Math.PI) / 360) / Math.min(1, Math.max(0.6, this.#camera.aspect));
    this.#camera.fov = FOV;
    this.#camera.updateProjectionMatrix();
    this.#camera.position
      .copy(centre)
      .add(new Vector3(0.3, 0.34, 0.85).normalize().multiplyScalar(Math.min(distance, 14)));
    this.#controls.target.copy(centre);
    this.#controls.update();
    this.#draw();
  }

  /** Flies to where a photo was taken from and looks as its camera did, its photo behind what it saw. Where less motion is asked for, at once. */
  flyTo(view: number): void {
    const from = {
      position: this.#camera.position.clone(),
      turn: this.#camera.quaternion.clone(),
      fov: this.#camera.fov,
    };
    const to = poseOf(this.#frame, this.#views[view]!, this.#camera.aspect);
    const still = lessMotion();
    this.#flight = { from, to, view, began: performance.now() - (still ? FLIGHT_MS : 0) };
    this.#setThrough(null);
    this.#controls.enabled = false;
    this.#draw();
  }

  #fly(now: number): void {
    if (this.#flight === null) return;
    const { from, to, began, view } = this.#flight;
    const t = Math.max(0, (now - began) / FLIGHT_MS);
    this.#stand(t >= 1 ? to : between(from, to, eased(t)));
    if (t < 1) return;
    this.#flight = null;
    this.#controls.enabled = true;
    // What is turned about from here lies ahead, as far as the middle of the model is.
    const ahead = new Vector3(0, 0, -1).applyQuaternion(to.turn);
    const far = Math.max(0.5, -to.position.dot(ahead));
    this.#controls.target.copy(to.position).addScaledVector(ahead, far);
    this.#setThrough(view);
  }

  #stand(pose: Pose): void {
    this.#camera.position.copy(pose.position);
    this.#camera.quaternion.copy(pose.turn);
    this.#camera.fov = pose.fov;
    this.#camera.updateProjectionMatrix();
  }

  #setThrough(view: number | null): void {
    if (view === this.#through) return;
    this.#through = view;
    this.#cameras.backdrop(view);
    this.#events.onThrough(view);
    this.#paint();
  }

  /** Ends a flight, and looking through a camera. */
  #leave(): void {
    this.#flight = null;
    this.#controls.enabled = true;
    this.#setThrough(null);
  }

  #fit(): void {
    const canvas = this.#renderer.domElement;
    const { clientWidth: w, clientHeight: h } = canvas.parentElement ?? canvas;
    if (w === 0 || h === 0) return;
    this.#renderer.setSize(w, h, false);
    this.#camera.aspect = w / h;
    if (this.#flight !== null) this.#flight.to = poseOf(this.#frame, this.#views[this.#flight.view]!, w / h);
    if (this.#through !== null) this.#stand(poseOf(this.#frame, this.#views[this.#through]!, w / h));
    this.#camera.updateProjectionMatrix();
    this.#draw();
  }

  #draw(): void {
    if (this.#scheduled !== 0 || this.#disposed) return;
    this.#scheduled = requestAnimationFrame(() => {
      this.#scheduled = 0;
      if (this.#disposed) return;
      // What hears of the end of a flight may end this scene.
      this.#fly(performance.now());
      if (this.#disposed) return;
      this.#hover();
      const distance = this.#camera.position.length();
      this.#points.setReach(Math.max(0.05, distance - REACH), distance + REACH);
      this.#renderer.render(this.#scene, this.#camera);
      // Who waits for the model, as tests do, sees when it is there.
      this.#renderer.domElement.dataset['drawn'] = '';
      if (this.#flight !== null) this.#draw();
    });
  }

  #hitAt(event: MouseEvent): Hit | null {
    const rect = this.#renderer.domElement.getBoundingClientRect();
    const [x, y] = [event.clientX - rect.left, event.clientY - rect.top];
    return this.#picker.at(this.#renderer, this.#camera, x, y, rect, this.#ratio);
  }

  /** Says what the pointer has come to lie on. */
  #hover(): void {
    const event = this.#pointer;
    this.#pointer = null;
    if (event !== null) this.#setHovered(this.#flight === null ? this.#hitAt(event) : null);
  }

  #setHovered(hit: Hit | null): void {
    const key = (h: Hit | null): string =>
      h === null ? '' : h.kind === 'camera' ? `camera ${h.view}` : `point ${h.point}`;
    if (key(hit) === key(this.#hovered)) return;
    this.#hovered = hit;
    this.#renderer.domElement.style.cursor = hit?.kind === 'camera' ? 'pointer' : 'grab';
    this.#paint();
    this.#events.onHover(hit);
  }

  readonly #onDown = (e: PointerEvent): void => {
    this.#pressed.set(e.clientX, e.clientY);
  };
  readonly #onUp = (e: PointerEvent): void => {
    if (e.button !== 0 || this.#pressed.distanceTo(new Vector2(e.clientX, e.clientY)) > CLICK_PIXELS) return;
    const hit = this.#hitAt(e);
    if (hit?.kind !== 'point') this.#events.onPick(hit?.view ?? null);
  };
  readonly #onMove = (e: PointerEvent): void => {
    if (e.buttons !== 0) return;
    this.#pointer = e;
    this.#draw();
  };
  readonly #onGone = (): void => {
    this.#pointer = null;
    this.#setHovered(null);
  };
  /** A camera is flown to; what is turned about moves to a point. */
  readonly #onDouble = (e: MouseEvent): void => {
    const hit = this.#hitAt(e);
    if (hit?.kind === 'camera') this.flyTo(hit.view);
    else if (hit?.kind === 'point') {
      this.#leave();
      this.#controls.target.set(...this.#points.at(hit.point));
      this.#controls.update();
      this.#draw();
    }
  };
  readonly #onLost = (e: Event): void => {
    e.preventDefault();
    this.#events.onContext(true);
  };
  readonly #onRestored = (): void => {
    this.#events.onContext(false);
    // The renderer forgets it with what the driver held.
    this.setColours(this.#colours);
  };

  /** Frees everything that was made and listens to nothing any more. */
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
    canvas.removeEventListener('pointerleave', this.#onGone);
    canvas.removeEventListener('dblclick', this.#onDouble);
    canvas.removeEventListener('webglcontextlost', this.#onLost);
    canvas.removeEventListener('webglcontextrestored', this.#onRestored);
    this.#picker.dispose();
    this.#cameras.dispose();
    this.#points.dispose();
    this.#scene.clear();
    this.#renderer.dispose();
  }
}
