import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { domainNetworks } from '../../../src/main/engine/domains/domain-networks.ts';
import { readDomains, shortNames } from '../../../src/main/engine/domains/domain-folder.ts';
import { domainGeneralisation } from '../../../src/main/engine/domains/generalisation.ts';
import { minimise } from '../../../src/main/engine/domains/lbfgs.ts';
import { accuracy, fitLogistic } from '../../../src/main/engine/domains/logistic.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();

describe('L-BFGS', () => {
  it('finds the minimum of Rosenbrock’s valley', () => {
    const r = minimise(
      (x, g) => {
        const [a, b] = [1 - x[0]!, x[1]! - x[0]! ** 2];
        g[0] = -2 * a - 400 * x[0]! * b;
        g[1] = 200 * b;
        return a * a + 100 * b * b;
      },
      Float64Array.of(-1.2, 1),
      { tolerance: 1e-9 },
    );
    expect(r.converged).toBe(true);
    expect(r.iterations).toBeLessThan(80);
    expect(r.x[0]).toBeCloseTo(1, 7);
    expect(r.x[1]).toBeCloseTo(1, 7);
  });

  it('ends in a few steps on a badly scaled bowl, and leaves its start alone', () => {
    const start = new Float64Array(50).fill(1);
    const r = minimise(
      (x, g) => x.reduce((s, v, i) => ((g[i] = 2 * (i + 1) ** 2 * v), s + (i + 1) ** 2 * v * v), 0),
      start,
      { tolerance: 1e-8, iterations: 500 },
    );
    expect(r.converged).toBe(true);
    expect(Math.max(...r.x.map(Math.abs))).toBeLessThan(1e-7);
    expect(start.every((v) => v === 1)).toBe(true);
  });

  it('stops where nothing falls any more', () => {
    const r = minimise((x, g) => ((g[0] = Math.sign(x[0]!) || 1), Math.abs(x[0]!)), Float64Array.of(3), {
      iterations: 50,
    });
    expect(r.iterations).toBeLessThanOrEqual(50);
    expect(Math.abs(r.x[0]!)).toBeLessThan(3);
  });
});

describe('logistic regression', () => {
  const data = Float32Array.from({ length: 36 }, (_, k) => {
    const [i, j] = [Math.floor(k / 3), k % 3];
    return Math.sin(1.3 * i + 0.7 * j) + 0.3 * Math.cos(2.1 * i * j);
  });
  const x = { data, rows: 12, dim: 3 };
  const labels = [0, 1, 1, 1, 2, 2, 2, 0, 0, 0, 1, 1];
  const all = labels.map((_, i) => i);

  it('finds the weights that scipy finds', () => {
    // scipy.optimize.minimize(method='L-BFGS-B', gtol=1e-10) on the same twelve rows, λ = 0.05.
    const golden = [-0.55071, 0.62319, -0.07248, -0.20564, 0.04269, 0.16295, 0.03811, -0.44367, 0.40556];
    const model = fitLogistic(x, labels, all, 3, 0.05);
    golden.forEach((w, i) => expect(model.weights[i]).toBeCloseTo(w, 2));
  });

  it('learns only from the rows that it is given', () => {
    const wrong = labels.map((l, i) => (i < 6 ? l : 0));
    const a = fitLogistic(x, labels, [0, 1, 2, 3, 4, 5], 3, 0.05);
    const b = fitLogistic(x, wrong, [0, 1, 2, 3, 4, 5], 3, 0.05);
    expect(a.weights).toEqual(b.weights);
    expect(accuracy(fitLogistic(x, labels, all, 3, 1e-6), x, labels, all)).toBeGreaterThan(
      accuracy(fitLogistic(x, labels, all, 3, 10), x, labels, all),
    );
  });
});

/** Discs and bars, light on dark in one domain, dark on light in another, drawn as outlines in the third. */
async function shapes(root: string, perClass: number): Promise<void> {
  const draw = (domain: string, shape: string, k: number): string => {
    const [x, y, r] = [40 + 4 * (k % 5), 40 + 5 * (k % 4), 18 + 2 * (k % 3)];
    const [paper, ink] = domain === 'night' ? ['#223', '#dd8'] : domain === 'day' ? ['#eef', '#246'] : ['#fff', 'none'];
    const style = domain === 'sketch' ? 'fill="none" stroke="#000" stroke-width="2"' : `fill="${ink}"`;
    const body =
      shape === 'disc'
        ? `<circle cx="${x}" cy="${y}" r="${r}" ${style}/>`
        : `<rect x="${x - 6}" y="${y - 30}" width="9" height="${40 + r}" ${style}/>`;
    return `<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"><rect width="100" height="100" fill="${paper}"/>${body}</svg>`;
  };
  for (const domain of ['day', 'night', 'sketch'])
    for (const shape of ['bar', 'disc']) {
      mkdirSync(join(root, domain, shape), { recursive: true });
      for (let k = 0; k < perClass; k += 1)
        await sharp(Buffer.from(draw(domain, shape, k)))
          .png()
          .toFile(join(root, domain, shape, `${k}.png`));
    }
}

describe('domain generalisation', () => {
  it('tells shapes apart across domains, says what it used, and gives the same numbers twice', async () => {
    const root = join(folder, 'shapes');
    await shapes(root, 10);
    writeFileSync(join(root, 'day', 'disc', '0.png'), 'no image');
    mkdirSync(join(root, 'day', 'ring'));
    await sharp({ create: { width: 20, height: 20, channels: 3, background: '#fff' } })
      .png()
      .toFile(join(root, 'day', 'ring', '0.png'));
    const run = (): ReturnType<typeof domainGeneralisation> =>
      domainGeneralisation(
        domainNetworks({ pretrained: undefined, fineTuned: undefined, edges: undefined }),
        { folder: root, seeds: 2 },
        silentContext(),
      );
    const report = await run();
    expect(report).toMatchObject({
      domains: ['day', 'night', 'sketch'],
      labels: ['D', 'N', 'S'],
      classes: ['bar', 'disc'],
      drawn: ['sketch'],
      chance: 0.5,
      unreadable: 1,
      photosPerClass: { bar: { day: 10, night: 10, sketch: 10 }, disc: { day: 9, night: 10, sketch: 10 } },
    });
    expect(report.methods.map((m) => m.name)).toEqual([
      'Pre-trained RGB',
      'Fine-tuned RGB',
      'EdgeMAC',
      'Pre-trained RGB + EdgeMAC',
      'Fine-tuned RGB + EdgeMAC',
    ]);
    for (const m of report.methods) {
      expect(Object.keys(m.single)).toEqual(['D>N', 'D>S', 'N>D', 'N>S', 'S>D', 'S>N']);
      expect(Object.keys(m.leaveOneOut)).toEqual(['D', 'N', 'S']);
      const values = Object.values(m.leaveOneOut);
      expect(m.mean).toBeCloseTo(values.reduce((a, b) => a + b, 0) / 3, 9);
    }
    // Edges do not know day from night.
    expect(report.methods[2]!.single['D>N']).toBeGreaterThan(0.9);
    expect(report.methods[2]!.leaveOneOut['S']).toBeGreaterThan(0.9);
    expect(await run()).toEqual(report);
  }, 120_000);

  it('refuses a domain of which nothing can be read', async () => {
    const root = join(folder, 'broken');
    await shapes(root, 2);
    for (const shape of ['bar', 'disc'])
      for (const k of [0, 1]) writeFileSync(join(root, 'night', shape, `${k}.png`), 'no image');
    await expect(
      domainGeneralisation(
        domainNetworks({ pretrained: undefined, fineTuned: undefined, edges: undefined }),
        { folder: root, seeds: 1 },
        silentContext(),
      ),
    ).rejects.toMatchObject({ code: 'INPUT_INVALID', message: expect.stringContaining('Domain night') as string });
  });

  it('leaves out a class that a domain lacks, and says so', () => {
    const root = join(folder, 'shapes');
    const { classes, warnings } = readDomains(root);
    expect(classes).toEqual(['bar', 'disc']);
    expect(warnings).toEqual(['Class ring is left out: night, sketch have no image of it']);
    rmSync(join(root, 'night', 'disc'), { recursive: true });
    expect(() => readDomains(root)).toThrow(/fewer than two classes in common/);
    expect(() => readDomains(join(root, 'day'))).toThrow();
    expect(() => readDomains(join(folder, 'nowhere'))).toThrow(/does not exist/);
  });

  it('names domains by their initials where these differ', () => {
    expect(shortNames(['art_painting', 'cartoon', 'photo', 'sketch'])).toEqual(['A', 'C', 'P', 'S']);
    expect(shortNames(['cartoon', 'clipart'])).toEqual(['cartoon', 'clipart']);
  });
});
