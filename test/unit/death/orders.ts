/** A small job of every kind that writes, and what a library needs for it. */
import { copyFileSync, cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { ROOT } from '../../support/programs.ts';
import { SAMPLE } from '../../support/small-library.ts';

export interface Kind {
  readonly kind: string;
  readonly params: Record<string, unknown>;
}

const PLACES = ['castle', 'pagoda', 'windmill', 'factory'];
export const SIZE = 64;

/** Copies photos and models to work on. @returns their folders. */
export function sources(folder: string): string[] {
  return PLACES.map((place) => {
    const to = join(folder, place);
    cpSync(join(SAMPLE, place), to, { recursive: true });
    return to;
  });
}

/** What is there before the jobs: photos, descriptors of all at one size and of some at another, tuples. */
export function before(folder: string): Kind[] {
  const all = sources(folder);
  return [
    { kind: 'import', params: { sources: all.slice(1) } },
    { kind: 'extract', params: { size: 96 } },
    { kind: 'import', params: { sources: all } },
    { kind: 'extract', params: { size: SIZE } },
    { kind: 'mine', params: { size: SIZE, mining: { queries: 8 } } },
  ];
}

/** A job and what it begins with: `nothing`, or a library that is {@link before}. */
export interface Task extends Kind {
  readonly on: 'nothing' | 'library';
}

/** Kinds of {@link jobs}, in their order. */
export const KINDS = [
  'import',
  'train',
  'extract',
  'extract',
  'mine',
  'whiten',
  'evaluate',
  'measure',
  'regions',
  'map',
  'duplicates',
  'cluster',
  'teacher',
  'tradeoff',
  'vectors',
  'network',
  'domains',
  'sketches',
  'ladder',
  'run',
  'export',
  'check',
  'clean',
  'backup',
] as const;

const small = { size: SIZE, epochs: 1, queriesPerEpoch: 4, batch: 2, mining: { count: 2 }, backend: 'cpu' };

/** Descriptors of another program for some photos. */
function vectorsOf(folder: string): { file: string; names: string[] } {
  const names = readdirSync(join(SAMPLE, 'castle', 'images')).sort();
  const file = join(folder, 'theirs.npy');
  writeNpy(
    file,
    Float32Array.from({ length: names.length * 4 }, (_, i) => Math.sin(1 + i * i)),
    [names.length, 4],
  );
  return { file, names: names.map((n) => `castle/${n}`) };
}

/** Two domains of two classes, as folders. */
function domainsOf(folder: string): string {
  for (const [d, domain] of ['day', 'night'].entries())
    for (const place of ['castle', 'pagoda']) {
      const to = join(folder, 'domains', domain, place);
      mkdirSync(to, { recursive: true });
      const from = join(SAMPLE, place, 'images');
      for (const name of readdirSync(from)
        .sort()
        .slice(4 * d, 4 * d + 4))
        copyFileSync(join(from, name), join(to, name));
    }
  return join(folder, 'domains');
}

/** A small job of every kind that writes into a library. */
export function jobs(folder: string): Task[] {
  const photos = join(folder, 'loose');
  mkdirSync(photos, { recursive: true });
  const images = join(SAMPLE, 'castle', 'images');
  for (const name of readdirSync(images).sort().slice(0, 5)) copyFileSync(join(images, name), join(photos, name));
  const onLibrary: Kind[] = [
    {
      kind: 'train',
      params: { size: SIZE, epochs: 2, queriesPerEpoch: 6, batch: 2, mining: { count: 2 }, backend: 'cpu' },
    },
    { kind: 'extract', params: { size: 80 } },
    // More photos than it has descriptors of.
    { kind: 'extract', params: { size: 96 } },
    { kind: 'mine', params: { size: SIZE, mining: { queries: 12 }, seed: 1 } },
    { kind: 'whiten', params: { size: SIZE } },
    { kind: 'evaluate', params: { size: SIZE } },
    { kind: 'measure', params: { size: SIZE, method: 'fsr', protocol: 'sfm-easy' } },
    { kind: 'regions', params: { size: SIZE } },
    { kind: 'map', params: { size: SIZE } },
    { kind: 'duplicates', params: {} },
    { kind: 'cluster', params: { photos, words: 50, reconstruct: false } },
    { kind: 'teacher', params: { size: SIZE, words: 64 } },
    { kind: 'tradeoff', params: { size: SIZE } },
    { kind: 'vectors', params: vectorsOf(folder) },
    {
      kind: 'network',
      params: {
        backbone: { file: join(ROOT, 'resources', 'networks', 'mobilenet-v1-025-gem-tuned.onnx'), pooling: 'gem' },
      },
    },
    { kind: 'domains', params: { folder: domainsOf(folder), seeds: 1 } },
    {
      kind: 'sketches',
      params: { photos: join(folder, 'domains', 'day'), sketches: join(folder, 'domains', 'night') },
    },
    { kind: 'ladder', params: { ...small, ladder: { poolings: ['mac'], seeds: 1 } } },
    { kind: 'run', params: { ...small, sources: [join(SAMPLE, 'obelisk')] } },
    { kind: 'export', params: { format: 'jsonl', out: join(folder, 'exported'), force: true } },
    { kind: 'check', params: { full: true } },
    { kind: 'clean', params: { remove: ['thumbnails', 'features'], vacuum: true, yes: true } },
    { kind: 'backup', params: { out: join(folder, 'backed-up'), force: true } },
  ];
  const places = PLACES.map((place) => join(folder, place));
  return [
    { kind: 'import', params: { sources: places }, on: 'nothing' },
    ...onLibrary.map((k): Task => ({ ...k, on: 'library' })),
  ];
}
