import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { CovisError } from '../../../src/shared/errors.ts';
import { domainGeneralisation, type DomainNetworks } from '../../../src/main/engine/domains/generalisation.ts';
import { accuracy, fitLogistic, type Classifier } from '../../../src/main/engine/domains/logistic.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { temporaryFolder } from '../../support/folders.ts';

/** Inputs are the names of files, and the descriptor of one follows from it and from the network. */
const seen = vi.hoisted(() => ({ inputs: [] as string[], released: 0 }));
vi.mock('../../../src/main/engine/inputs/inputs.ts', async (original) => ({
  ...(await original<object>()),
  defaultSize: () => 1,
  InputMaker: {
    create: (spec: { name: string }) =>
      Promise.resolve({
        ofFile: (file: string) => {
          seen.inputs.push(`${spec.name} file ${file}`);
          return file.includes('broken')
            ? Promise.reject(new CovisError('INPUT_CORRUPT', 'Broken', { file }))
            : Promise.resolve([spec.name, file]);
        },
        ofDrawing: (file: string) => {
          seen.inputs.push(`${spec.name} drawing ${file}`);
          return Promise.resolve([spec.name, file]);
        },
        release: () => Promise.resolve((seen.released += 1)),
      }),
  },
  describe: (_: unknown, [name, file]: [string, string]) => Promise.resolve(descriptorOf(name, file)),
}));
vi.mock('../../../src/main/engine/edges/sketch-files.ts', async (original) => ({
  ...(await original<object>()),
  readDrawing: (file: string) => Promise.resolve(file),
}));
vi.mock('../../../src/main/engine/network/computing.ts', async (original) => ({
  ...(await original<object>()),
  openRunner: () => Promise.resolve({ release: () => Promise.resolve((seen.released += 1)) }),
}));

const folder = temporaryFolder();
const DOMAINS = ['art', 'photo', 'sketch'];
const CLASSES = ['cat', 'dog', 'owl'];
const DIM: Record<string, number> = { pre: 4, tuned: 3, edges: 2 };
/** A centre for each class, moved for each domain, and much noise. */
function descriptorOf(name: string, file: string): Float32Array {
  const [domain, label, image] = file.split(/[\\/]/).slice(-3) as [string, string, string];
  const part = (text: string, by: number): number[] => {
    const r = random([...`${name}${text}`].reduce((s, c) => (31 * s + c.charCodeAt(0)) >>> 0, 7));
    return Array.from({ length: DIM[name]! }, () => r.between(-by, by));
  };
  const parts = [part(label, 1), part(domain, 0.6), part(`${domain}/${label}/${image}`, 1.1)];
  return Float32Array.from(parts[0]!, (v, k) => v + parts[1]![k]! + parts[2]![k]!);
}
function made(name: string, perClass: number): string {
  const root = join(folder, name);
  for (const d of DOMAINS)
    for (const c of CLASSES) {
      mkdirSync(join(root, d, c), { recursive: true });
      for (let i = 0; i < perClass; i += 1) writeFileSync(join(root, d, c, `${i}.jpg`), '');
    }
  return root;
}
const networks = {
  pretrained: { graph: {}, spec: { name: 'pre', dim: 4 } },
  fineTuned: { graph: {}, spec: { name: 'tuned', dim: 3 } },
  edges: { graph: {}, spec: { name: 'edges', dim: 2, edges: {} } },
} as unknown as DomainNetworks;

describe('the protocol of domain generalisation', () => {
  it('is that of methods.md 3, seed by seed', async () => {
    const root = made('shapes', 8);
    writeFileSync(join(root, 'photo', 'dog', 'broken.jpg'), '');
    const warnings: string[] = [];
    const steps: [string, number][] = [];
    const done: number[] = [];
    const task = {
      ...silentContext(warnings),
      step: (name: string, total: number) => steps.push([name, total]),
      progress: (n: number) => done.push(n),
    };
    const report = await domainGeneralisation(networks, { folder: root, seeds: 2 }, task);
    expect(warnings).toEqual([`Broken: ${join(root, 'photo', 'dog', 'broken.jpg')}`]);
    expect(steps).toEqual([
      ['Describing images with pre', 73],
      ['Describing images with tuned', 73],
      ['Describing images with edges', 73],
      ['Learning classifiers', 10],
    ]);
    const counted = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
    expect(done).toEqual([...counted(73), ...counted(73), ...counted(73), ...counted(10)]);
    expect(report).toMatchObject({
      domains: DOMAINS,
      labels: ['A', 'P', 'S'],
      classes: CLASSES,
      chance: 1 / 3,
      drawn: ['sketch'],
      seeds: 2,
      unreadable: 1,
      networks: { pretrained: 'pre', fineTuned: 'tuned', edges: 'edges' },
      photosPerClass: {
        cat: { art: 8, photo: 8, sketch: 8 },
        dog: { art: 8, photo: 8, sketch: 8 },
        owl: { art: 8, photo: 8, sketch: 8 },
      },
    });
    // Drawings go as such into the network of edges alone.
    const drawings = seen.inputs.filter((i) => i.includes(' drawing '));
    expect(drawings).toHaveLength(24);
    expect(drawings.every((i) => i.startsWith('edges') && i.includes('sketch'))).toBe(true);
    expect(seen.released).toBe(6);

    const all = DOMAINS.flatMap((d, domain) =>
      CLASSES.flatMap((c, label) =>
        Array.from({ length: 8 }, (_, i) => ({ domain, label, file: join(root, d, c, `${i}.jpg`) })),
      ),
    );
    const labels = all.map((a) => a.label);
    const of = (domain: number): number[] => all.flatMap((a, i) => (a.domain === domain ? [i] : []));
    const learn = (x: Parameters<typeof fitLogistic>[0], rows: number[], seed: number): Classifier => {
      const shuffled = random(seed + 1).shuffled(rows);
      const held = Math.max(1, Math.round(rows.length / 10));
      const path: { model: Classifier; score: number }[] = [];
      for (const lambda of [1e-2, 1e-3, 1e-4, 1e-5, 1e-6]) {
        const model = fitLogistic(x, labels, shuffled.slice(held), 3, lambda, path.at(-1)?.model);
        path.push({ model, score: accuracy(model, x, labels, shuffled.slice(0, held)) });
      }
      const best = Math.max(...path.map((p) => p.score));
      return path.find((p) => p.score === best)!.model;
    };
    const sets: [string, string[]][] = [
      ['Pre-trained RGB', ['pre']],
      ['Fine-tuned RGB', ['tuned']],
      ['EdgeMAC', ['edges']],
      ['Pre-trained RGB + EdgeMAC', ['pre', 'edges']],
      ['Fine-tuned RGB + EdgeMAC', ['tuned', 'edges']],
    ];
    expect(report.methods.map((m) => m.name)).toEqual(sets.map(([name]) => name));
    const mean = (v: number[]): number => v.reduce((a, b) => a + b, 0) / v.length;
    const close = (a: Record<string, number>, b: Record<string, number>): void => {
      expect(Object.keys(a)).toEqual(Object.keys(b));
      for (const k of Object.keys(b)) expect(a[k], k).toBeCloseTo(b[k]!, 9);
    };
    sets.forEach(([, parts], m) => {
      const rows = all.map((a) => parts.flatMap((p) => [...descriptorOf(p, a.file)]));
      const x = { data: Float32Array.from(rows.flat()), rows: rows.length, dim: rows[0]!.length };
      const single: Record<string, number[]> = {};
      const leave: Record<string, number[]> = {};
      const means: number[] = [];
      for (const seed of [0, 1]) {
        [0, 1, 2].forEach((s) => {
          const model = learn(x, of(s), seed);
          [0, 1, 2].forEach((t) => {
            if (t !== s) (single[`${'APS'[s]}>${'APS'[t]}`] ??= []).push(accuracy(model, x, labels, of(t)));
          });
        });
        const own = [0, 1, 2].map((t) => {
          const sources = [0, 1, 2].filter((d) => d !== t).flatMap(of);
          const score = accuracy(learn(x, sources, seed), x, labels, of(t));
          (leave['APS'[t]!] ??= []).push(score);
          return score;
        });
        means.push(mean(own));
      }
      const each = (v: Record<string, number[]>, f: (x: number[]) => number): Record<string, number> =>
        Object.fromEntries(Object.entries(v).map(([k, values]) => [k, f(values)]));
      const deviation = (v: number[]): number => Math.abs(v[0]! - v[1]!) / Math.SQRT2;
      const got = report.methods[m]!;
      close(got.single, each(single, mean));
      close(got.leaveOneOut, each(leave, mean));
      close(got.singleStd, each(single, deviation));
      close(got.leaveOneOutStd, each(leave, deviation));
      expect(got.mean).toBeCloseTo(mean(means), 9);
      expect(got.std).toBeCloseTo(deviation(means), 9);
    });
  });

  it('takes as drawings what it is told, and needs two images of each domain', async () => {
    const root = made('few', 1);
    seen.inputs.length = 0;
    const { drawn } = await domainGeneralisation(networks, { folder: root, drawn: ['art'], seeds: 1 }, silentContext());
    expect(drawn).toEqual(['art']);
    expect(seen.inputs.filter((i) => i.includes(' drawing ')).every((i) => i.includes('art'))).toBe(true);
    const two = made('two', 0);
    for (const d of DOMAINS)
      for (const c of CLASSES.slice(0, 2))
        writeFileSync(join(two, d, c, d === 'photo' && c === 'dog' ? 'broken.jpg' : '1.jpg'), '');
    await expect(domainGeneralisation(networks, { folder: two, seeds: 1 }, silentContext())).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: 'Domain photo has fewer than two images that can be read',
      file: two,
    });
    writeFileSync(join(two, 'photo', 'cat', '2.jpg'), '');
    expect((await domainGeneralisation(networks, { folder: two, seeds: 1 }, silentContext())).unreadable).toBe(1);
  });
});
