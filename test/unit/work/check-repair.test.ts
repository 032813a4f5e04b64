import {
  appendFileSync,
  cpSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EdgeSource } from '../../../src/main/engine/edges/edge-source.ts';
import { openDetector } from '../../../src/main/engine/edges/detector.ts';
import { extractFeatures, hasFeatures, readFeatures } from '../../../src/main/engine/features/store.ts';
import { readNpy } from '../../../src/main/engine/formats/npy.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos } from '../../../src/main/engine/library/photos.ts';
import { thumbnail } from '../../../src/main/engine/library/thumbnails.ts';
import { editClusters } from '../../../src/main/engine/mining/cluster-changes.ts';
import { ensureDefaultNetwork, type NetworkRow } from '../../../src/main/engine/network/networks.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { loadDescriptors } from '../../../src/main/engine/retrieval/extract.ts';
import { loadSet } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import type { JobGiven, JobResult } from '../../../src/shared/jobs/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SAMPLE } from '../../support/small-library.ts';

const folder = temporaryFolder();
const places = join(folder, 'places');
const PIXELS = 64;
let library: Library;
let network: NetworkRow;
let castle: string;
let warnings: string[];

beforeAll(async () => {
  for (const name of ['castle', 'pagoda', 'lighthouse'])
    cpSync(join(SAMPLE, name), join(places, name), { recursive: true });
  library = Library.create(join(folder, 'library'));
  network = ensureDefaultNetwork(library);
  await WORK.import.run(
    library,
    { sources: ['castle', 'pagoda', 'lighthouse'].map((n) => join(places, n)) },
    silentContext(),
  );
  await WORK.extract.run(library, { size: PIXELS }, silentContext());
  await WORK.mine.run(library, { size: PIXELS }, silentContext());
  castle = library.db.prepare("SELECT uid FROM cluster WHERE name LIKE 'castle%'").pluck().get() as string;
}, 60_000);
afterAll(() => library.close());

async function check(given: JobGiven<'check'> = {}): Promise<JobResult<'check'>> {
  warnings = [];
  return WORK.check.run(library, given, { ...silentContext(), warn: (w) => void warnings.push(w) });
}
type Part = JobResult<'check'>['parts'][number];
const part = (r: JobResult<'check'>, what: string): Part => r.parts.find((p) => p.what === what)!;
const counts = (p: Part): readonly number[] => [p.missing, p.damaged, p.mended];

/** Turns one bit in the middle, and leaves length and time as they were. */
function flip(file: string): void {
  const { atime, mtime } = statSync(file);
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1]! ^= 4;
  writeFileSync(file, bytes);
  utimesSync(file, atime, mtime);
}

describe('descriptors', () => {
  const file = (): string => library.file('descriptors', `${network.uid}-${PIXELS}.npy`);

  it.each([
    ['one bit is another', flip, 'INPUT_CORRUPT', [0, 1, 0]],
    ['they are cut short', (f: string) => truncateSync(f, statSync(f).size - 4), 'INPUT_CORRUPT', [0, 1, 0]],
    ['they are longer', (f: string) => appendFileSync(f, 'more'), 'INPUT_CORRUPT', [0, 1, 0]],
    ['they are gone', (f: string) => rmSync(f), 'INPUT_MISSING', [1, 0, 0]],
  ] as const)(
    'of which %s are refused, found with what depends on them, and made again',
    async (_, damage, code, found) => {
      const whole = readFileSync(file());
      damage(file());
      const refused = expect.objectContaining({ code, file: file() }) as Error;
      expect(() => loadDescriptors(library, network, PIXELS)).toThrow(refused);
      await expect(loadSet(library, `${network.uid}-${PIXELS}`)).rejects.toEqual(refused);
      const said = part(await check({ full: true }), 'descriptors');
      expect(counts(said)).toEqual(found);
      expect(said.depends).toEqual(['mining run 1']);
      const mended = part(await check({ full: true, repair: true }), 'descriptors');
      expect(counts(mended)).toEqual([0, 0, 1]);
      expect(readFileSync(file())).toEqual(whole);
      expect(warnings.filter((w) => w.includes('could not'))).toEqual([]);
    },
  );

  it('that are damaged are computed again by extracting, which says so', async () => {
    const whole = readFileSync(file());
    flip(file());
    const said: string[] = [];
    const r = await WORK.extract.run(library, { size: PIXELS }, { ...silentContext(), warn: (w) => void said.push(w) });
    expect(r.photos).toBe(allPhotos(library).length);
    expect(said.join()).toMatch(/computed again/);
    expect(readFileSync(file())).toEqual(whole);
  });

  it('of another program are read again from their file, and cannot be where it has changed', async () => {
    const source = join(folder, 'others.jsonl');
    const names = library.db.prepare('SELECT name FROM photo_file ORDER BY name LIMIT 4').pluck().all() as string[];
    writeFileSync(source, names.map((name, i) => `${JSON.stringify({ name, descriptor: [1, i, 2] })}\n`).join(''));
    const { set } = await WORK.vectors.run(library, { file: source }, silentContext());
    const own = library.file('descriptors', `${set}.npy`);
    const whole = readFileSync(own);
    flip(own);
    await expect(loadSet(library, set)).rejects.toMatchObject({ code: 'INPUT_CORRUPT' });
    expect(counts(part(await check({ full: true, repair: true }), 'descriptors'))).toEqual([0, 0, 1]);
    expect(readFileSync(own)).toEqual(whole);
    flip(own);
    appendFileSync(source, '\n');
    const left = part(await check({ full: true, repair: true }), 'descriptors');
    expect(counts(left)).toEqual([0, 1, 0]);
    expect(left.examples).toEqual([`${own} (damaged)`]);
    expect(warnings.join()).toMatch(
      /could not be made again: the file that it was imported from is gone or has changed/,
    );
    writeFileSync(own, whole);
  });
});

describe('points of a cluster', () => {
  it.each([
    ['observation_xy', flip],
    ['points', (f: string) => truncateSync(f, 200)],
    ['view_offsets', (f: string) => rmSync(f)],
  ] as const)('that are damaged or gone (%s) come from the model again', async (array, damage) => {
    const file = library.file('clusters', castle, `${array}.npy`);
    const whole = readFileSync(file);
    damage(file);
    const said = part(await check({ full: true }), '3D models');
    expect(said.missing + said.damaged).toBe(1);
    expect(said.depends).toEqual(['cluster castle']);
    const before = library.db.prepare('SELECT COUNT(*) FROM cluster_all').pluck().get();
    const edit = { kind: 'split', cluster: castle, views: [0, 1, 2] } as const;
    expect(() => editClusters(library, edit)).toThrow(
      expect.objectContaining({ code: 'INPUT_CORRUPT', file }) as Error,
    );
    expect(library.db.prepare('SELECT COUNT(*) FROM cluster_all').pluck().get()).toBe(before);
    expect(counts(part(await check({ full: true, repair: true }), '3D models'))).toEqual([0, 0, 1]);
    expect(readFileSync(file)).toEqual(whole);
    expect(counts(part(await check({ full: true }), '3D models'))).toEqual([0, 0, 0]);
  });

  it('cannot be made again where the model is gone, which is said, and nothing else is touched', async () => {
    const file = library.file('clusters', castle, 'errors.npy');
    const whole = readFileSync(file);
    const model = join(places, 'castle', 'sparse');
    renameSync(model, `${model}-away`);
    flip(file);
    const left = part(await check({ full: true, repair: true }), '3D models');
    expect(counts(left)).toEqual([0, 1, 0]);
    expect(warnings.join()).toMatch(/could not be made again: The model of this cluster is not there any more/);
    renameSync(`${model}-away`, model);
    await WORK.import.run(library, { sources: [join(places, 'castle')] }, silentContext());
    expect(readFileSync(file)).toEqual(whole);
    expect(counts(part(await check({ full: true }), '3D models'))).toEqual([0, 0, 0]);
  });

  it('of an older library have no digest: reading all notes them, and damage is found from then on', async () => {
    const file = library.file('clusters', castle, 'colours.npy');
    library.db.prepare('DELETE FROM stored_file').run();
    await check();
    expect(library.db.prepare('SELECT COUNT(*) FROM stored_file').pluck().get()).toBe(0);
    await check({ full: true });
    flip(file);
    expect(counts(part(await check({ full: true }), '3D models'))).toEqual([0, 1, 0]);
    expect(counts(part(await check(), '3D models'))).toEqual([0, 0, 0]);
    await check({ full: true, repair: true });
  });
});

describe('networks', () => {
  it('that are damaged are found with what was made of them; the embedded one comes back', async () => {
    const file = library.file('networks', `${network.uid}.onnx`);
    flip(file);
    await expect(WORK.extract.run(library, { size: 72 }, silentContext())).rejects.toMatchObject({
      code: 'INPUT_CORRUPT',
      file,
    });
    const said = part(await check(), 'networks');
    expect(counts(said)).toEqual([0, 1, 0]);
    expect(said.depends).toEqual([`descriptors ${network.uid}-${PIXELS}`, 'mining run 1']);
    expect(counts(part(await check({ repair: true }), 'networks'))).toEqual([0, 0, 1]);
    expect(counts(part(await check({ full: true }), 'networks'))).toEqual([0, 0, 0]);
  });
});

describe('what is made when it is asked for', () => {
  it('is made again where it is damaged: thumbnails, edge maps, features', async () => {
    const [photo] = allPhotos(library);
    const { hash } = photo!;
    const detector = await openDetector('classical', library);
    const source = (): EdgeSource => new EdgeSource(library, detector);
    const features = (): Promise<unknown> => extractFeatures(library, [photo!], silentContext());
    const small = Buffer.from(await thumbnail(library, hash, 96));
    const [map] = await source().get(photo!.id, [48]);
    await features();
    const kept = readFeatures(library, hash);
    const files = [
      library.file('thumbnails', hash.slice(0, 2), `${hash}-96.jpg`),
      library.file('edges', 'classical-48', hash.slice(0, 2), `${hash}.png`),
      library.file('features', hash.slice(0, 2), `${hash}.sift1`),
    ];
    expect(counts(part(await check({ full: true }), 'thumbnails, edge maps and features'))).toEqual([0, 0, 0]);
    for (const file of files) flip(file);
    expect(hasFeatures(library, hash)).toBe(false);
    expect(() => readFeatures(library, hash)).toThrow(expect.objectContaining({ code: 'INPUT_CORRUPT' }) as Error);
    expect(counts(part(await check({ full: true }), 'thumbnails, edge maps and features'))).toEqual([0, 3, 0]);
    expect(Buffer.from(await thumbnail(library, hash, 96))).toEqual(small);
    expect((await source().get(photo!.id, [48]))[0]).toEqual(map);
    await features();
    expect(readFeatures(library, hash)).toEqual(kept);
    for (const file of files) flip(file);
    expect(counts(part(await check({ full: true, repair: true }), 'thumbnails, edge maps and features'))).toEqual([
      0, 0, 3,
    ]);
    expect(files.filter((f) => existsSync(f))).toEqual([]);
  });
});

describe('files that nothing refers to', () => {
  it('are listed, and removed only when that is asked for; young ones are left', async () => {
    const old = new Date(Date.now() - 3_600_000);
    const unused = [
      library.file('descriptors', 'ffffffffffffffff-320.npy'),
      library.file('networks', 'ffffffffffffffff.onnx'),
    ];
    for (const file of unused) {
      writeFileSync(file, 'x');
      utimesSync(file, old, old);
    }
    const young = library.file('descriptors', 'eeeeeeeeeeeeeeee-320.npy');
    writeFileSync(young, 'x');
    const said = await check({ full: true, repair: true });
    expect(said.unused).toEqual({ files: 2, bytes: 2, removed: false, examples: unused.toReversed() });
    expect(unused.every((f) => existsSync(f))).toBe(true);
    expect((await check({ remove: true })).unused.removed).toBe(true);
    expect(unused.some((f) => existsSync(f))).toBe(false);
    expect(existsSync(young)).toBe(true);
    const { shape } = readNpy(library.file('descriptors', `${network.uid}-${PIXELS}.npy`));
    expect(shape[0]).toBe(allPhotos(library).length);
  });
});
