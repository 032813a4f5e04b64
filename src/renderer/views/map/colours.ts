import { token } from '../../stores/theme.ts';

/** Distinct hues of similar lightness; later categories repeat them. */
const HUES = [210, 28, 140, 340, 265, 50, 185, 0, 95, 305, 165, 235] as const;
const SCALE = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
] as const;

/** Colour of the i-th category; -1 stands for none. */
export function categoryColour(i: number): string {
  if (i < 0) return token('junk');
  const round = Math.floor(i / HUES.length) % 3;
  return `hsl(${HUES[i % HUES.length]! + 14 * round} ${68 - 14 * round}% ${56 - 9 * round}%)`;
}

/** Colour of a number from 0 to 1. */
export function scaleColour(t: number): string {
  const at = Math.min(3.999, Math.max(0, 4 * t));
  const i = Math.floor(at);
  const mix = [0, 1, 2].map((c) => Math.round(SCALE[i]![c]! + (at - i) * (SCALE[i + 1]![c]! - SCALE[i]![c]!)));
  return `rgb(${mix.join(' ')})`;
}
