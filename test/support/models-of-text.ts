import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SparseModel } from '../../src/main/engine/sfm/model.ts';
import { MODEL_READERS } from '../../src/main/engine/sfm/readers/index.ts';
import type { ImageSizes } from '../../src/main/engine/sfm/sizes.ts';
import { temporaryFolder } from './folders.ts';

const folder = temporaryFolder();
let made = 0;
/** A path that nothing has yet. */
export function place(): string {
  return join(folder, String((made += 1)));
}

/** A file of its own in a folder of its own. */
export function put(name: string, text: string, beside: Readonly<Record<string, string>> = {}): string {
  const file = join(place(), name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  for (const [other, content] of Object.entries(beside)) writeFileSync(join(dirname(file), other), content);
  return file;
}

/** What the reader of this format makes of a file. */
export function read(
  format: string,
  file: string,
  photos: { sizes?: ImageSizes; names?: readonly string[] } = {},
): SparseModel[] {
  const reader = MODEL_READERS.find((r) => r.format === format)!;
  return reader.read(file, { names: photos.names ?? [], sizes: photos.sizes ?? (() => undefined) }, () => undefined);
}
