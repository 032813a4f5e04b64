import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { describe as describeInputs, InputMaker } from '../../../src/main/engine/inputs/inputs.ts';
import { currentPhoto, isGone } from '../../../src/main/engine/library/current-photo.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos, hashBytes, photoInfo, presentPhotos } from '../../../src/main/engine/library/photos.ts';
import { random, type Random } from '../../../src/main/engine/library/random.ts';
import { unsealed } from '../../../src/main/engine/library/seal.ts';
import { thumbnail, uprightJpeg } from '../../../src/main/engine/library/thumbnails.ts';
import { ensureDefaultNetwork, loadNetwork, type NetworkRow } from '../../../src/main/engine/network/networks.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { extract, loadDescriptors } from '../../../src/main/engine/retrieval/extract.ts';
import { networkSet } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { temporaryFolder } from '../../support/folders.ts';

/** Seconds for more histories than the few of every day. */
const SECONDS = Number(process.env['COVIS_HISTORIES_SECONDS'] ?? '0');
const HISTORIES = 8;
const STEPS = 40;
const SIZE = 64;
const SAME = 1e-5;

const folder = temporaryFolder();
/** Files by content hash. Without compression all of one size in pixels have as many bytes. */
const contents = new Map<string, Buffer>();
const fresh = new Map<string, Float32Array>();
const hash = (bytes: Uint8Array): string => hashBytes(bytes);

beforeAll(async () => {
  const r = random(5);
  for (let i = 0; i < 7; i += 1) {
    const [width, height] = i < 5 ? [72, 56] : [56, 72];
    const data = Buffer.alloc(3 * width * height);
    const [a, b, c] = [1 + r.below(30), 1 + r.below(30), r.below(255)];
    for (let k = 0; k < data.length; k += 1)
      data[k] = (((k % (3 * width)) * a) / 9 + (Math.floor(k / (3 * width)) * b) / 3 + c + r.below(60)) & 255;
    const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
      .png({ compressionLevel: 0 })
      .toBuffer();
    contents.set(hash(bytes), bytes);
  }
  const library = Library.create(join(folder, 'fresh'));
  const network = ensureDefaultNetwork(library);
  const maker = await InputMaker.create(network.spec, SIZE);
  const runner = await Runner.create(loadNetwork(library, network).graph);
  for (const [key, bytes] of contents)
    fresh.set(key, Float32Array.from(await describeInputs(runner, await maker.ofFile(bytes))));
  await runner.release();
  await maker.release();
  library.close();
});

/** Two folders of photos, what is done to them, and a library of them. */
class History {
  readonly root: string;
  readonly library: Library;
  readonly network: NetworkRow;
  readonly r: Random;
  readonly told: string[] = [];
  #names = 0;

  constructor(seed: number) {
    this.r = random(seed);
    this.root = join(folder, `history-${seed}`);
    for (const f of ['a', 'b', 'outside']) mkdirSync(join(this.root, f), { recursive: true });
    this.library = Library.create(join(this.root, 'library'));
    this.network = ensureDefaultNetwork(this.library);
  }

  readonly one = <T>(list: readonly T[]): T => list[this.r.below(list.length)]!;
  readonly files = (): string[] =>
    ['a', 'b'].flatMap((f) => readdirSync(join(this.root, f)).map((n) => join(this.root, f, n)));
  readonly content = (): Buffer => this.one([...contents.values()]);
  readonly fresh = (): string => join(this.root, this.one(['a', 'b']), `${(this.#names += 1)}.png`);

  /** Content hashes of the files in one folder, or in both. */
  there(of = ['a', 'b']): Set<string> {
    return new Set(
      of.flatMap((f) =>
        readdirSync(join(this.root, f)).flatMap((n) => {
          const file = join(this.root, f, n);
          return existsSync(file) ? [hash(readFileSync(file))] : [];
        }),
      ),
    );
  }

  async reimport(which = this.one([['a'], ['b'], ['a', 'b']])): Promise<string> {
    for (const f of which) {
      if (readdirSync(join(this.root, f)).length === 0) continue;
      const images = join(this.root, f);
      await importSources(this.library, { sources: [images], images, photosOnly: true }, silentContext());
    }
    return `import ${which.join()}`;
  }

  async extract(): Promise<string> {
    const warnings: string[] = [];
    const { computed } = await extract(this.library, this.network, SIZE, silentContext(warnings));
    return `extract: ${computed} computed, ${warnings.length} warnings`;
  }

  /** What people and their programs do with files. */
  readonly actions: Record<string, () => Promise<string> | string> = {
    add: () => {
      const file = this.fresh();
      writeFileSync(file, this.content());
      return file;
    },
    move: () => {
      const [from, to] = [this.one(this.files()), this.fresh()];
      renameSync(from, to);
      return `${from} ${to}`;
    },
    copy: () => {
      const [from, to] = [this.one(this.files()), this.fresh()];
      copyFileSync(from, to);
      return `${from} ${to}`;
    },
    replace: () => {
      const file = this.one(this.files());
      if (this.r.below(2) === 0) rmSync(file);
      writeFileSync(file, this.content());
      return file;
    },
    'replace, keeping the time': () => {
      const file = this.one(this.files());
      const { atime, mtime } = statSync(file);
      writeFileSync(file, this.content());
      utimesSync(file, atime, mtime);
      return file;
    },
    swap: () => {
      const [a, b] = [this.one(this.files()), this.one(this.files())];
      if (a === b) return '';
      const aside = join(this.root, 'outside', 'aside.png');
      renameSync(a, aside);
      renameSync(b, a);
      renameSync(aside, b);
      return `${a} ${b}`;
    },
    link: () => {
      const target = join(this.root, 'outside', `${(this.#names += 1)}.png`);
      writeFileSync(target, this.content());
      const file = this.r.below(2) === 0 ? this.fresh() : this.one(this.files());
      rmSync(file, { force: true });
      symlinkSync(target, file);
      return `${file} ${target}`;
    },
    remove: () => {
      const file = this.one(this.files());
      rmSync(file);
      return file;
    },
    'put back': () => {
      const gone = allPhotos(this.library).filter((p) => !this.there().has(p.hash));
      const formers = this.library.db.prepare(
        'SELECT s.images, f.name FROM known_file f JOIN scene s ON s.id = f.scene_id WHERE f.photo_id = ?',
      );
      if (gone.length === 0) return '';
      const photo = this.one(gone);
      const { images, name } = this.one(formers.all(photo.id) as { images: string; name: string }[]);
      rmSync(join(images, name), { force: true });
      writeFileSync(join(images, name), contents.get(photo.hash)!);
      return join(images, name);
    },
    touch: () => {
      const file = this.one(this.files());
      utimesSync(file, new Date(), new Date(Date.now() - 1000 * this.r.below(9999)));
      return file;
    },
    import: () => this.reimport(),
    'import again': () => this.reimport(),
    extract: () => this.extract(),
    'look at all': async () => {
      for (const p of allPhotos(this.library)) {
        try {
          await thumbnail(this.library, p.hash, 96);
        } catch (error) {
          if (!isGone(error)) throw error;
        }
      }
      return '';
    },
  };

  async step(): Promise<void> {
    const name = this.files().length === 0 ? 'add' : this.one(Object.keys(this.actions));
    // The clock of a file system ticks every few milliseconds.
    await new Promise((done) => setTimeout(done, 12));
    this.told.push(`${name}: ${await this.actions[name]!()}`);
  }

  /** What holds whatever was done. */
  async check(): Promise<void> {
    const there = this.there();
    for (const p of allPhotos(this.library)) {
      expect(photoInfo(this.library, p.hash).id).toBe(p.hash);
      let file: string | undefined;
      try {
        file = currentPhoto(this.library, p.id);
      } catch (error) {
        if (!isGone(error)) throw error;
      }
      if (file !== undefined) expect(hash(readFileSync(file)), file).toBe(p.hash);
      // A photo whose content is nowhere in the folders is not shown; one that is there may have a name that no import has seen yet.
      if (!there.has(p.hash)) expect(file).toBeUndefined();
      const kept = this.library.file('thumbnails', p.hash.slice(0, 2), `${p.hash}-96.jpg`);
      if (existsSync(kept))
        expect(
          Buffer.from(unsealed(readFileSync(kept))!).equals(await uprightJpeg(contents.get(p.hash)!, 96)),
          'thumbnail',
        ).toBe(true);
    }
    const set = loadDescriptors(this.library, this.network, SIZE);
    expect(new Set(set.ids).size).toBe(set.ids.length);
    const hashOf = new Map(allPhotos(this.library).map((p) => [p.id, p.hash]));
    set.ids.forEach((id, i) => {
      const own = set.data.subarray(i * set.dim, (i + 1) * set.dim);
      expect(distance(own, fresh.get(hashOf.get(id)!)!), `descriptor of ${hashOf.get(id)}`).toBeLessThan(SAME);
    });
  }

  /** After an import of both folders and an extraction everything that is there is in the library, and nothing else. */
  async settle(): Promise<void> {
    this.told.push(await this.reimport(['a', 'b']), await this.extract());
    await this.check();
    const there = this.there();
    // A folder that is empty may be a disk that is not there: what it held is not forgotten, but has no descriptor that would be wrong.
    if (['a', 'b'].some((f) => readdirSync(join(this.root, f)).length === 0)) return;
    expect(new Set(presentPhotos(this.library).map((p) => p.hash))).toEqual(there);
    const hashOf = new Map(allPhotos(this.library).map((p) => [p.id, p.hash]));
    const set = networkSet(this.library, this.network, SIZE);
    expect(new Set(Array.from(set.ids, (id) => hashOf.get(id)))).toEqual(there);
    expect(set.vectors.rows).toBe(there.size);
  }
}

function distance(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return Math.sqrt(a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0));
}

async function live(seed: number): Promise<void> {
  const history = new History(seed);
  try {
    for (let i = 0; i < 4; i += 1) history.told.push(`add: ${await history.actions['add']!()}`);
    await history.reimport(['a', 'b']);
    for (let i = 0; i < STEPS; i += 1) {
      await history.step();
      await history.check();
    }
    await history.settle();
  } catch (error) {
    throw new Error(`Seed ${seed}, after\n${history.told.join('\n')}`, { cause: error });
  } finally {
    history.library.close();
    rmSync(history.root, { recursive: true, force: true });
  }
}

describe('whatever happens to the files of a library', () => {
  it('contents differ enough for a wrong descriptor to be seen', () => {
    const all = [...fresh.values()];
    for (const a of all) for (const b of all) if (a !== b) expect(distance(a, b)).toBeGreaterThan(100 * SAME);
  });

  it.each(Array.from({ length: HISTORIES }, (_, i) => i + 1))(
    'every photo and every descriptor is of its own content (history %i)',
    live,
  );

  it.skipIf(SECONDS === 0)(
    'for as long as COVIS_HISTORIES_SECONDS says',
    async () => {
      const end = Date.now() + 1000 * SECONDS;
      for (let seed = 1000; Date.now() < end; seed += 1) await live(seed);
    },
    1000 * (SECONDS + 120),
  );
});
