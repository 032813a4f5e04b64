import { Color } from 'three';

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

/** What is under the pointer: a camera by the index of its view, or a point by its index. */
export type Hit =
  { readonly kind: 'camera'; readonly view: number } | { readonly kind: 'point'; readonly point: number };

/** What colours the points: what the photos saw, or how far away they are. */
export type PointColour = 'photo' | 'depth';

/** Colours of depth from near to far, each at 3 : 1 or more on the ground of its theme. */
const DEPTH = { dark: ['#ffe08a', '#45c4b0', '#6a86e0'], light: ['#5b1a8b', '#0f6f86', '#96610f'] } as const;

/** Relative luminance of a colour, 0 to 1, without the curve of sRGB: what the shader compares. */
export function lightness(colour: string): number {
  const { r, g, b } = new Color(colour).convertLinearToSRGB();
  return 0.299 * r + 0.587 * g + 0.114 * b;
}

export function depthColours(background: string): readonly [string, string, string] {
  return lightness(background) < 0.5 ? DEPTH.dark : DEPTH.light;
}

/** Pixels of a point by how many there are: so small that they do not run together, so large that they are seen. */
export function suitingSize(points: number): number {
  return points > 200_000 ? 1.5 : points > 20_000 ? 2 : points > 4000 ? 2.5 : 3;
}
