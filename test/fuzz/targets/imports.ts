/** Files on their way into a library: one that is refused leaves it as it was. */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { importTruth } from '../../../src/main/engine/evaluation/truths.ts';
import { importPairs } from '../../../src/main/engine/exchange/import-pairs.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { databaseFaults } from '../../../src/main/engine/library/soundness.ts';
import { importNetwork } from '../../../src/main/engine/network/networks.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { importVectors } from '../../../src/main/engine/retrieval/import-vectors.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { writePhoto } from '../../support/colmap.ts';
import { filesOf } from '../seeds.ts';
import { seed, type FuzzTarget, type Place, type Seed } from '../target.ts';
import { fixture, modelSeeds } from './models.ts';
import { networkSeed } from './networks.ts';
import { pairSeeds } from './lists.ts';
import { librarySeed } from './own.ts';
import { truthSeeds } from './truths.ts';

/** Digest of all rows and of every file beside the database. */
function digest(library: Library): string {
  const hash = createHash('sha256').update(library.db.serialize());
  for (const e of readdirSync(library.path, { recursive: true, withFileTypes: true }).sort((a, b) =>
    a.parentPath + a.name < b.parentPath + b.name ? -1 : 1,
  )) {
    if (!e.isFile() || e.name.startsWith('library.')) continue;
    const { size, mtimeMs } = statSync(join(e.parentPath, e.name));
    hash.update(`${e.parentPath}/${e.name} ${size} ${mtimeMs}`);
  }
  return hash.digest('hex');
}

/** One library for many imports, until one of them goes in. */
class Shelf {
  #library: Library | undefined;
  #digest = '';

  async import(room: string, work: (library: Library) => Promise<unknown>): Promise<string | undefined> {
    const library = (this.#library ??= this.#open(room));
    try {
      await work(library);
    } catch (error) {
      if (digest(library) !== this.#digest) {
        this.#close();
        return `a refused import changed the library (${String(error).slice(0, 200)})`;
      }
      throw error;
    }
    const [fault] = databaseFaults(library.db, true);
    this.#close();
    return fault;
  }

  #open(room: string): Library {
    const path = join(room, 'shelf');
    rmSync(path, { recursive: true, force: true });
    cpSync(join(room, 'template'), path, { recursive: true });
    const library = Library.open(path);
    this.#digest = digest(library);
    return library;
  }

  #close(): void {
    this.#library?.close();
    this.#library = undefined;
  }
}

/** @param mutates what is not a photo of the scene. */
function target(
  name: string,
  seeds: (room: string) => Seed[] | Promise<Seed[]>,
  work: (library: Library, input: string) => Promise<unknown>,
): FuzzTarget {
  const shelf = new Shelf();
  return {
    name,
    async seeds(room) {
      const own = await seeds(join(room, 'own'));
      const { files } = await librarySeed(join(room, 'made'));
      write(join(room, '..', 'template'), files);
      return own;
    },
    mutates: (file) => !/\.jpe?g$/.test(file),
    async read({ input, room }: Place) {
      return shelf.import(room, (library) => work(library, input));
    },
    share: 0.15,
  };
}

function write(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
  for (const [name, bytes] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
}

async function photos(room: string): Promise<Record<string, Uint8Array>> {
  const names = ['a.jpg', 'b.jpg', 'b c.jpg', 'v0.jpg', 'v1.jpg'];
  for (const [i, name] of names.entries()) await writePhoto(join(room, 'photos', name), i, [20, 16]);
  return Object.fromEntries([...filesOf(join(room, 'photos'))].map(([n, bytes]) => [`images/${n}`, bytes]));
}

export const IMPORT_TARGETS: readonly FuzzTarget[] = [
  target(
    'imports/models',
    async (room) => {
      const own = await photos(room);
      mkdirSync(join(room, 'models'), { recursive: true });
      return modelSeeds(join(room, 'models')).map(({ name, files }) => ({
        name,
        files: new Map([...files, ...Object.entries(own)]),
      }));
    },
    (library, input) => importSources(library, { sources: [input] }, silentContext()),
  ),
  target(
    'imports/pairs',
    async (room) => {
      const own = await photos(room);
      const list = seed('list', { 'pairs.txt': 'a.jpg b.jpg\nb.jpg v0.jpg\nv0.jpg b c.jpg\n' });
      return [...pairSeeds().filter((s) => !s.files.has('pairs.txt')), list].map(({ name, files }) => ({
        name,
        files: new Map([...files, ...Object.entries(own)]),
      }));
    },
    (library, input) => importPairs(library, join(input, fileIn(input)), join(input, 'images'), silentContext()),
  ),
  target(
    'imports/truths',
    () => truthSeeds(),
    (library, input) =>
      Promise.resolve(
        importTruth(library, join(input, fileIn(input)), existsSync(join(input, 'list.txt')) ? 'holidays' : 'oxford'),
      ),
  ),
  target(
    'imports/descriptors',
    () => [
      seed('jsonl', { 'd.jsonl': '{"name":"a.jpg","descriptor":[1,2,3]}\n{"name":"b.jpg","descriptor":[3,2,1]}\n' }),
      seed('npy', { 'd.npy': fixture('descriptors', 'x.npy') }),
    ],
    (library, input) =>
      importVectors(
        library,
        { file: join(input, fileIn(input)), names: ['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg', 'e.jpg'] },
        silentContext(),
      ),
  ),
  target(
    'imports/network',
    () => [seed('small', { 'n.onnx': networkSeed() })],
    (library, input) => importNetwork(library, join(input, 'n.onnx')),
  ),
];

/** The file that is imported. */
function fileIn(input: string): string {
  return readdirSync(input).find((f) => f !== 'images' && existsSync(join(input, f))) ?? 'gone';
}
