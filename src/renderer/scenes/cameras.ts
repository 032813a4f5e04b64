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
  ShaderMaterial,
  SRGBColorSpace,
  TextureLoader,
  Vector3,
  type Object3D,
  type Texture,
} from 'three';
import type { ClusterView } from '../../shared/domain.ts';
import { photoUrl } from '../kit/photo-url.ts';
import { cornerTexture, frustum, type ViewingFrame } from './frame.ts';
import type { SceneColours } from './parts.ts';

/** Up to here every camera carries its photo; beyond, only those that are selected or linked do. */
const PHOTOS_ON_ALL = 160;
const THUMBNAIL = 96;
const SHARP = 640;
const WHOLE = 1600;
/** Vertices of the lines of one frustum. */
const LINES = 16;
/** Cameras looked at for how far they are from one another. */
const SAMPLE = 300;
/** Where the photo hangs behind what its camera sees, in the viewing frame. */
const BEHIND = 80;
const PICK_VERTEX = `
attribute float who;
varying float vWho;
void main() {
  vWho = who;
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`;
const PICK_FRAGMENT = `
varying float vWho;
void main() {
  float who = floor(vWho + 0.5);
  gl_FragColor = vec4(mod(who, 256.0), mod(floor(who / 256.0), 256.0), floor(who / 65536.0), 255.0) / 255.0;
}`;

/** A photo where its camera has its image plane. */
type PhotoMesh = Mesh<BufferGeometry, MeshBasicMaterial>;

interface CameraObject {
  readonly centre: Vector3;
  /** Null until its photo has come: what has none is drawn with all the others that have none. */
  plane: PhotoMesh | null;
  texture: Texture | null;
  /** Pixels of the texture that is there or on its way. */
  pixels: number;
}

/** What is said of the cameras when they are painted. */
export interface CameraState {
  readonly selected: number | null;
  /** Those that share points with the selected one, by how much, 0 to 1. */
  readonly strength: ReadonlyMap<number, number>;
  readonly hovered: number | null;
  /** The one through which one looks. */
  readonly through: number | null;
}

/**
 * Frusta with their photos. Their lines are drawn twice, pale without a look at depth and then where nothing is before them, so that points
 * never hide a camera however large they are.
 */
export class Cameras {
  readonly seen: readonly Object3D[];
  /** The same forms in the same order, each in the colour of its camera's number, from 1. */
  readonly picked: readonly Object3D[];
  readonly #views: readonly ClusterView[];
  readonly #frame: ViewingFrame;
  readonly #size: number;
  readonly #all: CameraObject[] = [];
  readonly #lines: LineSegments<BufferGeometry, LineBasicMaterial>;
  readonly #pale: LineSegments<BufferGeometry, LineBasicMaterial>;
  readonly #backdrop: PhotoMesh;
  readonly #photos = new Group();
  /** Image planes of all cameras, four corners each. */
  readonly #planes = new BufferGeometry();
  readonly #pickedPlanes: Mesh;
  readonly #bare: PhotoMesh;
  readonly #solid: ShaderMaterial;
  readonly #open: ShaderMaterial;
  readonly #loader = new TextureLoader();
  readonly #changed: () => void;
  #hung: { view: number; texture: Texture | null } | null = null;
  #disposed = false;

  /** @param changed is called when a photo has come. */
  constructor(frame: ViewingFrame, views: readonly ClusterView[], changed: () => void) {
    this.#views = views;
    this.#frame = frame;
    this.#size = this.#frustumSize();
    this.#changed = changed;
    const material = (depthTest: boolean): ShaderMaterial =>
      new ShaderMaterial({
        vertexShader: PICK_VERTEX,
        fragmentShader: PICK_FRAGMENT,
        side: DoubleSide,
        depthTest,
        depthWrite: depthTest,
      });
    this.#solid = material(true);
    this.#open = material(false);
    const edges = this.#makeFrusta();
    this.#lines = new LineSegments(edges, lineMaterial(true));
    this.#pale = new LineSegments(edges, lineMaterial(false));
    this.#backdrop = new Mesh(
      new BufferGeometry(),
      new MeshBasicMaterial({ side: DoubleSide, depthTest: false, depthWrite: false }),
    );
    this.#backdrop.visible = false;
    this.#backdrop.renderOrder = -1;
    this.#backdrop.frustumCulled = false;
    this.#pale.renderOrder = 1;
    this.#lines.renderOrder = 3;
    // All cameras in one: there is nothing to leave out, and the sphere around thousands is not worked out.
    this.#lines.frustumCulled = this.#pale.frustumCulled = false;
    this.#bare = new Mesh(
      this.#planes,
      new MeshBasicMaterial({ side: DoubleSide, transparent: true, vertexColors: true, depthWrite: false }),
    );
    // One call draws thousands; after the photos, which hide what is behind them.
    this.#bare.renderOrder = 2.5;
    this.#bare.frustumCulled = false;
    this.seen = [this.#backdrop, this.#pale, this.#photos, this.#bare, this.#lines];
    this.#pickedPlanes = new Mesh(this.#planes, this.#solid);
    this.picked = [new LineSegments(edges, this.#open), this.#pickedPlanes, new LineSegments(edges, this.#solid)];
    this.picked.forEach((o, i) => {
      o.renderOrder = 1 + i;
      o.frustumCulled = false;
    });
    if (views.length <= PHOTOS_ON_ALL) views.forEach((_, i) => this.#load(i, THUMBNAIL));
  }

  #makeFrusta(): BufferGeometry {
    const edges: number[] = [];
    const corners: number[] = [];
    const size = this.#size;
    this.#views.forEach((view) => {
      const f = frustum(this.#frame, view, size);
      f.corners.forEach((c, k) => edges.push(...f.centre, ...c, ...c, ...f.corners[(k + 1) % 4]!));
      corners.push(...f.corners.flat());
      this.#all.push({ plane: null, centre: new Vector3(...f.centre), texture: null, pixels: 0 });
    });
    const n = this.#views.length;
    const who = (each: number): BufferAttribute =>
      new BufferAttribute(
        Float32Array.from({ length: each * n }, (_, i) => 1 + Math.floor(i / each)),
        1,
      );
    this.#planes.setAttribute('position', new BufferAttribute(Float32Array.from(corners), 3));
    this.#planes.setAttribute('who', who(4));
    this.#planes.setAttribute('color', new BufferAttribute(new Float32Array(16 * n), 4));
    this.#planes.setIndex(this.#views.flatMap((_, i) => [0, 1, 2, 0, 2, 3].map((k) => 4 * i + k)));
    const geometry = new BufferGeometry();
    geometry.setAttribute('position', new BufferAttribute(Float32Array.from(edges), 3));
    geometry.setAttribute('color', new BufferAttribute(new Float32Array(edges.length), 3));
    geometry.setAttribute('who', who(LINES));
    return geometry;
  }

  /** Frusta are a fraction of the typical distance between cameras, so that they neither vanish nor overlap. */
  #frustumSize(): number {
    const centres = this.#views.map((v) => new Vector3(...frustum(this.#frame, v, 0).centre));
    const every = Math.max(1, Math.floor(centres.length / SAMPLE));
    const nearest: number[] = [];
    for (let i = 0; i < centres.length; i += every) {
      let least = Infinity;
      for (let j = 0; j < centres.length; j += 1)
        if (i !== j) least = Math.min(least, centres[i]!.distanceTo(centres[j]!));
      if (Number.isFinite(least)) nearest.push(least);
    }
    nearest.sort((a, b) => a - b);
    const typical = nearest[nearest.length >> 1] ?? 0.3;
    return Math.min(0.45, Math.max(0.08, typical * 0.55));
  }

  #fetch(photo: string, pixels: number, use: (texture: Texture) => void): void {
    this.#loader.load(photoUrl(photo, pixels), (texture) => {
      if (this.#disposed) return texture.dispose();
      texture.colorSpace = SRGBColorSpace;
      use(texture);
      this.#changed();
    });
  }

  /** Puts a camera's photo on its frustum, at least so many pixels long. */
  #load(i: number, pixels: number): void {
    const { photo } = this.#views[i]!;
    const camera = this.#all[i]!;
    if (photo === null || camera.pixels >= pixels) return;
    camera.pixels = pixels;
    this.#fetch(photo, pixels, (texture) => {
      // A sharper one may have come before.
      if (camera.pixels !== pixels) return texture.dispose();
      camera.texture?.dispose();
      camera.texture = texture;
      camera.plane ??= this.#planeOf(i);
      camera.plane.material.map = texture;
      if (this.#hung?.view === i && this.#hung.texture === null) this.#hang(texture);
    });
  }

  #planeOf(i: number): PhotoMesh {
    const { corners } = frustum(this.#frame, this.#views[i]!, this.#size);
    const material = new MeshBasicMaterial({ side: DoubleSide, transparent: true });
    const plane = new Mesh(quad(corners, this.#views[i]!.orientation), material);
    plane.renderOrder = 2;
    this.#photos.add(plane);
    return plane;
  }

  #hang(texture: Texture | null): void {
    this.#backdrop.material.map = texture;
    this.#backdrop.material.needsUpdate = true;
    this.#backdrop.visible = texture !== null;
  }

  /** Hangs a camera's photo behind everything that it sees; null takes it away. */
  backdrop(view: number | null): void {
    if (view === (this.#hung?.view ?? null)) return;
    this.#hung?.texture?.dispose();
    this.#hung = null;
    this.#hang(null);
    const photo = view === null ? null : this.#views[view]!.photo;
    if (view === null || photo === null) return;
    const hung = { view, texture: null as Texture | null };
    this.#hung = hung;
    const { corners } = frustum(this.#frame, this.#views[view]!, BEHIND);
    this.#backdrop.geometry.dispose();
    this.#backdrop.geometry = quad(corners, this.#views[view]!.orientation);
    this.#hang(this.#all[view]!.texture);
    this.#fetch(photo, WHOLE, (texture) => {
      if (this.#hung !== hung) return texture.dispose();
      hung.texture = texture;
      this.#hang(texture);
    });
  }

  paint(colours: SceneColours, { selected, strength, hovered, through }: CameraState): void {
    const attribute = this.#lines.geometry.getAttribute('color') as BufferAttribute;
    const bare = this.#planes.getAttribute('color') as BufferAttribute;
    const base = new Color(colours.frustum);
    const own = new Color(colours.selected);
    const linked = new Color(colours.linked);
    const background = new Color(colours.background);
    if (selected !== null) {
      this.#load(selected, SHARP);
      for (const i of strength.keys()) this.#load(i, THUMBNAIL);
    }
    this.#all.forEach(({ plane }, i) => {
      const share = strength.get(i);
      const is = i === selected;
      const c = is
        ? own
        : share !== undefined
          ? base.clone().lerp(linked, 0.35 + 0.65 * share)
          : selected === null
            ? base
            : base.clone().lerp(background, 0.6);
      for (let k = 0; k < LINES; k += 1) attribute.setXYZ(LINES * i + k, c.r, c.g, c.b);
      const bright =
        i === hovered || is ? 1 : share !== undefined ? 0.55 + 0.45 * share : selected === null ? 0.85 : 0.18;
      // Photos of cameras nearby would stand in the way of who looks through one.
      const rest = through === null || i === hovered ? 1 : 0.12;
      const faint = plane === null && i !== through ? 0.15 * rest * bright : 0;
      for (let k = 0; k < 4; k += 1) bare.setXYZW(4 * i + k, c.r, c.g, c.b, faint);
      if (plane === null) return;
      plane.visible = i !== through;
      plane.material.opacity = rest * bright;
      plane.material.depthWrite = rest === 1;
    });
    attribute.needsUpdate = true;
    bare.needsUpdate = true;
    this.#pickedPlanes.visible = through === null;
    this.#lines.material.opacity = through === null ? 0.9 : 0.45;
    this.#pale.material.opacity = through === null ? 0.3 : 0.08;
  }

  get centres(): readonly Vector3[] {
    return this.#all.map((c) => c.centre);
  }

  /** Frees everything; photos that still load are let go when they come. */
  dispose(): void {
    this.#disposed = true;
    this.#hung?.texture?.dispose();
    for (const c of this.#all) {
      c.texture?.dispose();
      c.plane?.geometry.dispose();
      c.plane?.material.dispose();
    }
    this.#backdrop.geometry.dispose();
    this.#backdrop.material.dispose();
    this.#lines.geometry.dispose();
    this.#lines.material.dispose();
    this.#pale.material.dispose();
    this.#bare.material.dispose();
    this.#planes.dispose();
    this.#solid.dispose();
    this.#open.dispose();
  }
}

function lineMaterial(depthTest: boolean): LineBasicMaterial {
  return new LineBasicMaterial({
    vertexColors: true,
    transparent: true,
    opacity: 0.9,
    depthTest,
    depthWrite: depthTest,
  });
}

function quad(corners: readonly (readonly number[])[], orientation: number): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new BufferAttribute(Float32Array.from(corners.flat()), 3));
  geometry.setAttribute('uv', new BufferAttribute(Float32Array.from(cornerTexture(orientation).flat()), 2));
  geometry.setIndex([0, 1, 2, 0, 2, 3]);
  return geometry;
}
