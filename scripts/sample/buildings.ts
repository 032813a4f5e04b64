import { random, type Random } from '../../src/main/engine/library/random.ts';
import {
  bands,
  foliage,
  glass,
  ground,
  masonry,
  plaster,
  planks,
  rosette,
  tiles,
  timberFrame,
  type Material,
} from './materials.ts';
import { ball, box, gable, prism, round, type Solid, type Surface, type Vec3 } from './solids.ts';

/** One place of the sample world: a landmark that stands at the origin with its front towards -y. */
export interface Place {
  readonly name: string;
  readonly solids: readonly Solid[];
  readonly materials: readonly Material[];
  readonly height: number;
  readonly width: number;
}

type Rgb = readonly [number, number, number];

/** Collects the solids of one place. */
class Site {
  readonly solids: Solid[] = [];
  readonly materials: Material[] = [];
  readonly random: Random;

  constructor(seed: number) {
    this.random = random(seed);
  }

  material(m: Material): number {
    return this.materials.push(m) - 1;
  }

  surface(material: number, landmark = true): Surface {
    return { material, variant: this.random.below(100000), landmark };
  }

  box(x: number, y: number, z: number, w: number, d: number, h: number, m: number): void {
    this.solids.push(box([x, y, z], [w, d, h], this.surface(m)));
  }

  /** Rows of windows with frames on a front (side 0), right (1), back (2) or left (3) wall of a box centred at x, y. */
  windows(
    x: number,
    y: number,
    w: number,
    d: number,
    side: 0 | 1 | 2 | 3,
    columns: number,
    floors: number[],
    size: [number, number],
    frame: number,
    pane: number,
    margin = 0.12,
  ): void {
    const along = side % 2 === 0 ? w : d;
    const out = (side % 2 === 0 ? d : w) / 2;
    for (const z of floors) {
      for (let i = 0; i < columns; i += 1) {
        const t = -along / 2 + along * margin + (along * (1 - 2 * margin) * (i + 0.5)) / columns;
        const place = (depth: number, wide: number, thick: number, tall: number, low: number, m: number): void => {
          const off = out + depth;
          const [cx, cy] =
            side === 0
              ? [x + t, y - off]
              : side === 1
                ? [x + off, y + t]
                : side === 2
                  ? [x - t, y + off]
                  : [x - off, y - t];
          const [sx, sy] = side % 2 === 0 ? [wide, thick] : [thick, wide];
          this.box(cx, cy, z + low, sx, sy, tall, m);
        };
        place(0, size[0] + 0.34, 0.22, size[1] + 0.34, -0.17, frame);
        place(0.06, size[0], 0.16, size[1], 0, pane);
        place(0.12, size[0] + 0.6, 0.4, 0.16, -0.3, frame);
      }
    }
  }

  allSides(
    x: number,
    y: number,
    w: number,
    d: number,
    columns: [number, number],
    floors: number[],
    size: [number, number],
    frame: number,
    pane: number,
  ): void {
    for (const side of [0, 1, 2, 3] as const)
      this.windows(x, y, w, d, side, columns[side % 2]!, floors, size, frame, pane);
  }

  ngon(n: number, r: number): [number, number][] {
    return Array.from({ length: n }, (_, i) => [
      r * Math.cos((2 * Math.PI * (i + 0.5)) / n),
      r * Math.sin((2 * Math.PI * (i + 0.5)) / n),
    ]);
  }

  columns(xs: number[], y: number, z: number, radius: number, height: number, m: number): void {
    for (const x of xs) {
      this.box(x, y, z, radius * 2.7, radius * 2.7, radius * 0.7, m);
      this.solids.push(round([x, y, z + radius * 0.7], radius, radius * 0.84, height - radius * 1.5, this.surface(m)));
      this.box(x, y, z + height - radius * 0.8, radius * 2.6, radius * 2.6, radius * 0.8, m);
    }
  }

  /** Paving, trees and distant houses, which are no landmark. */
  surroundings(groundMaterial: Material, reach: number): void {
    const g = this.material(groundMaterial);
    this.solids.push(box([0, 0, -1], [900, 900, 1], this.surface(g, false)));
    const leaf = this.material(foliage([0.09 + 0.06 * this.random.next(), 0.2 + 0.06 * this.random.next(), 0.05]));
    const trunk = this.material(planks([0.14, 0.1, 0.07], 0.2));
    for (let i = 0; i < 6; i += 1) {
      const angle = this.random.between(0.15, Math.PI - 0.15) * (this.random.next() < 0.8 ? 1 : 1.05);
      const r = reach * this.random.between(1.15, 2.2);
      this.tree(r * Math.cos(angle), r * Math.sin(angle) * 0.8 + reach * 0.2, this.random.between(4, 8), leaf, trunk);
    }
    for (const side of [-1, 1])
      this.tree(
        side * reach * this.random.between(1.0, 1.35),
        -reach * this.random.between(0.1, 0.5),
        this.random.between(3, 5),
        leaf,
        trunk,
      );
    const wall = this.material(plaster([0.42, 0.4, 0.37], 0.3));
    const roof = this.material(tiles([0.3, 0.18, 0.14], 0.5));
    for (let i = 0; i < 26; i += 1) {
      const angle = this.random.between(0, 2 * Math.PI);
      const r = reach * this.random.between(4.5, 8) + 40;
      const [w, h] = [this.random.between(8, 20), this.random.between(5, 16)];
      const at: Vec3 = [r * Math.cos(angle), r * Math.sin(angle), 0];
      this.solids.push(
        box(at, [w, w, h], this.surface(wall, false), angle),
        gable([at[0], at[1], h], [w * 1.05, w * 1.05, 4], this.surface(roof, false), angle),
      );
    }
  }

  tree(x: number, y: number, h: number, leaf: number, trunk: number): void {
    this.solids.push(round([x, y, 0], h * 0.05, h * 0.03, h * 0.5, this.surface(trunk, false)));
    for (let i = 0; i < 9; i += 1) {
      const a = this.random.between(0, 6.28);
      const r = h * 0.24 * Math.sqrt(this.random.next());
      this.solids.push(
        ball(
          [x + r * Math.cos(a), y + r * Math.sin(a), h * this.random.between(0.45, 0.95)],
          h * this.random.between(0.13, 0.24),
          this.surface(leaf, false),
        ),
      );
    }
  }
}

const COBBLE = ground([0.3, 0.29, 0.27], [0.42, 0.4, 0.37], 0.55);
const GRASS = ground([0.13, 0.2, 0.06], [0.22, 0.27, 0.1], 0);
const SAND = ground([0.5, 0.42, 0.3], [0.62, 0.53, 0.4], 0);
const ASPHALT = ground([0.17, 0.17, 0.18], [0.26, 0.26, 0.26], 1.6);

function range(n: number, from: number, step: number): number[] {
  return Array.from({ length: n }, (_, i) => from + i * step);
}

const WHITE: Rgb = [0.72, 0.7, 0.66];

function cathedral(s: Site): [number, number] {
  const stone = s.material(masonry([0.55, 0.49, 0.39], [0.4, 0.36, 0.3], 1.1, 0.5, 0.14));
  const dark = s.material(masonry([0.4, 0.35, 0.28], [0.3, 0.27, 0.22], 0.7, 0.4, 0.16));
  const slate = s.material(tiles([0.2, 0.24, 0.28], 0.5));
  const pane = s.material(glass([0.1, 0.12, 0.2], 0.45, [0.25, 0.22, 0.18]));
  const rose = s.material(rosette([0.16, 0.08, 0.25], [0.62, 0.56, 0.45], 8, 2.25, 9.5));
  s.box(0, 10, 0, 11, 26, 12, stone);
  s.solids.push(gable([0, 10, 12], [26.6, 11.8, 6], s.surface(slate), Math.PI / 2));
  for (const side of [-1, 1]) {
    const x = side * 8;
    s.box(x, -2, 0, 6, 6, 17, stone);
    for (const z of [6, 11.5, 17]) s.box(x, -2, z, 6.6, 6.6, 0.5, dark);
    s.windows(x, -2, 6, 6, 0, 2, [1.5, 7.4, 12.6], [1.1, 3.1], dark, pane);
    s.windows(x, -2, 6, 6, side === 1 ? 1 : 3, 2, [1.5, 7.4, 12.6], [1.1, 3.1], dark, pane);
    s.box(x, -2, 17, 5, 5, 3.6, dark);
    s.solids.push(prism([x, -2, 20.6], s.ngon(8, 2.7), 9, 0, s.surface(slate)));
    for (const [dx, dy] of [
      [-2.6, -2.6],
      [2.6, -2.6],
      [-2.6, 2.6],
      [2.6, 2.6],
    ] as const)
      s.solids.push(prism([x + dx, dy - 2, 17.5], s.ngon(4, 0.6), 4, 0, s.surface(stone)));
    s.windows(0, 10, 11, 26, side === 1 ? 1 : 3, 7, [3.4], [1.2, 6], dark, pane);
    for (const y of range(7, 0.5, 3.7)) s.box(side * 6.3, y, 0, 1.6, 0.8, 9, dark);
  }
  s.box(0, -3.4, 0, 10, 1.2, 14, stone);
  s.solids.push({ ...box([0, -4.1, 7.2], [4.6, 0.5, 4.6], s.surface(rose)) });
  s.box(0, -4.2, 0, 4.4, 1, 5.4, dark);
  s.box(0, -4.5, 0, 2.6, 0.7, 4.3, s.material(planks([0.3, 0.17, 0.08], 0.3)));
  s.columns([-2, 2], -4.9, 0, 0.3, 5, stone);
  s.columns(range(7, -3.9, 1.3), -4.1, 11.9, 0.16, 1.8, dark);
  s.surroundings(COBBLE, 16);
  return [27, 22];
}

function townhouse(s: Site): [number, number] {
  const brick = s.material(masonry([0.5, 0.19, 0.12], [0.6, 0.55, 0.48], 0.5, 0.17, 0.24));
  const trim = s.material(masonry([0.68, 0.63, 0.54], [0.5, 0.46, 0.4], 0.8, 0.35, 0.06));
  const pane = s.material(glass([0.1, 0.13, 0.16], 0.55, WHITE));
  const roof = s.material(tiles([0.35, 0.13, 0.08], 0.4));
  s.box(0, 0, 0, 13, 9, 10.5, brick);
  for (const z of [0, 3.6, 7, 10.3]) s.box(0, 0, z, 13.5, 9.5, 0.35, trim);
  s.allSides(0, 0, 13, 9, [6, 4], [4.5, 7.8], [1.05, 1.8], trim, pane);
  s.windows(0, 0, 13, 9, 0, 4, [1.1], [1.5, 1.9], trim, pane, 0.03);
  s.solids.push(gable([0, 0, 10.6], [13.8, 9.8, 5], s.surface(roof)));
  for (let i = 0; i < 5; i += 1) s.box(0, -4.6, 10.6 + i * 1.05, 7.4 - i * 1.5, 0.7, 1.05, i % 2 ? trim : brick);
  s.windows(0, -4.6, 7, 0.7, 0, 2, [11.2], [1, 1.5], trim, pane, 0.2);
  s.box(-4, 2, 12, 1.1, 1.1, 5, brick);
  s.box(4.4, 1, 12, 1.1, 1.1, 5, brick);
  s.box(0, -4.8, 0, 1.9, 0.7, 3.1, trim);
  s.box(0, -5, 0, 1.3, 0.6, 2.7, s.material(planks([0.08, 0.2, 0.14], 0.25)));
  s.surroundings(COBBLE, 12);
  return [16, 14];
}

function officeTower(s: Site): [number, number] {
  const pane = s.material(glass([0.14, 0.24, 0.3], 1.15, [0.5, 0.52, 0.54]));
  const bronze = s.material(glass([0.24, 0.17, 0.1], 0.8, [0.2, 0.16, 0.12]));
  const metal = s.material(bands([0.6, 0.62, 0.64], [0.48, 0.5, 0.52], 0.5));
  s.box(0, 0, 0, 12, 12, 34, pane);
  s.box(-8, 2, 0, 7, 10, 22, bronze);
  s.box(7, 4, 0, 6, 7, 27, pane);
  for (const x of range(7, -6, 2)) s.box(x, -6.1, 3, 0.3, 0.4, 31, metal);
  for (const y of range(7, -6, 2)) for (const x of [-6.1, 6.1]) s.box(x, y, 3, 0.4, 0.3, 31, metal);
  for (const z of [11, 19, 27]) s.box(0, 0, z, 12.8, 12.8, 0.7, metal);
  s.box(0, 0, 34, 9, 9, 2.4, metal);
  s.solids.push(round([2, 0, 36.4], 0.3, 0.08, 9, s.surface(metal)));
  s.box(0, -6.6, 2.6, 14, 3, 0.5, metal);
  s.columns([-6, -2, 2, 6], -7.6, 0, 0.3, 2.7, metal);
  s.surroundings(ASPHALT, 15);
  return [40, 20];
}

function domedTemple(s: Site): [number, number] {
  const marble = s.material(masonry([0.7, 0.67, 0.6], [0.55, 0.52, 0.46], 1.5, 0.7, 0.07));
  const warm = s.material(plaster([0.66, 0.55, 0.4], 0.25));
  const copper = s.material(tiles([0.2, 0.42, 0.36], 0.8));
  const pane = s.material(glass([0.1, 0.11, 0.13], 0.6, [0.4, 0.36, 0.3]));
  for (let i = 0; i < 5; i += 1) s.box(0, 0, i * 0.35, 22 - i, 20 - i, 0.35, marble);
  s.box(0, 1, 1.75, 14, 13, 8, warm);
  s.windows(0, 1, 14, 13, 1, 4, [4], [1.3, 3.2], marble, pane);
  s.windows(0, 1, 14, 13, 3, 4, [4], [1.3, 3.2], marble, pane);
  s.columns(range(6, -6.5, 2.6), -7.6, 1.75, 0.55, 7.4, marble);
  s.columns(range(4, -6.5, 4.33), -6, 1.75, 0.5, 7.4, marble);
  s.box(0, -6.6, 9.1, 15.4, 3.4, 1.3, marble);
  s.solids.push(gable([0, -6.6, 10.4], [3.4, 15.4, 3.1], s.surface(warm), Math.PI / 2));
  s.box(0, 1, 9.7, 14.8, 13.8, 0.8, marble);
  s.solids.push(round([0, 1, 10.5], 5.2, 5.2, 3.4, s.surface(warm)));
  for (let i = 0; i < 16; i += 1)
    s.columns([5.5 * Math.cos(i * 0.3927)], 1 + 5.5 * Math.sin(i * 0.3927), 10.5, 0.24, 3.4, marble);
  s.solids.push(
    round([0, 1, 13.9], 5.9, 5.7, 0.6, s.surface(marble)),
    ball([0, 1, 14.4], 5.3, s.surface(copper), 0.95),
  );
  s.solids.push(round([0, 1, 19.2], 0.9, 0.8, 1.8, s.surface(marble)), ball([0, 1, 21.4], 0.9, s.surface(copper), 1.2));
  s.box(0, -5.7, 1.75, 3, 0.5, 5.4, s.material(planks([0.22, 0.13, 0.08], 0.4)));
  s.surroundings(COBBLE, 15);
  return [22, 20];
}

function castle(s: Site): [number, number] {
  const stone = s.material(masonry([0.44, 0.42, 0.39], [0.3, 0.29, 0.27], 0.8, 0.42, 0.26));
  const pale = s.material(masonry([0.55, 0.52, 0.46], [0.4, 0.38, 0.34], 0.9, 0.5, 0.12));
  const red = s.material(tiles([0.42, 0.14, 0.1], 0.45));
  const slit = s.material(plaster([0.05, 0.05, 0.06]));
  const crenels = (x: number, y: number, w: number, d: number, z: number): void => {
    for (let t = -w / 2; t <= w / 2; t += 1.3)
      for (const e of [-d / 2, d / 2]) s.box(x + t, y + e, z, 0.7, 0.5, 1, pale);
    for (let t = -d / 2; t <= d / 2; t += 1.3)
      for (const e of [-w / 2, w / 2]) s.box(x + e, y + t, z, 0.5, 0.7, 1, pale);
  };
  s.box(0, 0, 0, 18, 14, 7, stone);
  crenels(0, 0, 18, 14, 7);
  s.box(2, 2, 0, 8, 8, 14, pale);
  crenels(2, 2, 8.4, 8.4, 14);
  s.windows(2, 2, 8, 8, 0, 3, [9, 11.6], [0.5, 1.4], stone, slit);
  s.windows(2, 2, 8, 8, 3, 3, [9, 11.6], [0.5, 1.4], stone, slit);
  s.windows(2, 2, 8, 8, 1, 3, [9, 11.6], [0.5, 1.4], stone, slit);
  for (const [x, y, h] of [
    [-9, -7, 11],
    [9, -7, 12.5],
    [-9, 7, 12],
    [9, 7, 10],
  ] as const) {
    s.solids.push(
      round([x, y, 0], 2.6, 2.3, h, s.surface(stone)),
      round([x, y, h], 2.8, 2.8, 1, s.surface(pale)),
      round([x, y, h + 1], 2.9, 0.01, 4.6, s.surface(red)),
    );
    for (let i = 0; i < 6; i += 1)
      s.box(
        x + 2.35 * Math.cos(i * 1.05 - 1.57),
        y + 2.35 * Math.sin(i * 1.05 - 1.57),
        h * 0.35 + (i % 3) * 2,
        0.35,
        0.35,
        1.3,
        slit,
      );
  }
  s.windows(0, 0, 18, 14, 0, 6, [4], [0.4, 1.3], pale, slit);
  s.windows(0, 0, 18, 14, 1, 5, [4], [0.4, 1.3], pale, slit);
  s.windows(0, 0, 18, 14, 3, 5, [4], [0.4, 1.3], pale, slit);
  s.box(0, -7.3, 0, 5, 1.6, 8.4, pale);
  s.box(0, -8, 0, 3, 0.5, 4.6, s.material(planks([0.26, 0.15, 0.08], 0.35)));
  s.surroundings(GRASS, 15);
  return [18, 22];
}

function lighthouse(s: Site): [number, number] {
  const stripe = s.material(bands([0.74, 0.72, 0.68], [0.58, 0.1, 0.08], 3.1));
  const white = s.material(plaster([0.72, 0.7, 0.66], 0.3));
  const red = s.material(tiles([0.5, 0.12, 0.08], 0.4));
  const pane = s.material(glass([0.2, 0.24, 0.26], 0.5, [0.15, 0.15, 0.15]));
  const rock = s.material(masonry([0.33, 0.3, 0.27], [0.22, 0.2, 0.18], 1.4, 0.9, 0.35));
  s.solids.push(prism([0, 0, 0], s.ngon(9, 11), 2, 0.9, s.surface(rock)));
  s.solids.push(
    round([0, 0, 2], 3, 1.9, 18, s.surface(stripe)),
    round([0, 0, 20], 2.8, 2.8, 0.5, s.surface(white)),
    round([0, 0, 20.5], 1.5, 1.5, 2.6, s.surface(pane)),
    round([0, 0, 23.1], 2, 0.05, 1.8, s.surface(red)),
  );
  for (let i = 0; i < 18; i += 1)
    s.box(2.65 * Math.cos(i * 0.349), 2.65 * Math.sin(i * 0.349), 20.5, 0.1, 0.1, 1.1, white);
  s.solids.push(round([0, 0, 21.6], 2.7, 2.7, 0.1, s.surface(white)));
  for (const [z, a] of [
    [5, -1.9],
    [9, -1.2],
    [13, -1.7],
    [16.5, -1.0],
  ] as const)
    s.box((2.9 - z * 0.055) * Math.cos(a), (2.9 - z * 0.055) * Math.sin(a), z, 0.8, 0.8, 1.4, pane);
  s.box(5.2, -1, 2, 6, 4.6, 3.2, white);
  s.solids.push(gable([5.2, -1, 5.2], [6.6, 5.2, 2.3], s.surface(red)));
  s.windows(5.2, -1, 6, 4.6, 0, 3, [3.1], [0.8, 1.2], red, pane);
  s.windows(5.2, -1, 6, 4.6, 1, 2, [3.1], [0.8, 1.2], red, pane);
  s.box(-5.4, 1, 2, 4, 4, 2.4, rock);
  s.surroundings(SAND, 13);
  return [25, 16];
}

function windmill(s: Site): [number, number] {
  const brick = s.material(masonry([0.42, 0.27, 0.17], [0.55, 0.5, 0.44], 0.5, 0.2, 0.2));
  const thatch = s.material(planks([0.36, 0.28, 0.17], 0.22));
  const wood = s.material(planks([0.4, 0.3, 0.2], 0.3));
  const green = s.material(planks([0.1, 0.3, 0.16], 0.3));
  const sail = s.material(timberFrame([0.7, 0.64, 0.52], [0.28, 0.18, 0.1], 0.7));
  const pane = s.material(glass([0.1, 0.12, 0.14], 0.4, WHITE));
  s.solids.push(
    prism([0, 0, 0], s.ngon(8, 5), 5, 0.86, s.surface(brick)),
    prism([0, 0, 5], s.ngon(8, 5.6), 0.5, 1, s.surface(wood)),
    prism([0, 0, 5.5], s.ngon(8, 4.2), 8.5, 0.62, s.surface(thatch)),
  );
  s.solids.push(ball([0, 0, 14], 2.9, s.surface(green), 0.85));
  s.box(0, -2.6, 13.6, 1, 2.4, 1, wood);
  const hub: Vec3 = [0, -3.9, 14.1];
  for (let arm = 0; arm < 4; arm += 1) {
    const a = arm * (Math.PI / 2) + 0.42;
    for (let i = 1; i < 9; i += 1) {
      const r = i * 0.98 + 0.3;
      s.box(hub[0] + r * Math.cos(a), hub[1], hub[2] + r * Math.sin(a) - 0.45, 0.95, 0.14, 0.95, i === 1 ? wood : sail);
    }
  }
  for (let i = 0; i < 24; i += 1)
    s.box(5.4 * Math.cos(i * 0.2618), 5.4 * Math.sin(i * 0.2618), 5.5, 0.12, 0.12, 1, wood);
  for (const [a, z] of [
    [-1.9, 2.2],
    [-1.2, 2.2],
    [-1.57, 8],
    [-2.4, 8.6],
    [-0.7, 8.6],
    [-1.57, 11],
  ] as const) {
    const r = z < 5 ? 4.55 : 4.3 - (z - 5.5) * 0.17;
    s.box(r * Math.cos(a), r * Math.sin(a), z, 0.95, 0.95, 1.2, pane);
  }
  s.box(0, -4.5, 0, 1.5, 1, 2.6, green);
  s.box(8.4, 3, 0, 6, 5, 2.8, brick);
  s.solids.push(gable([8.4, 3, 2.8], [6.6, 5.8, 2.8], s.surface(thatch)));
  s.surroundings(GRASS, 13);
  return [20, 18];
}

function pagoda(s: Site): [number, number] {
  const red = s.material(planks([0.46, 0.09, 0.06], 0.5));
  const white = s.material(timberFrame([0.7, 0.68, 0.6], [0.36, 0.08, 0.05], 1.5));
  const roof = s.material(tiles([0.12, 0.2, 0.18], 0.4));
  const gold = s.material(bands([0.62, 0.45, 0.12], [0.5, 0.34, 0.08], 0.25));
  const stone = s.material(masonry([0.48, 0.46, 0.42], [0.36, 0.34, 0.31], 1.2, 0.5, 0.12));
  const pane = s.material(glass([0.16, 0.1, 0.06], 0.3, [0.4, 0.1, 0.06]));
  s.box(0, 0, 0, 17, 17, 1, stone);
  s.box(0, -9.3, 0, 4, 2, 0.6, stone);
  for (let i = 0; i < 5; i += 1) {
    const w = 10 - i * 1.5;
    const z = 1 + i * 4.2;
    s.box(0, 0, z, w, w, 3, white);
    s.columns([-w / 2, -w / 6, w / 6, w / 2], -w / 2 - 0.3, z, 0.2, 3, red);
    s.columns([-w / 2, -w / 6, w / 6, w / 2], w / 2 + 0.3, z, 0.2, 3, red);
    s.allSides(0, 0, w, w, [3, 3], [z + 0.8], [w * 0.14, 1.4], red, pane);
    const e = w / 2 + 2.2;
    s.solids.push(
      prism(
        [0, 0, z + 2.9],
        [
          [-e, -e],
          [e, -e],
          [e, e],
          [-e, e],
        ],
        1.6,
        0.55,
        s.surface(roof),
      ),
    );
    s.box(0, 0, z + 2.75, 2 * e, 2 * e, 0.16, gold);
    for (const [x, y] of [
      [-e, -e],
      [e, -e],
      [e, e],
      [-e, e],
    ] as const)
      s.solids.push(ball([x, y, z + 3.1], 0.26, s.surface(gold)));
  }
  s.solids.push(round([0, 0, 21.8], 0.5, 0.1, 5, s.surface(gold)));
  for (const z of [22.6, 23.4, 24.2]) s.solids.push(round([0, 0, z], 0.9, 0.9, 0.2, s.surface(gold)));
  s.surroundings(GRASS, 13);
  return [26, 17];
}

function halfTimbered(s: Site): [number, number] {
  const frame = s.material(timberFrame([0.7, 0.62, 0.45], [0.16, 0.09, 0.05], 1.6));
  const stone = s.material(masonry([0.45, 0.4, 0.34], [0.6, 0.56, 0.5], 0.7, 0.4, 0.25));
  const roof = s.material(tiles([0.46, 0.2, 0.1], 0.35));
  const pane = s.material(glass([0.12, 0.13, 0.12], 0.3, [0.66, 0.6, 0.5]));
  const green = s.material(planks([0.12, 0.26, 0.2], 0.2));
  s.box(0, 0, 0, 11, 9, 3.2, stone);
  s.box(0, 0, 3.2, 12, 10, 3.2, frame);
  s.box(0, 0, 6.4, 12.8, 10.8, 3.2, frame);
  s.solids.push(gable([0, 0, 9.6], [12, 14, 7.5], s.surface(roof), Math.PI / 2));
  for (let i = 0; i < 4; i += 1) s.box(0, -5.7 + 0.02 * i, 9.6 + i * 1.5, 10.5 - i * 2.7, 0.7, 1.5, frame);
  s.allSides(0, 0, 12, 10, [5, 4], [4.1], [0.9, 1.4], green, pane);
  s.allSides(0, 0, 12.8, 10.8, [5, 4], [7.3], [0.9, 1.4], green, pane);
  s.windows(0, -5.5, 6, 0.9, 0, 2, [10.4, 12.6], [0.8, 1.1], green, pane, 0.2);
  s.windows(0, 0, 11, 9, 0, 4, [0.9], [1, 1.3], green, pane);
  s.box(-1.2, -4.7, 0, 1.5, 0.6, 2.5, green);
  s.box(3.6, 2, 12, 1.2, 1.2, 5.2, stone);
  for (let i = 0; i < 5; i += 1)
    s.solids.push(
      ball([-4.6 + i * 2.3, -6.2, 6.2], 0.5, s.surface(s.material(foliage([0.5, 0.08, 0.12])), false), 0.6),
    );
  s.surroundings(COBBLE, 12);
  return [17, 14];
}

function arch(s: Site): [number, number] {
  const stone = s.material(masonry([0.62, 0.56, 0.46], [0.46, 0.42, 0.35], 1.3, 0.65, 0.1));
  const carved = s.material(rosette([0.5, 0.44, 0.35], [0.68, 0.62, 0.5], 6, 1.3, 0, 2.8));
  const relief = s.material(timberFrame([0.58, 0.52, 0.42], [0.4, 0.35, 0.28], 0.6));
  for (const x of [-7.4, 7.4]) s.box(x, 0, 0, 6.4, 8, 12, stone);
  for (const x of [-2.9, 2.9]) s.box(x, 0, 0, 1.4, 7.6, 7.6, stone);
  for (let i = 0; i < 9; i += 1) {
    const a = (Math.PI * (i + 0.5)) / 9;
    s.solids.push(box([3.7 * Math.cos(a), 0, 7.3 + 3.2 * Math.sin(a)], [1.3, 7.9, 1.1], s.surface(stone)));
  }
  s.box(0, 0, 11, 9, 8, 1.4, stone);
  s.box(0, 0, 12, 22, 8.8, 1.1, stone);
  s.box(0, 0, 13.1, 20.4, 7.6, 4.2, relief);
  s.box(0, 0, 17.3, 21.4, 8.4, 0.8, stone);
  s.columns([-10, -5.2, 5.2, 10], -4.6, 0.9, 0.55, 10.4, stone);
  s.columns([-10, -5.2, 5.2, 10], 4.6, 0.9, 0.55, 10.4, stone);
  for (const x of [-10, -5.2, 5.2, 10]) s.box(x, -4.6, 0, 1.8, 1.8, 0.9, stone);
  for (const x of [-7.6, 7.6]) for (const z of [2, 7.5]) s.box(x, -4, z, 2.8, 0.5, 2.8, carved);
  for (const x of range(12, -9.6, 1.745)) s.box(x, -4, 14, 0.7, 0.9, 2.3, carved);
  for (const y of [-1.6, 1.6]) for (const x of [-10.6, 10.6]) s.box(x, y, 3, 0.5, 2, 5, carved);
  s.solids.push(
    ball([0, 0, 19.4], 1.3, s.surface(relief)),
    box([-2, 0, 18], [1.4, 2.4, 2], s.surface(relief)),
    box([2, 0, 18], [1.4, 2.4, 2], s.surface(relief)),
  );
  s.surroundings(COBBLE, 14);
  return [20, 22];
}

function clockTower(s: Site): [number, number] {
  const stone = s.material(masonry([0.66, 0.5, 0.3], [0.5, 0.4, 0.26], 0.9, 0.4, 0.14));
  const grey = s.material(masonry([0.5, 0.47, 0.43], [0.4, 0.37, 0.34], 0.7, 0.35, 0.1));
  const clock = s.material(rosette([0.72, 0.7, 0.62], [0.08, 0.08, 0.1], 6, 1.75, 16));
  const roof = s.material(tiles([0.14, 0.26, 0.22], 0.4));
  const pane = s.material(glass([0.1, 0.11, 0.14], 0.4, [0.5, 0.44, 0.32]));
  s.box(0, 0, 0, 8, 8, 5, grey);
  s.box(0, 0, 5, 6, 6, 14, stone);
  for (const [x, y] of [
    [-3, -3],
    [3, -3],
    [3, 3],
    [-3, 3],
  ] as const)
    s.box(x, y, 5, 0.9, 0.9, 16.4, grey);
  for (const z of [9, 13.4, 18.6]) s.box(0, 0, z, 6.8, 6.8, 0.4, grey);
  s.allSides(0, 0, 6, 6, [2, 2], [6, 10.2], [0.9, 2.1], grey, pane);
  for (const [x, y, w, d] of [
    [0, -3.1, 3.6, 0.4],
    [0, 3.1, 3.6, 0.4],
    [-3.1, 0, 0.4, 3.6],
    [3.1, 0, 0.4, 3.6],
  ] as const)
    s.box(x, y, 14.2, w, d, 3.6, clock);
  s.box(0, 0, 19, 7.4, 7.4, 0.8, grey);
  s.columns([-2.4, -0.8, 0.8, 2.4], -2.6, 19.8, 0.25, 2.7, stone);
  s.columns([-2.4, -0.8, 0.8, 2.4], 2.6, 19.8, 0.25, 2.7, stone);
  s.columns([-2.5, 2.5], 0, 19.8, 0.25, 2.7, stone);
  s.box(0, 0, 22.5, 6.6, 6.6, 0.5, grey);
  s.solids.push(
    prism(
      [0, 0, 23],
      [
        [-3.4, -3.4],
        [3.4, -3.4],
        [3.4, 3.4],
        [-3.4, 3.4],
      ],
      7.5,
      0,
      s.surface(roof),
    ),
  );
  s.windows(0, 0, 8, 8, 0, 3, [1.2], [1.1, 2.4], stone, pane);
  s.windows(0, 0, 8, 8, 1, 3, [1.2], [1.1, 2.4], stone, pane);
  s.windows(0, 0, 8, 8, 3, 3, [1.2], [1.1, 2.4], stone, pane);
  s.box(7.4, 3, 0, 8, 6, 6.4, stone);
  s.solids.push(gable([7.4, 3, 6.4], [8.6, 6.8, 3], s.surface(roof)));
  s.windows(7.4, 3, 8, 6, 0, 4, [1.2, 3.9], [0.8, 1.5], grey, pane);
  s.surroundings(COBBLE, 12);
  return [30, 16];
}

function factory(s: Site): [number, number] {
  const brick = s.material(masonry([0.36, 0.16, 0.12], [0.3, 0.26, 0.24], 0.55, 0.19, 0.3));
  const rust = s.material(bands([0.36, 0.2, 0.12], [0.42, 0.26, 0.16], 0.8));
  const pane = s.material(glass([0.16, 0.2, 0.2], 0.4, [0.14, 0.15, 0.15]));
  const zinc = s.material(bands([0.46, 0.48, 0.5], [0.36, 0.38, 0.4], 0.35));
  s.box(0, 0, 0, 22, 12, 6.4, brick);
  for (let i = 0; i < 4; i += 1) {
    const x = -8.25 + i * 5.5;
    s.solids.push(gable([x, 0, 6.4], [12, 5.5, 2.8], s.surface(zinc), Math.PI / 2));
    s.box(x + 1.4, -6.05, 6.9, 1.6, 0.3, 0.9, pane);
  }
  s.windows(0, 0, 22, 12, 0, 8, [0.9, 3.6], [1.7, 2], brick, pane, 0.04);
  s.windows(0, 0, 22, 12, 1, 4, [0.9, 3.6], [1.7, 2], brick, pane);
  s.windows(0, 0, 22, 12, 3, 4, [0.9, 3.6], [1.7, 2], brick, pane);
  for (const [x, h] of [
    [-7, 23],
    [-3.6, 19],
  ] as const) {
    s.solids.push(round([x, 7.5, 0], 1.5, 0.95, h, s.surface(brick)));
    for (const k of [0.5, 0.8, 0.97])
      s.solids.push(round([x, 7.5, h * k], 1.5 - 0.5 * k, 1.5 - 0.5 * k, 0.5, s.surface(rust)));
  }
  s.solids.push(
    round([8.5, -0.5, 12], 3, 3, 4.4, s.surface(rust)),
    round([8.5, -0.5, 16.4], 3.2, 0.1, 1.7, s.surface(zinc)),
  );
  for (const [x, y] of [
    [6.4, -2.6],
    [10.6, -2.6],
    [6.4, 1.6],
    [10.6, 1.6],
  ] as const)
    s.box(x, y, 6.4, 0.35, 0.35, 5.7, rust);
  s.box(-1, -6.4, 0, 3.4, 0.6, 3.6, s.material(planks([0.12, 0.22, 0.32], 0.3)));
  s.surroundings(ASPHALT, 15);
  return [23, 23];
}

function artDeco(s: Site): [number, number] {
  const lime = s.material(masonry([0.66, 0.6, 0.5], [0.58, 0.52, 0.43], 1.6, 0.8, 0.05));
  const dark = s.material(glass([0.09, 0.1, 0.12], 0.7, [0.36, 0.32, 0.26]));
  const gold = s.material(bands([0.64, 0.46, 0.16], [0.5, 0.36, 0.12], 0.3));
  let z = 0;
  for (const [w, h] of [
    [16, 9],
    [12.5, 9],
    [9, 8],
    [6, 6],
    [3.4, 3.4],
  ] as const) {
    s.box(0, 0, z, w, w, h, dark);
    const fins = Math.round(w / 1.5);
    for (let i = 0; i <= fins; i += 1) {
      const t = -w / 2 + (i * w) / fins;
      for (const e of [-w / 2, w / 2]) {
        s.box(t, e, z, 0.55, 0.5, h + 0.7, lime);
        s.box(e, t, z, 0.5, 0.55, h + 0.7, lime);
      }
    }
    for (let f = 0; f < h; f += 2.6) s.box(0, 0, z + f, w + 0.2, w + 0.2, 0.7, lime);
    s.box(0, 0, z + h - 0.3, w + 0.5, w + 0.5, 0.5, gold);
    z += h;
  }
  s.solids.push(prism([0, 0, z], s.ngon(8, 1.5), 8, 0.05, s.surface(gold)));
  s.box(0, -8.3, 0, 5, 0.9, 5, gold);
  s.box(0, -8.6, 0, 3.4, 0.7, 4, dark);
  s.surroundings(ASPHALT, 14);
  return [42, 18];
}

function stepPyramid(s: Site): [number, number] {
  const stone = s.material(masonry([0.5, 0.44, 0.34], [0.34, 0.3, 0.24], 0.9, 0.6, 0.3));
  const pale = s.material(masonry([0.62, 0.57, 0.46], [0.44, 0.4, 0.32], 0.6, 0.35, 0.22));
  const carved = s.material(rosette([0.42, 0.35, 0.26], [0.64, 0.56, 0.42], 4, 0.8, 0, 1.7));
  const red = s.material(plaster([0.44, 0.17, 0.1], 0.5));
  for (let i = 0; i < 7; i += 1) {
    const w = 25 - i * 3;
    s.box(0, 0, i * 1.9, w, w, 1.55, i % 2 ? pale : stone);
    s.box(0, 0, i * 1.9 + 1.55, w + 0.5, w + 0.5, 0.35, stone);
    for (let k = 0; k < 8 - i; k += 1)
      for (const side of [-1, 1]) s.box(side * (3.2 + k * 1.15), -w / 2 - 0.1, i * 1.9 + 0.2, 0.75, 0.4, 1.1, carved);
  }
  for (let i = 0; i < 26; i += 1) s.box(0, -14.2 + i * 0.44, 0, 4.4, 0.5, 0.5 * (i + 1), pale);
  for (const x of [-2.6, 2.6])
    for (let i = 0; i < 13; i += 1) s.box(x, -14 + i * 0.88, 0, 0.8, 1, 1.0 * (i + 1) + 0.35, stone);
  s.box(0, 0.5, 13.3, 6.4, 5, 3.6, red);
  s.box(0, 0.5, 16.9, 7, 5.6, 0.7, stone);
  s.box(0, 1, 17.6, 5, 1.4, 2.6, carved);
  s.columns([-1, 1], -2.3, 13.3, 0.4, 3.5, pale);
  s.surroundings(GRASS, 17);
  return [20, 26];
}

function rowHouses(s: Site): [number, number] {
  const colours: Rgb[] = [
    [0.62, 0.2, 0.14],
    [0.7, 0.56, 0.18],
    [0.2, 0.38, 0.5],
    [0.6, 0.4, 0.36],
    [0.28, 0.44, 0.26],
  ];
  const white = s.material(plaster(WHITE, 0.2));
  const pane = s.material(glass([0.1, 0.12, 0.15], 0.45, [0.74, 0.72, 0.68]));
  const roof = s.material(tiles([0.32, 0.15, 0.1], 0.35));
  colours.forEach((c, i) => {
    const x = -9.6 + i * 4.8;
    const h = 8 + ((i * 7) % 5) * 0.9;
    const wall = s.material(i % 2 ? planks(c, 0.28) : plaster(c, 0.3));
    s.box(x, 0, 0, 4.7, 8, h, wall);
    s.windows(x, 0, 4.7, 8, 0, 2 + (i % 2), [3.4, 6], [0.85, 1.5], white, pane);
    s.windows(x, 0, 4.7, 8, 0, 1, [0.7], [1.7, 1.6], white, pane, 0.3);
    s.box(x, -4.1, h - 0.2, 4.8, 0.6, 0.35, white);
    if (i % 2) s.solids.push(gable([x, 0, h], [8.4, 4.9, 3.2], s.surface(roof), Math.PI / 2));
    else for (let k = 0; k < 4; k += 1) s.box(x, -3.7, h + k * 0.75, 4.4 - k * 1.1, 0.7, 0.75, k === 3 ? white : wall);
    if (!(i % 2)) s.solids.push(gable([x, 0.6, h], [7.4, 4.7, 2.6], s.surface(roof), Math.PI / 2));
    s.box(x + 1.6, -4.2, 0, 0.95, 0.5, 2.2, s.material(planks([c[2], c[0] * 0.6, c[1] * 0.6], 0.2)));
    s.box(x, -4.4, h + 1.6, 0.16, 1.4, 0.16, white);
  });
  s.surroundings(COBBLE, 15);
  return [13, 25];
}

function obelisk(s: Site): [number, number] {
  const granite = s.material(timberFrame([0.56, 0.4, 0.34], [0.3, 0.2, 0.16], 0.95));
  const stone = s.material(masonry([0.58, 0.55, 0.5], [0.44, 0.42, 0.38], 1.2, 0.6, 0.1));
  const bronze = s.material(bands([0.14, 0.24, 0.2], [0.2, 0.3, 0.24], 0.4));
  const gold = s.material(plaster([0.66, 0.5, 0.16], 0.2));
  for (let i = 0; i < 4; i += 1) s.solids.push(round([0, 0, i * 0.4], 9 - i * 0.9, 9 - i * 0.9, 0.4, s.surface(stone)));
  s.box(0, 0, 1.6, 5, 5, 3.6, stone);
  s.box(0, 0, 5.2, 5.6, 5.6, 0.6, stone);
  s.solids.push(
    prism(
      [0, 0, 5.8],
      [
        [-1.6, -1.6],
        [1.6, -1.6],
        [1.6, 1.6],
        [-1.6, 1.6],
      ],
      14.5,
      0.68,
      s.surface(granite),
    ),
    prism(
      [0, 0, 20.3],
      [
        [-1.09, -1.09],
        [1.09, -1.09],
        [1.09, 1.09],
        [-1.09, 1.09],
      ],
      2,
      0,
      s.surface(gold),
    ),
  );
  for (let i = 0; i < 4; i += 1) {
    const a = i * 1.5708 + 0.785;
    const [x, y] = [4.6 * Math.cos(a), 4.6 * Math.sin(a)];
    s.box(x, y, 1.6, 1.7, 1.7, 1.5, stone);
    s.solids.push(
      round([x, y, 3.1], 0.7, 0.45, 2, s.surface(bronze)),
      ball([x, y, 5.5], 0.5, s.surface(bronze)),
      ball([x + 0.3, y - 0.4, 4.1], 0.6, s.surface(bronze)),
    );
  }
  for (let i = 0; i < 12; i += 1)
    s.solids.push(round([8 * Math.cos(i * 0.5236), 8 * Math.sin(i * 0.5236), 0.8], 0.3, 0.24, 1.1, s.surface(bronze)));
  s.surroundings(COBBLE, 12);
  return [23, 16];
}

const BUILDERS: readonly [string, (s: Site) => [number, number]][] = [
  ['arch', arch],
  ['art_deco_tower', artDeco],
  ['castle', castle],
  ['cathedral', cathedral],
  ['clock_tower', clockTower],
  ['domed_temple', domedTemple],
  ['factory', factory],
  ['half_timbered_house', halfTimbered],
  ['lighthouse', lighthouse],
  ['obelisk', obelisk],
  ['office_tower', officeTower],
  ['pagoda', pagoda],
  ['row_houses', rowHouses],
  ['step_pyramid', stepPyramid],
  ['townhouse', townhouse],
  ['windmill', windmill],
];

export const PLACE_NAMES = BUILDERS.map(([name]) => name);

/** Builds one place of the world; the same seed gives the same place. */
export function buildPlace(index: number, seed: number): Place {
  const [name, build] = BUILDERS[index]!;
  const site = new Site(seed * 1000 + index);
  const [height, width] = build(site);
  return { name, solids: site.solids, materials: site.materials, height, width };
}
