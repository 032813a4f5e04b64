/** What people and jobs have made of the library of studio-library.ts: tuples, a training run, measurements, collections, reports. */
import type { AdaptReport } from '../../src/shared/facts/adapt.ts';
import { addPhotos } from '../../src/main/engine/collections/gather.ts';
import { commitCollection } from '../../src/main/engine/collections/commit.ts';
import { createCollection } from '../../src/main/engine/collections/store.ts';
import { defaultSize } from '../../src/main/engine/inputs/inputs.ts';
import { storeExperiment } from '../../src/main/engine/library/experiments.ts';
import { now, type Library } from '../../src/main/engine/library/library.ts';
import type { Random } from '../../src/main/engine/library/random.ts';
import { DEFAULT_MINING } from '../../src/main/engine/mining/candidates.ts';
import type { NetworkRow } from '../../src/main/engine/network/networks.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { DEFAULT_TRAINING } from '../../src/main/engine/training/presets.ts';
import type { StudioSize } from './studio-size.ts';

const EPOCHS = 20;
const JOBS = 150;
/** Of a measurement, one photo in so many asks. */
const ASKS = 10;
/** Every so many photos are in the second collection, which is not committed as it is. */
const GATHERED = 20;
const TAUGHT = 40;

/** Two mining runs, which differ in every tenth tuple. */
export function tuples(
  library: Library,
  network: NetworkRow,
  size: StudioSize,
  clusterOf: Uint32Array,
  r: Random,
): void {
  const { db } = library;
  const run = db.prepare(
    `INSERT INTO mining_run (id, created, network_id, set_key, set_name, seed, size, parameters, tuples, queries, mean_negative_distance)
     VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, 0.8)`,
  );
  const px = defaultSize(network.spec);
  const key = `${network.uid}-${px}`;
  const tuple = db.prepare(
    `INSERT INTO tuple (run_id, tuple_index, cluster_id, query, positive, shared, overlap, scale, positive_similarity, hardest,
       strategies, disagreement, suspicion, negatives, alternatives) VALUES (?, ?, ?, ?, ?, ?, ?, 1.1, ?, ?, 4, ?, ?, ?, '[]')`,
  );
  for (const id of [1, 2]) {
    run.run(
      id,
      now(),
      network.id,
      key,
      network.spec.name,
      px,
      JSON.stringify(DEFAULT_MINING),
      size.tuples,
      size.tuples,
    );
    for (let t = 0; t < size.tuples; t += 1) {
      const query = 1 + ((t * 2) % (size.photos - 1));
      const positive = query + (id === 2 && t % 10 === 0 && clusterOf[query + 1] === clusterOf[query - 1] ? 2 : 1);
      const negatives = Array.from({ length: 5 }, (_, n) => ({
        photo: 1 + r.below(size.photos),
        similarity: 0.7 - 0.05 * n - 0.02 * r.next(),
        rank: 10 + n,
        links: null,
        mutual: false,
        shared: 0,
      }));
      const [shared, similarity] = [30 + r.below(900), 0.6 + 0.4 * r.next()];
      tuple.run(
        ...[id, t, clusterOf[query - 1]!, query, positive, shared, 0.2 + 0.8 * r.next(), similarity],
        ...[negatives[0]!.similarity, t % 3, r.next(), JSON.stringify(negatives)],
      );
    }
  }
}

/** A training run, what was measured, and jobs that are done. */
export function records(library: Library, network: NetworkRow, size: StudioSize, r: Random): void {
  const { db } = library;
  db.prepare(
    `INSERT INTO training_run (id, created, state, pid, network_id, parameters, device, map_before) VALUES (1, ?, 'done', 1, ?, ?, 'CPU', 0.5)`,
  ).run(now(), network.id, JSON.stringify(DEFAULT_TRAINING));
  const epoch = db.prepare('INSERT INTO epoch (training_id, epoch, facts) VALUES (1, ?, ?)');
  for (let e = 1; e <= EPOCHS; e += 1) {
    const facts = {
      epoch: e,
      loss: 1 / e,
      negativeDistance: 0.8,
      activeNegatives: 0.4,
      map: 0.5 + 0.01 * e,
      p: 3,
      seconds: 9,
      skipped: 0,
    };
    epoch.run(e, JSON.stringify(facts));
  }
  const job = db.prepare(
    `INSERT INTO job (kind, title, params, state, pid, created, started, finished, warnings, result) VALUES ('duplicates', ?, '{}', 'done', 1, ?, ?, ?, '[]', ?)`,
  );
  for (let j = 0; j < JOBS; j += 1) {
    const at = new Date(1_700_000_000_000 + j * 60_000).toISOString();
    job.run(`Look for near duplicates ${j}`, at, at, at, JSON.stringify({ groups: j }));
  }
  const match = db.prepare('INSERT INTO photo_match (a, b, inliers, matches, confirmed) VALUES (?, ?, ?, ?, ?)');
  const pairs = new Uint8Array(Uint32Array.from({ length: 60 }, (_, k) => k >> 1).buffer);
  const confirmed = new Uint8Array(Uint32Array.from({ length: 20 }, (_, k) => k).buffer);
  for (let a = 1; a < size.photos; a += 2) match.run(a, a + 1, 10 + r.below(100), pairs, confirmed);
}

const hashOf = (library: Library): ((id: number) => string) => {
  const find = library.db.prepare('SELECT hash FROM photo WHERE id = ?').pluck();
  return (id) => find.get(id) as string;
};

/** Two methods under one protocol with a tenth of all photos as queries, the comparison of teacher and student, and the trade-off. */
export function measurements(library: Library, network: NetworkRow, size: StudioSize, r: Random): void {
  const { db } = library;
  const hash = hashOf(library);
  const queries = Math.floor(size.photos / ASKS);
  const add = db.prepare(
    `INSERT INTO measurement (created, set_key, set_name, method, parameters, truth, protocol, map, low, high, queries, facts)
     VALUES (?, ?, ?, ?, '{}', 'sfm 0', 'sfm-medium', 0.6, 0.58, 0.62, ?, ?)`,
  );
  const curve = Array.from({ length: 101 }, (_, i) => [i / 100, 1 - 0.007 * i]);
  for (const method of ['cosine', 'bow']) {
    const perQuery = Array.from({ length: queries }, (_, i) => {
      const positives = 1 + r.below(40);
      return {
        query: `IMG_${String(i * ASKS).padStart(6, '0')}.jpg`,
        index: i,
        ap: r.next(),
        positives,
        found: r.below(positives + 1),
        first: 1 + r.below(20),
        precisionAt: { '1': r.next(), '5': r.next(), '10': r.next() },
        photo: hash(i * ASKS + 1),
      };
    });
    const mpAtK = { '1': 0.8, '5': 0.7, '10': 0.6 };
    const facts = { text: 'geometry, medium', mpAtK, recallAtK: null, ukbench: null, skipped: 0, curve, perQuery };
    add.run(
      ...[now(), `${network.uid}-${defaultSize(network.spec)}`, network.spec.name, method, queries],
      JSON.stringify({ ...facts, msPerQuery: 1, offlineMs: 100 }),
    );
  }
  const done = db.prepare(
    `INSERT INTO job (kind, title, params, state, pid, created, started, finished, warnings, result) VALUES (?, ?, '{}', 'done', 1, ?, ?, ?, '[]', ?)`,
  );
  const at = now();
  const compared = [
    { method: 'BoW+R+QE', teacher: true, map: 0.6, measurement: 2 },
    { method: 'GeM', teacher: false, map: 0.62, measurement: 1 },
  ];
  done.run('teacher', 'Teacher against student', at, at, at, JSON.stringify(compared));
}

/** Everything in one collection with a version, every twentieth photo in another, some to teach by, and one by a rule. */
export async function collections(library: Library, size: StudioSize): Promise<void> {
  const all = createCollection(library, 'All photos').collection;
  const ids = Array.from({ length: size.photos }, (_, i) => i + 1);
  const addition = (photo: number): { photo: number } => ({ photo });
  addPhotos(library, all.uid, ids.map(addition));
  await commitCollection(library, { collection: all.uid, message: 'Everything' }, silentContext());
  // What came since the version is what is looked at in its history.
  const some = createCollection(library, 'Some').collection.uid;
  const every = (rest: number): { photo: number }[] => ids.filter((i) => i % GATHERED === rest).map(addition);
  addPhotos(library, some, every(1));
  await commitCollection(library, { collection: some, message: 'Some' }, silentContext());
  addPhotos(library, some, every(2));
  // What a person teaches by are tens, of one place.
  addPhotos(library, createCollection(library, 'Taught').collection.uid, ids.slice(0, TAUGHT).map(addition));
  createCollection(library, 'By rule', {
    kind: 'smart',
    rules: { is: 'size', field: 'width', from: 100 },
  });
}

/** What adapting said of the library. */
export function reports(library: Library, network: NetworkRow, size: StudioSize): void {
  const hash = hashOf(library);
  const name = { network: network.uid, name: network.spec.name };
  const of = (mean: number): { mean: number; low: number; high: number } => ({
    mean,
    low: mean - 0.02,
    high: mean + 0.02,
  });
  const moved = (from: number): AdaptReport['gained'] =>
    Array.from({ length: 5 }, (_, i) => {
      const found = (k: number): AdaptReport['gained'][number]['foundBefore'] =>
        Array.from({ length: 5 }, (_, n) => ({
          photo: hash(1 + ((from + i * 50 + k + n) % size.photos)),
          verdict: 'right',
        }));
      return {
        photo: hash(from + i),
        name: `IMG_${from + i}.jpg`,
        before: 0.4,
        after: 0.6,
        foundBefore: found(1),
        foundAfter: found(7),
      };
    });
  const counted = { queries: Math.floor(size.photos / ASKS), places: size.clusters };
  storeExperiment(library, 'adapt', '', {
    outcome: 'kept',
    said: 'Search stays as it was: what was learned is not better beyond chance.',
    protocol: 'new-photos',
    photos: size.photos,
    places: size.clusters,
    pairs: size.photos * size.pairsPerPhoto,
    geometry: '3D models',
    size: defaultSize(network.spec),
    seed: 0,
    protocols: [{ protocol: 'new-photos', possible: true, ...counted, missing: null }],
    guards: [{ name: 'minShared', label: 'Points in common', value: 10, why: 'half of all pairs share more' }],
    start: name,
    before: name,
    after: name,
    candidates: [
      { name: 'start', map: of(0.6), difference: null, why: null },
      { name: 'whitened', map: of(0.61), difference: of(0.01), why: null },
    ],
    chosen: 'start',
    figures: [
      {
        protocol: 'new-photos',
        learned: 'of nothing',
        ...counted,
        folds: 3,
        before: of(0.6),
        after: of(0.6),
        difference: of(0),
      },
    ],
    gained: moved(1),
    lost: moved(20),
    seconds: 600,
  });
}
