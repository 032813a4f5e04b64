/** Photos for networks that do not take every size. */
import type { NetworkSpec } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { sideWithin } from '../edges/edge-network.ts';
import { decode, decodeInto, toInput, type Crop, type Frame, type Pixels } from '../library/pixels.ts';

/** One image as a network takes it, [1, channels, height, width]. */
export interface NetworkInput {
  readonly dims: readonly [number, number, number, number];
  readonly data: Float32Array;
  /** It goes through the network by itself. */
  readonly alone?: boolean;
}

/** The one size that a network takes; undefined for those that take others. */
export function frameOf({ input }: Pick<NetworkSpec, 'input'>): Frame | undefined {
  if (input?.height === undefined || input.width === undefined) return undefined;
  return { width: input.width, height: input.height, fit: input.fit ?? 'pad' };
}

/** The long side in pixels of a photo, or of an edge map, for a network of one size; undefined for networks that take others. */
export function onlySize(spec: Pick<NetworkSpec, 'input' | 'edges'>): number | undefined {
  if (spec.edges !== undefined) return sideWithin(spec);
  const frame = frameOf(spec);
  return frame === undefined ? undefined : Math.max(frame.width, frame.height);
}

/** @throws CovisError `INPUT_INVALID` for a size that is not the only one that a network takes. */
export function refuseOtherSize(spec: Pick<NetworkSpec, 'input' | 'name' | 'edges'>, size: number): void {
  const only = onlySize(spec);
  if (only === undefined || size === only) return;
  const { width, height } = frameOf(spec)!;
  throw new CovisError(
    'INPUT_INVALID',
    spec.edges === undefined
      ? `${spec.name} takes photos of ${width}x${height} alone, not of ${size} pixels`
      : `${spec.name} takes edge maps of ${only} pixels in a margin of ${width}x${height} alone, not of ${size} pixels`,
    { hint: 'Leave the size out: photos are fitted.' },
  );
}

/** A photo file decoded as a network takes it. @param size pixels of the long side, of networks that take more than one. */
export function decodeFor(
  spec: Pick<NetworkSpec, 'input'>,
  file: string | Uint8Array,
  size: number,
  crop?: Crop,
): Promise<Pixels> {
  const frame = frameOf(spec);
  return frame === undefined ? decode(file, size, crop) : decodeInto(file, frame, crop);
}

/** Where an image lies in what a network takes, in pixels. */
export interface Placed {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
}

/** In the middle of the one size that a network takes, or of the next one that is a whole multiple. */
export function placed(
  { width, height }: { readonly width: number; readonly height: number },
  input: NetworkSpec['input'],
): Placed {
  const multiple = input?.multiple ?? 1;
  const whole = (side: number): number => multiple * Math.ceil(side / multiple);
  const [w, h] = [input?.width ?? whole(width), input?.height ?? whole(height)];
  return { width: w, height: h, left: Math.floor((w - width) / 2), top: Math.floor((h - height) / 2) };
}

/** Planes [channels, height, width] of an image, with a margin of zeros where the network's size asks for one. */
export function inMargin(
  { width, height, data }: { readonly width: number; readonly height: number; readonly data: Float32Array },
  channels: number,
  input: NetworkSpec['input'],
): NetworkInput {
  const at = placed({ width, height }, input);
  const alone = input?.alone === true ? { alone: true } : {};
  const dims = [1, channels, at.height, at.width] as const;
  if (at.height === height && at.width === width) return { dims, data, ...alone };
  const out = new Float32Array(channels * at.height * at.width);
  for (let c = 0; c < channels; c += 1)
    for (let y = 0; y < height; y += 1) {
      const from = (c * height + y) * width;
      out.set(data.subarray(from, from + width), (c * at.height + y + at.top) * at.width + at.left);
    }
  return { dims, data: out, ...alone };
}

/** The input of a photo, with a margin where the network's size asks for one. Margins are 0 once normalised, the mean colour. */
export function framed(pixels: Pixels, spec: Pick<NetworkSpec, 'input' | 'preprocess'>): NetworkInput {
  const { data } = toInput(pixels, spec.preprocess);
  return inMargin({ width: pixels.width, height: pixels.height, data }, 3, spec.input);
}
