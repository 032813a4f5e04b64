import { BufferAttribute, BufferGeometry, Color, Points, ShaderMaterial } from 'three';
import type { ViewingFrame } from './frame.ts';
import { depthColours, lightness, type ClusterArrays, type PointColour, type SceneColours } from './parts.ts';

/** Shared by what is seen and what is picked, so that both are the same points at the same size. */
const PLACED = `
attribute float track;
attribute float fault;
attribute float seen;
uniform float size;
uniform float minTrack;
uniform float maxFault;
uniform float highlight;
varying float vKeep;
varying float vDepth;
varying float vSize;
void place() {
  vKeep = step(minTrack, track) * step(fault, maxFault);
  vec4 p = modelViewMatrix * vec4(position, 1.0);
  vDepth = -p.z;
  gl_Position = projectionMatrix * p;
  vSize = size + seen * highlight;
  gl_PointSize = vSize;
}`;
const ROUND = `
varying float vKeep;
varying float vDepth;
varying float vSize;
bool gone() {
  return vKeep < 0.5 || (vSize > 2.6 && length(gl_PointCoord - 0.5) > 0.5);
}`;
const VERTEX = `${PLACED}
attribute vec3 tint;
varying vec3 vTint;
varying float vSeen;
void main() {
  place();
  vTint = tint;
  vSeen = seen * highlight;
}`;
/** Colours of photos are moved away from the ground until they can be told from it. */
const FRAGMENT = `${ROUND}
uniform vec3 lit;
uniform vec3 ground;
uniform vec3 near;
uniform vec3 middle;
uniform vec3 far;
uniform vec2 reach;
uniform float groundLight;
uniform float byDepth;
uniform float highlight;
varying vec3 vTint;
varying float vSeen;
vec3 legible(vec3 c) {
  float light = dot(c, vec3(0.299, 0.587, 0.114));
  float least = 0.3;
  float lack = groundLight < 0.5 ? max(0.0, groundLight + least - light) : min(0.0, groundLight - least - light);
  return clamp(c + lack, 0.0, 1.0);
}
void main() {
  if (gone()) discard;
  float t = clamp((vDepth - reach.x) / (reach.y - reach.x), 0.0, 1.0);
  vec3 ramp = t < 0.5 ? mix(near, middle, 2.0 * t) : mix(middle, far, 2.0 * t - 1.0);
  vec3 c = mix(byDepth > 0.5 ? ramp : legible(vTint), lit, vSeen * 0.75);
  gl_FragColor = vec4(highlight > 0.5 && vSeen < 0.5 ? mix(c, ground, 0.6) : c, 1.0);
}`;
const PICK_VERTEX = `${PLACED}
uniform float base;
varying float vWho;
void main() {
  place();
  vWho = base + float(gl_VertexID);
}`;
const PICK_FRAGMENT = `${ROUND}
varying float vWho;
void main() {
  if (gone()) discard;
  float who = floor(vWho + 0.5);
  gl_FragColor = vec4(mod(who, 256.0), mod(floor(who / 256.0), 256.0), floor(who / 65536.0), 255.0) / 255.0;
}`;

/** The points of a model, each so many pixels large however near it is. */
export class PointCloud {
  readonly seen: Points<BufferGeometry, ShaderMaterial>;
  /** The same points, each in the colour of its number. */
  readonly picked: Points<BufferGeometry, ShaderMaterial>;
  readonly #uniforms = {
    size: { value: 2 },
    minTrack: { value: 0 },
    maxFault: { value: 1e9 },
    highlight: { value: 0 },
    lit: { value: new Color() },
    ground: { value: new Color() },
    near: { value: new Color() },
    middle: { value: new Color() },
    far: { value: new Color() },
    reach: { value: [0, 1] },
    groundLight: { value: 0 },
    byDepth: { value: 0 },
    base: { value: 0 },
  };

  /** @param base number of the first point when picked; that of the others follows. */
  constructor(arrays: ClusterArrays, frame: ViewingFrame, base: number) {
    const n = arrays.points.length / 3;
    const position = new Float32Array(3 * n);
    const { centre, scale, rotation: r } = frame;
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
    this.#uniforms.base.value = base;
    const made = (vertexShader: string, fragmentShader: string): Points<BufferGeometry, ShaderMaterial> => {
      const points = new Points(
        geometry,
        new ShaderMaterial({ vertexShader, fragmentShader, uniforms: this.#uniforms }),
      );
      points.frustumCulled = false;
      return points;
    };
    this.seen = made(VERTEX, FRAGMENT);
    this.picked = made(PICK_VERTEX, PICK_FRAGMENT);
  }

  setColours(colours: SceneColours): void {
    const u = this.#uniforms;
    // The shader writes to the screen as it is, without the renderer's colour conversion.
    u.ground.value.set(colours.background).convertLinearToSRGB();
    u.lit.value.set(colours.selected).convertLinearToSRGB();
    u.groundLight.value = lightness(colours.background);
    const [near, middle, far] = depthColours(colours.background);
    u.near.value.set(near).convertLinearToSRGB();
    u.middle.value.set(middle).convertLinearToSRGB();
    u.far.value.set(far).convertLinearToSRGB();
  }

  colourBy(what: PointColour): void {
    this.#uniforms.byDepth.value = what === 'depth' ? 1 : 0;
  }

  /** Distances from the eye between which colours of depth go from near to far. */
  setReach(near: number, far: number): void {
    this.#uniforms.reach.value = [near, far];
  }

  /** @param size of a point in device pixels. */
  setSize(size: number): void {
    this.#uniforms.size.value = size;
  }

  filter(minTrack: number, maxError: number): void {
    this.#uniforms.minTrack.value = minTrack;
    this.#uniforms.maxFault.value = maxError;
  }

  /** Lights these points and dims the others; null lights none and dims none. */
  light(points: Uint32Array | null): void {
    const attribute = this.seen.geometry.getAttribute('seen') as BufferAttribute;
    (attribute.array as Float32Array).fill(0);
    if (points !== null) for (const p of points) attribute.array[p] = 1;
    attribute.needsUpdate = true;
    this.#uniforms.highlight.value = points === null ? 0 : 1;
  }

  /** Where a point is, in the viewing frame. */
  at(point: number): [number, number, number] {
    const { array } = this.seen.geometry.getAttribute('position');
    return [array[3 * point]!, array[3 * point + 1]!, array[3 * point + 2]!];
  }

  dispose(): void {
    this.seen.geometry.dispose();
    this.seen.material.dispose();
    this.picked.material.dispose();
  }
}
