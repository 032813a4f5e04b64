/** Photos for networks that do not take every size. */
import type { NetworkSpec } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { toInput, type Frame, type Pixels } from '../library/pixels.ts';

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

/** @throws CovisError `INPUT_INVALID` for a size that is not the only one that a network takes. */
export function refuseOtherSize(spec: Pick<NetworkSpec, 'input' | 'name'>, size: number): void {
  const frame = frameOf(spec);
  if (frame === undefined || size === Math.max(frame.width, frame.height)) return;
  throw new CovisError(
    'INPUT_INVALID',
    `${spec.name} takes photos of ${frame.width}x${frame.height} alone, not of ${size} pixels`,
    { hint: 'Leave the size out: photos are fitted.' },
  );
}

/** The input of a photo, with a margin where the network's size asks for one. Margins are 0 once normalised, the mean colour. */
export function framed(pixels: Pixels, spec: Pick<NetworkSpec, 'input' | 'preprocess'>): NetworkInput {
  const plain = toInput(pixels, spec.preprocess);
  const { input } = spec;
  if (input === undefined) return plain;
  const multiple = input.multiple ?? 1;
  const whole = (side: number): number => multiple * Math.ceil(side / multiple);
  const [height, width] = [input.height ?? whole(pixels.height), input.width ?? whole(pixels.width)];
  const alone = input.alone === true ? { alone: true } : {};
  if (height === pixels.height && width === pixels.width) return { ...plain, ...alone };
  const data = new Float32Array(3 * height * width);
  const top = Math.floor((height - pixels.height) / 2);
  const left = Math.floor((width - pixels.width) / 2);
  for (let c = 0; c < 3; c += 1)
    for (let y = 0; y < pixels.height; y += 1) {
      const from = (c * pixels.height + y) * pixels.width;
      data.set(plain.data.subarray(from, from + pixels.width), (c * height + y + top) * width + left);
    }
  return { dims: [1, 3, height, width], data, ...alone };
}
