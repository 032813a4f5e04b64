/** Files that Covis wrote itself: disks fail, and libraries are handed on. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { featuresIn } from '../../../src/main/engine/features/store.ts';
import { decodeEdgeMap, encodeEdgeMap } from '../../../src/main/engine/edges/edge-map.ts';
import { parseLog } from '../../../src/main/engine/environment/log-file.ts';
import { readSettings, writeSettings } from '../../../src/main/engine/environment/settings.ts';
import { listTruths } from '../../../src/main/engine/evaluation/truths.ts';
import { readNpy, readNpyRows, writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { photoInfo, presentPhotos } from '../../../src/main/engine/library/photos.ts';
import { sealed, unsealed } from '../../../src/main/engine/library/seal.ts';
import { counts } from '../../../src/main/engine/library/tables/counts.ts';
import { listNetworks } from '../../../src/main/engine/network/networks.ts';
import { storedNetworks } from '../../../src/main/engine/network/zoo.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { DescriptorJournal } from '../../../src/main/engine/retrieval/journal.ts';
import { clusterDetail, covisibleViews, listClusters, viewPoints } from '../../../src/main/engine/sfm/clusters.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { readCheckpoint, writeCheckpoint } from '../../../src/main/engine/training/checkpoint.ts';
import { keyOf } from '../../../src/main/server/keys.ts';
import { CovisError } from '../../../src/shared/errors.ts';
import { somePoints, writePhoto, writeTextModel } from '../../support/colmap.ts';
import { filesOf } from '../seeds.ts';
import { notFinite, seed, type FuzzTarget, type Seed } from '../target.ts';

/** The library whose arrays are damaged again and again. */
let opened: Library | undefined;

/** A place of three photos with their model. */
export async function smallScene(folder: string): Promise<void> {
  const sees = [1, 2, 3, 4, 5, 6];
  writeTextModel(join(folder, 'sparse', '0'), {
    points: somePoints(6),
    images: ['a.jpg', 'b.jpg', 'c.jpg'].map((name, i) => ({ name, at: [0.2 * i, 0, 0] as const, sees })),
  });
  for (const [i, name] of ['a.jpg', 'b.jpg', 'c.jpg'].entries())
    await writePhoto(join(folder, 'images', name), i, [24, 18]);
}

/** A library of that place. */
export async function librarySeed(room: string): Promise<Seed> {
  await smallScene(join(room, 'scene'));
  const library = Library.create(join(room, 'library'));
  try {
    await importSources(library, { sources: [join(room, 'scene')] }, silentContext());
    library.db.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    library.close();
  }
  const files = [...filesOf(join(room, 'library'))].filter(([f]) => !/(-wal|-shm|\.sound)$/.test(f));
  return { name: 'library', files: new Map(files) };
}

/** Looks at all that a page shows first. */
function lookThrough(library: Library): void {
  counts(library);
  listNetworks(library);
  listTruths(library);
  for (const { hash } of presentPhotos(library)) photoInfo(library, hash);
  for (const { id } of listClusters(library)) {
    const { views } = clusterDetail(library, id);
    views.forEach((_, v) => {
      covisibleViews(library, id, v);
      viewPoints(library, id, v);
    });
  }
}

/** The database damaged, which is looked at when it is opened. */
const database: FuzzTarget = {
  name: 'own/library',
  seeds: async (room) => [await librarySeed(room)],
  read({ input, room }) {
    const path = join(room, 'opened');
    rmSync(path, { recursive: true, force: true });
    cpSync(input, path, { recursive: true });
    const file = join(path, 'library.db');
    let library: Library;
    try {
      library = Library.open(path);
    } catch (error) {
      // What is refused is left as it is.
      if (error instanceof CovisError && !readFileSync(file).equals(readFileSync(join(input, 'library.db'))))
        return 'a library that was refused was changed';
      throw error;
    }
    try {
      lookThrough(library);
      return undefined;
    } finally {
      library.close();
    }
  },
  mutates: (file) => file === 'library.db',
  share: 0.25,
};

/** Arrays beside a sound database damaged, which is looked at when they are read. */
const clusters: FuzzTarget = {
  name: 'own/clusters',
  seeds: async (room) => [await librarySeed(room)],
  read({ input, room }) {
    const path = join(room, 'clusters');
    if (opened?.path !== path) {
      cpSync(input, path, { recursive: true });
      opened = Library.open(path);
    }
    cpSync(join(input, 'clusters'), join(path, 'clusters'), { recursive: true });
    lookThrough(opened);
    return undefined;
  },
  mutates: (file) => file.endsWith('.npy'),
  share: 0.25,
};

const journal: FuzzTarget = {
  name: 'own/journal',
  seeds(room) {
    const j = new DescriptorJournal(join(room, 'j.part'), 4);
    for (const i of [1, 2, 3]) j.append(String(i).repeat(32), Float32Array.of(i, 2, 3, 4));
    j.close();
    return [seed('journal', { 'j.part': readFileSync(join(room, 'j.part')) })];
  },
  read({ input, room }) {
    const file = join(room, 'j.part');
    cpSync(join(input, 'j.part'), file);
    const j = new DescriptorJournal(file, 4);
    try {
      // Rows carry their digest: what is read is what was written.
      for (const key of j.keys()) {
        const row = j.get(key);
        if (row.length !== 4 || row[1] !== 2 || row[2] !== 3 || row[3] !== 4) return `row ${key} is ${row.join()}`;
      }
      return undefined;
    } finally {
      j.close();
    }
  },
};

const checkpoint: FuzzTarget = {
  name: 'own/checkpoint',
  seeds(room) {
    const position = {
      epoch: 1,
      round: 0,
      done: 2,
      tuples: [[1, 2]],
      sums: { loss: 0.5 },
      steps: 3,
      trained: 4,
      seconds: 1.5,
    };
    writeCheckpoint(join(room, 'c'), {
      position,
      arrays: [Float32Array.of(1, 2), Float32Array.of(3)],
      optimiserSteps: 3,
    });
    return [seed('checkpoint', { 'run.checkpoint': readFileSync(join(room, 'c')) })];
  },
  read({ input }) {
    const { position, arrays } = readCheckpoint(join(input, 'run.checkpoint'), [2, 1]);
    if (arrays.map((a) => a.length).join() !== '2,1') return 'its arrays are of other lengths';
    return notFinite({
      position: [position.epoch, position.done, position.seconds],
      sums: Object.values(position.sums),
    });
  },
};

const caches: FuzzTarget = {
  name: 'own/caches',
  async seeds() {
    const features = Buffer.alloc(8 + 2 * (16 + 128), 7);
    features.writeUInt32LE(0x31465643, 0);
    features.writeUInt32LE(2, 4);
    const map = await encodeEdgeMap({ width: 6, height: 4, data: Float32Array.from({ length: 24 }, (_, i) => i / 24) });
    return [seed('features', { 'a.sift1': sealed(features) }), seed('map', { 'a.png': sealed(map) })];
  },
  async read({ input }) {
    const [file = ''] = readdirSync(input);
    const bytes = readFileSync(join(input, file));
    if (file.endsWith('.sift1')) {
      const found = featuresIn(bytes);
      return found === undefined || found.length === 8 + found.readUInt32LE(4) * 144
        ? undefined
        : 'features of another length';
    }
    const content = unsealed(bytes);
    if (content === undefined) return undefined;
    try {
      return notFinite({ map: (await decodeEdgeMap(content)).data });
    } catch {
      // Its one caller takes what cannot be decoded for a map that is not there.
      return undefined;
    }
  },
};

const arrays: FuzzTarget = {
  name: 'own/arrays',
  seeds(room) {
    const make = (name: string, data: Parameters<typeof writeNpy>[1], shape: number[]): Seed => {
      writeNpy(join(room, name), data, shape);
      return seed(name, { 'a.npy': readFileSync(join(room, name)) });
    };
    return [
      make(
        'f',
        Float32Array.from({ length: 12 }, (_, i) => i),
        [4, 3],
      ),
      make(
        'u',
        Uint32Array.from({ length: 8 }, (_, i) => i),
        [8],
      ),
      make(
        'b',
        Uint8Array.from({ length: 32 }, (_, i) => i),
        [2, 16],
      ),
    ];
  },
  read({ input }) {
    const file = join(input, 'a.npy');
    const { shape, data } = readNpy(file);
    if (shape.reduce((a, b) => a * b, 1) !== data.length) return `${data.length} numbers of shape ${shape.join()}`;
    const [first = 0] = shape;
    for (const [from, count] of [
      [0, 1],
      [first, 2],
      [0, 1e6],
      [1e9, 1],
    ] as const)
      if (readNpyRows(file, from, count).length > data.length) return `more rows from ${from} than there are`;
    return undefined;
  },
};

/** What a person's folder holds: never worth an error at start. */
const person: FuzzTarget = {
  name: 'own/person',
  seeds: () => [
    seed('folder', {
      'settings.json': '{"theme":"dark","recent":["/a"],"unit":1}',
      'keys.json': `{"/tmp":{"token":"${'0a'.repeat(24)}","port":4000}}`,
      'networks/small.json': '{"id":"small","name":"Small","pixels":"torchvision","licence":"none","sha256":"00"}',
      'networks/small.onnx': 'x',
      'covis.log':
        '2026-01-02T03:04:05.678Z info  engine[12] text\n  more\n2026-01-02T03:04:05.678Z error part[3] text {"a":1}\n',
    }),
  ],
  mutates: (file) => !file.endsWith('.onnx'),
  read({ input, room }) {
    const home = join(room, 'person');
    rmSync(home, { recursive: true, force: true });
    mkdirSync(home);
    cpSync(input, home, { recursive: true });
    process.env['COVIS_SETTINGS'] = join(home, 'settings.json');
    process.env['COVIS_NETWORKS'] = join(home, 'networks');
    readSettings();
    writeSettings({});
    readSettings();
    keyOf(room);
    parseLog(readdirSync(home).includes('covis.log') ? readFileSync(join(home, 'covis.log'), 'utf8') : '');
    writeFileSync(join(home, 'seen'), '');
    storedNetworks();
    return undefined;
  },
};

export const OWN_TARGETS: readonly FuzzTarget[] = [database, clusters, journal, checkpoint, caches, arrays, person];
