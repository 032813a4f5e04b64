/** A small job of every kind that writes, and what a library needs for it. */
import { copyFileSync, cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPLE } from '../../support/small-library.ts';

export interface Kind {
  readonly kind: string;
  readonly params: Record<string, unknown>;
}

const PLACES = ['castle', 'pagoda', 'windmill', 'factory', 'lighthouse', 'arch'];
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
] as const;

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
  ];
  const places = PLACES.map((place) => join(folder, place));
  return [
    { kind: 'import', params: { sources: places }, on: 'nothing' },
    ...onLibrary.map((k): Task => ({ ...k, on: 'library' })),
  ];
}
