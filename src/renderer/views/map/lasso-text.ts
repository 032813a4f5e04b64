import { pointsInside, simplified, type Point } from '../../kit/polygon.ts';
import { MOST_IN_ADDRESS, numbersOf, numbersText } from '../../kit/short-text.ts';

/** What was drawn around photos, in units of the map; each number is a whole multiple of 2⁻ᵇⁱᵗˢ, so that it is the same when read again. */
export interface Outline {
  readonly bits: number;
  readonly points: readonly Point[];
}

/** A lasso as an address has it: where it was drawn, and by what it is known again on the same map. */
export interface SaidLasso {
  readonly outlines: readonly Outline[];
  /** Photos that it found, and a sum of their ids. */
  readonly count: number;
  readonly sum: number;
}

/** Of a pixel: no one sees less. */
const PLAIN = 0.75;
const GRID = 0.5;
const MOST_BITS = 24;
const MOST_SUM = 2 ** 32;
const NUMBER = /^[0-9a-z]{1,7}$/;

/**
 * The outline that stands for a line drawn by hand: what it finds is what is chosen, so that an address finds the same.
 * @param line in units of the map, at least three points. @param pixel width and height of a pixel in these units.
 */
export function outlineOf(line: readonly Point[], pixel: Point): Outline {
  const drawn = line.map(([x, y]): Point => [x / pixel[0], y / pixel[1]]);
  const plain = simplified(drawn, PLAIN);
  // A line that comes back to where it began on the way it went.
  const few = plain.length < 3 ? drawn : plain;
  const bits = Math.max(1, Math.min(MOST_BITS, Math.ceil(Math.log2(1 / (GRID * Math.min(...pixel))))));
  const unit = 2 ** bits;
  const onGrid = (v: number, side: number): number => Math.round(v * side * unit) / unit;
  return { bits, points: few.map(([x, y]) => [onGrid(x, pixel[0]), onGrid(y, pixel[1])]) };
}

/** Positions of the photos that lie in at least one of some outlines, each once, outline by outline. */
export function foundBy(outlines: readonly Outline[], x: ArrayLike<number>, y: ArrayLike<number>): number[] {
  return [...new Set(outlines.flatMap((o) => pointsInside(o.points, x, y)))];
}

/** By what photos are known again in whatever order: a sum of the beginnings of their ids. */
export function sumOf(photos: readonly string[]): number {
  return photos.reduce((sum, id) => (sum + Number.parseInt(id.slice(0, 8), 16)) % MOST_SUM, 0);
}

/** Null where it is too long for an address. */
export function lassoText({ outlines, count, sum }: SaidLasso): string | null {
  const parts = [count.toString(36), sum.toString(36)];
  for (const { bits, points } of outlines) {
    const unit = 2 ** bits;
    let [left, top] = [0, 0];
    const numbers = [bits];
    for (const [px, py] of points) {
      const [x, y] = [px * unit, py * unit];
      numbers.push(x - left, y - top);
      [left, top] = [x, y];
    }
    // So far from the map that it has no short number.
    if (numbers.some((n) => !(Math.abs(n) < MOST_SUM / 2))) return null;
    parts.push(numbersText(numbers));
  }
  const text = parts.join('.');
  return text.length > MOST_IN_ADDRESS ? null : text;
}

/** What {@link lassoText} wrote; null for anything else. */
export function lassoOf(text: string): SaidLasso | null {
  if (text.length > MOST_IN_ADDRESS) return null;
  const [many, all, ...drawn] = text.split('.');
  if (many === undefined || all === undefined || drawn.length === 0 || !NUMBER.test(many) || !NUMBER.test(all))
    return null;
  const [count, sum] = [Number.parseInt(many, 36), Number.parseInt(all, 36)];
  const outlines: Outline[] = [];
  for (const part of drawn) {
    const numbers = numbersOf(part);
    const [bits, ...rest] = numbers ?? [];
    if (bits === undefined || bits < 1 || bits > MOST_BITS || rest.length < 6 || rest.length % 2 !== 0) return null;
    const unit = 2 ** bits;
    const points: Point[] = [];
    let [x, y] = [0, 0];
    for (let i = 0; i < rest.length; i += 2) {
      [x, y] = [x + rest[i]!, y + rest[i + 1]!];
      points.push([x / unit, y / unit]);
    }
    outlines.push({ bits, points });
  }
  return count < 1 || sum >= MOST_SUM ? null : { outlines, count, sum };
}
