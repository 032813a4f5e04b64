import { floatTensor, type GraphBuilder, int } from './onnx/graph.ts';

/** Levels of R-MAC's grid, and the overlap of neighbouring regions that it aims at (methods.md 1.5). */
export const LEVELS = 3;
const OVERLAP = 0.4;
/** Most positions that the long side has beyond the short one. */
export const MOST_EXTRA = 6;

const FLOAT = 1;
const INT64 = 7;

/** A rectangle of a feature map. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/*
 * The grid is chosen by comparing overlaps, of which many pairs are equally far from 40 %, so that rounding decides. The authors'
 * code computes in single precision and divides by multiplying with the reciprocal; both forms below take the same steps.
 */
const { fround } = Math;

/** 1/1 to 1/6, rounded. */
const RECIPROCALS = Float32Array.from({ length: MOST_EXTRA }, (_, k) => 1 / (k + 1));

/** Positions along the long side beyond those along the short one: those steps whose overlap is nearest to 40 %, none on a square. */
function extraPositions(small: number, long: number): number {
  if (small === long) return 0;
  const square = fround(small * small);
  const misses = RECIPROCALS.map((reciprocal) => {
    const stride = fround(reciprocal * (long - small));
    const overlap = fround(fround(square - fround(small * stride)) / square);
    return Math.abs(fround(overlap - fround(OVERLAP)));
  });
  return misses.indexOf(Math.min(...misses)) + 1;
}

/** Where `count` squares of a side begin that spread evenly over `length`. */
function starts(length: number, side: number, count: number): number[] {
  const half = Math.max(0, Math.floor(side / 2) - 1);
  const stride = count === 1 ? 0 : fround((length - side) / (count - 1));
  return Array.from({ length: count }, (_, k) => Math.floor(fround(half + fround(k * stride))) - half);
}

/**
 * R-MAC's fixed grid (methods.md 1.5): for each level squares of side 2·min/(level+1), with extra positions along the long side
 * chosen for 40 % overlap; the whole map comes first. Levels whose squares have no place are left out.
 */
export function regionGrid(width: number, height: number, levels = LEVELS): Region[] {
  const small = Math.min(width, height);
  const extra = extraPositions(small, Math.max(width, height));
  const regions: Region[] = [{ x: 0, y: 0, width, height }];
  for (let level = 1; level <= levels; level += 1) {
    const side = Math.floor((2 * small) / (level + 1));
    if (side < 1) continue;
    for (const y of starts(height, side, height > width ? level + extra : level))
      for (const x of starts(width, side, width > height ? level + extra : level))
        regions.push({ x, y, width: side, height: side });
  }
  return regions;
}

/** {@link regionGrid} inside a graph, from the size of a map when the graph runs. Values are vectors of one element. */
export class GridBuilder {
  readonly #b: GraphBuilder;
  readonly #long: string;
  readonly #short: string;
  readonly #wide: string;
  readonly #extra: string;
  readonly #levels = new Map<number, { side: string; any: string; half: string; count: string }>();

  constructor(b: GraphBuilder, x: string) {
    this.#b = b;
    const shape = b.op('Shape', [x]);
    const height = b.slice(shape, [2], [3], [0]);
    const width = b.slice(shape, [3], [4], [0]);
    this.#long = b.op('Max', [height, width]);
    this.#short = b.op('Min', [height, width]);
    this.#wide = b.op('Greater', [width, height]);
    this.#extra = this.#chosenExtra();
  }

  #float(v: string): string {
    return this.#b.op('Cast', [v], { to: int(FLOAT) });
  }

  #whole(v: string): string {
    return this.#b.op('Cast', [v], { to: int(INT64) });
  }

  #chosenExtra(): string {
    const b = this.#b;
    const beyond = b.op('Sub', [this.#long, this.#short]);
    const small = this.#float(this.#short);
    const square = b.op('Mul', [small, small]);
    const stride = b.op('Mul', [b.constant(floatTensor([MOST_EXTRA], RECIPROCALS)), this.#float(beyond)]);
    const overlap = b.op('Div', [b.op('Sub', [square, b.op('Mul', [small, stride])]), square]);
    const miss = b.op('Abs', [b.op('Sub', [overlap, b.scalar(OVERLAP)])]);
    const best = b.op('ArgMin', [miss], { axis: int(0), keepdims: int(1) });
    return b.op('Where', [b.op('Equal', [beyond, b.int64s([0])]), b.int64s([0]), b.op('Add', [best, b.int64s([1])])]);
  }

  #level(level: number): { side: string; any: string; half: string; count: string } {
    const known = this.#levels.get(level);
    if (known !== undefined) return known;
    const b = this.#b;
    const side = b.op('Div', [b.op('Mul', [this.#short, b.int64s([2])]), b.int64s([level + 1])]);
    const halved = b.op('Sub', [b.op('Div', [side, b.int64s([2])]), b.int64s([1])]);
    const made = {
      side: b.op('Max', [side, b.int64s([1])]),
      any: b.op('Min', [side, b.int64s([1])]),
      half: b.op('Max', [halved, b.int64s([0])]),
      count: b.op('Add', [this.#extra, b.int64s([level])]),
    };
    this.#levels.set(level, made);
    return made;
  }

  /** Start of position `k` of `count` along `length`. */
  #start(k: number, length: string, { side, half }: { side: string; half: string }, count: string): string {
    const b = this.#b;
    const gaps = b.op('Max', [b.op('Sub', [count, b.int64s([1])]), b.int64s([1])]);
    const stride = b.op('Div', [this.#float(b.op('Sub', [length, side])), this.#float(gaps)]);
    const centre = b.op('Add', [this.#float(half), b.op('Mul', [b.scalar(k), stride])]);
    // Positive, so that cutting off what is behind the point rounds down.
    return b.op('Sub', [this.#whole(centre), half]);
  }

  /** Square `i` along the long side and `j` along the short one; `present` is 1 where this map has it, else 0. */
  region(level: number, i: number, j: number): { from: string; to: string; present: string } {
    const b = this.#b;
    const made = this.#level(level);
    const inside = b.op('Less', [b.int64s([i]), made.count]);
    // A position that this map lacks becomes the first, which always exists, and counts nothing.
    const along = b.op('Where', [inside, this.#start(i, this.#long, made, made.count), b.int64s([0])]);
    const across = this.#start(j, this.#short, made, b.int64s([level]));
    const y = b.op('Where', [this.#wide, across, along]);
    const x = b.op('Where', [this.#wide, along, across]);
    const from = b.op('Concat', [y, x], { axis: int(0) });
    return {
      from,
      to: b.op('Add', [from, made.side]),
      present: b.op('Mul', [this.#whole(inside), made.any]),
    };
  }
}
