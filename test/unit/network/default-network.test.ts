import { chdir, cwd } from 'node:process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import Database from 'better-sqlite3';
import { Library } from '../../../src/main/engine/library/library.ts';
import { migrate } from '../../../src/main/engine/library/schema.ts';
import { chooseDefault, defaultNetworks } from '../../../src/main/engine/network/default-network.ts';
import {
  ensureDefaultNetwork,
  defaultNetworkOf,
  defaultOf,
  loadNetwork,
  networkRow,
  resolveNetwork,
  storeNetwork,
  type NetworkRow,
} from '../../../src/main/engine/network/networks.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
let library: Library;
let embedded: NetworkRow;
/** A network like the embedded one under another name. */
let copy: (name: string, more?: object) => NetworkRow;
beforeAll(() => {
  library = Library.create(join(folder, 'library'));
  embedded = ensureDefaultNetwork(library);
  const { graph, spec } = loadNetwork(library, embedded);
  copy = (name, more = {}) => storeNetwork(library, graph, { ...spec, name, ...more }, embedded.uid);
});
afterAll(() => library.close());

describe('the default network', () => {
  it('is the embedded one, however many are added, until a person chooses another', () => {
    const added = copy('added');
    expect(defaultNetworkOf(library).uid).toBe(embedded.uid);
    expect(defaultNetworks(library)).toEqual([
      {
        takes: 'photos',
        network: embedded.uid,
        name: embedded.spec.name,
        reason: 'no other was chosen or measured to be better',
        since: null,
      },
    ]);
    expect(chooseDefault(library, added)).toMatchObject({ network: added.uid, reason: 'chosen by a person' });
    copy('added later');
    expect(defaultNetworkOf(library).uid).toBe(added.uid);
    chooseDefault(library, embedded);
    expect(defaultNetworkOf(library).uid).toBe(embedded.uid);
  });

  it('of edge maps is the first of them, and is chosen apart from that of photos', () => {
    expect(defaultOf(library, 'edges')).toBeUndefined();
    const edges = { detector: 'classical', scales: [1], mirror: false, padding: 0 };
    const first = copy('edges', { edges });
    const second = copy('edges again', { edges });
    expect(defaultOf(library, 'edges')?.uid).toBe(first.uid);
    chooseDefault(library, second);
    expect(defaultOf(library, 'edges')?.uid).toBe(second.uid);
    expect(defaultNetworkOf(library).uid).toBe(embedded.uid);
  });

  it('is none that an experiment made', () => {
    const made = copy('of an experiment', { experiment: true });
    expect(() => chooseDefault(library, made)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }) as Error);
  });

  it('of a library of an older version stays what it was: the newest', () => {
    const db = new Database(':memory:');
    migrate(db, 7);
    const insert = db.prepare(
      "INSERT INTO network (uid, spec, bytes, parameters, embedded, created) VALUES (?, ?, 1, 1, ?, 'then')",
    );
    insert.run('a', JSON.stringify({ name: 'embedded' }), 1);
    insert.run('b', JSON.stringify({ name: 'newest of photos' }), 0);
    insert.run('c', JSON.stringify({ name: 'of edges', edges: {} }), 0);
    insert.run('d', JSON.stringify({ name: 'of an experiment', experiment: true }), 0);
    migrate(db);
    expect(
      db
        .prepare('SELECT takes, n.uid FROM network_choice c JOIN network n ON n.id = c.network_id ORDER BY takes')
        .raw()
        .all(),
    ).toEqual([
      ['edges', 'c'],
      ['photos', 'b'],
    ]);
  });
});

describe('a network that a person names', () => {
  const refusal = (wanted: string) => resolveNetwork(library, wanted, 'default').then(String, (e: unknown) => e);

  it('is found by hash, its beginning, or name', async () => {
    const own = copy('My network_1 %');
    for (const wanted of [own.uid, own.uid.toUpperCase(), own.uid.slice(0, 10), 'My network_1 %'])
      expect((await resolveNetwork(library, wanted, 'default')).uid).toBe(own.uid);
    expect((await resolveNetwork(library, 'embedded', 'default')).uid).toBe(embedded.uid);
    // Named or not, the default is the library's.
    for (const named of ['default', undefined])
      expect((await resolveNetwork(library, named, 'default')).uid).toBe(defaultNetworkOf(library).uid);
  });

  it.each(['zzz', 'proj', 'zoom', '%', '_', '', 'a', 'my network_1 %', 'My networkX1 %', 'of an experiment'])(
    'is refused where there is none: %j',
    async (wanted) => {
      expect(await refusal(wanted)).toMatchObject({
        code: 'NOT_FOUND',
        message: `The library has no network "${wanted}"`,
        hint: expect.stringContaining('My network_1 %') as string,
      });
    },
  );

  it('is refused and listed where two have the name', async () => {
    const [one, other] = [copy('twin'), copy('twin', { licence: 'another' })];
    const said = (await refusal('twin')) as { code: string; hint: string };
    expect(said.code).toBe('INPUT_INVALID');
    expect(said.hint).toContain(one.uid);
    expect(said.hint).toContain(other.uid);
  });

  it('is no folder that happens to have the name, and no file where the library has one, too', async () => {
    const before = cwd();
    const place = join(folder, 'place');
    mkdirSync(join(place, 'proj'), { recursive: true });
    writeFileSync(join(place, 'both'), 'no network');
    const both = copy('both');
    chdir(place);
    try {
      expect(await refusal('proj')).toMatchObject({ code: 'NOT_FOUND' });
      expect(await refusal('both')).toMatchObject({
        code: 'INPUT_INVALID',
        hint: expect.stringContaining(both.uid) as string,
      });
    } finally {
      chdir(before);
    }
  });

  it('is not used where its file is damaged, and is mended when it is stored again', () => {
    const row = copy('to be damaged');
    const file = library.file('networks', `${row.uid}.onnx`);
    const whole = loadNetwork(library, row);
    writeFileSync(file, 'damage');
    expect(() => loadNetwork(library, row)).toThrow(expect.objectContaining({ code: 'INPUT_CORRUPT', file }) as Error);
    expect(storeNetwork(library, whole.graph, row.spec, embedded.uid).uid).toBe(row.uid);
    expect(loadNetwork(library, networkRow(library, row.uid)).spec.name).toBe('to be damaged');
  });
});
