import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { measureSketches } from '../../../src/main/engine/evaluation/sketches.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { embeddedNetwork } from '../../../src/main/engine/network/embedded.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();

describe('drawings that are hard to tell', () => {
  it('count at K where their photo is among the first K, and progress is told image by image', async () => {
    const r = random(4);
    for (const part of ['photos', 'sketches']) mkdirSync(join(folder, 'test', part), { recursive: true });
    const shape = (): string =>
      `M${Array.from({ length: 6 }, () => `${Math.round(r.between(5, 95))} ${Math.round(r.between(5, 95))}`).join('L')}Z`;
    const svg = (path: string, style: string): Buffer =>
      Buffer.from(
        `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="120" viewBox="0 0 100 100"><rect width="100" height="100" fill="#fff"/><path d="${path}" ${style}/></svg>`,
      );
    for (let i = 0; i < 14; i += 1) {
      const own = shape();
      writeFileSync(join(folder, 'test', 'photos', `${i}.jpg`), await sharp(svg(own, 'fill="#345"')).jpeg().toBuffer());
      // Some drawings are of their photo, others of anything.
      const drawn = i % 3 === 0 ? own : shape();
      writeFileSync(
        join(folder, 'test', 'sketches', `${i}.svg`),
        svg(drawn, 'fill="none" stroke="#000" stroke-width="2"'),
      );
    }
    const told: [string, number][] = [];
    const done: number[] = [];
    const report = await measureSketches(
      embeddedNetwork('edges'),
      { layout: 'pairs', photos: folder, method: 'cosine', whiten: false },
      {
        ...silentContext(),
        step: (name, total) => told.push([name, total]),
        progress: (n) => done.push(n),
      },
    );
    const first = report.perQuery.map((q) => q.first!);
    expect(first.every((f) => f >= 1 && f <= 14)).toBe(true);
    expect(new Set(first).size).toBeGreaterThan(4);
    for (const k of [1, 5, 10]) expect(report.accuracyAt[k]).toBeCloseTo(first.filter((f) => f <= k).length / 14, 12);
    expect(Object.keys(report.accuracyAt)).toEqual(['1', '5', '10']);
    // Of one right photo at rank f the area is half of 1 / f, and the whole at 1.
    report.perQuery.forEach((q) => expect(q.ap).toBeCloseTo(q.first === 1 ? 1 : 0.5 / q.first!, 12));
    expect(told.slice(0, 2)).toEqual([
      ['Describing photos', 14],
      ['Describing drawings', 14],
    ]);
    expect(done.slice(0, 28)).toEqual([...Array(28).keys()].map((i) => (i % 14) + 1));
    expect(report).toMatchObject({ layout: 'pairs', photos: 14, sketches: 14, supervised: false, trainingPairs: 0 });
  }, 30_000);
});
