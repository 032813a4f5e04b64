/** What a library takes on its disk, kind by kind: what it is made of, what can go, and what stays for which reason. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import type { StorageItem, StoragePart } from '../../../shared/facts/storage.ts';
import { DERIVED, type Removable, type STAYS } from '../../../shared/facts/removable.ts';
import { logFailure, logger } from '../environment/log.ts';
import { databaseCopies } from '../library/copies.ts';
import type { Library } from '../library/library.ts';
import { integer, list, nullable, record, select, text } from '../library/rows.ts';
import { bytesOf, factOf, filesIn, type FileFact } from '../library/storage.ts';
import { defaultNetworks } from '../network/default-network.ts';
import { checkpointsOf } from '../training/checkpoint-retention.ts';
import { usedFiles } from './check-files.ts';
import { networksOf } from './storage-networks.ts';

export type Kind = Removable | (typeof STAYS)[number];

/** A thing of a kind with the files that it is made of. */
export interface Thing {
  readonly id: string;
  readonly name: string;
  readonly files: readonly FileFact[];
  readonly kept?: string | null;
  readonly firm?: boolean;
  /** Bytes that it takes inside the database. */
  readonly rows?: number;
  /** The network that it goes with. */
  readonly network?: string | undefined;
}

/** A kind with its things. */
export interface Part {
  readonly kind: Kind;
  readonly title: string;
  readonly from: string;
  readonly again: string;
  readonly things: readonly Thing[];
}

const WORDS: Readonly<Record<Kind, readonly [title: string, from: string, again: string]>> = {
  thumbnails: ['Thumbnails', 'photos', 'Made again when a photo is looked at.'],
  edges: ['Edge maps', 'photos and an edge detector', 'Made again when drawings are prepared or searched.'],
  features: ['Local features', 'photos', 'Computed again by covis cluster, covis teacher and ranking by visual words.'],
  teacher: [
    'Visual words',
    'local features',
    'Trained again, on the photos that are there then, when they are needed.',
  ],
  descriptors: [
    'Descriptors',
    'photos and a network',
    'Computed again by covis extract, with the network and at the size.',
  ],
  regions: ['Descriptors of regions', 'photos and a network', 'Computed again by covis descriptors --regions.'],
  maps: [
    'Maps and neighbours',
    'descriptors',
    'Computed again from the Map view, and when the Manifold view needs them.',
  ],
  matches: [
    'Matches of photos',
    'local features',
    'Found again by covis cluster on the same folder, which can take hours. They lie in the database: compact it afterwards.',
  ],
  'gone-photos': [
    'Thumbnails, edge maps and features of photos that are gone',
    'photos whose files are no more',
    'Made again should the photos come back.',
  ],
  experiments: [
    'Networks of experiments',
    'training within covis ladder',
    'Trained again by the same covis ladder. Its reports and runs stay.',
  ],
  checkpoints: [
    'Checkpoints of runs that ended early',
    'training',
    'Not made again: such a run is then started anew. Its record and what it had learned stay.',
  ],
  scenes: [
    'Scenes that grew into others',
    'photos, by COLMAP',
    'Not needed: the larger scene holds their photos. Models of theirs that are damaged can then not be repaired.',
  ],
  unfinished: [
    'Descriptors of extractions that were cut short',
    'photos and a network',
    'covis extract goes on from them; without them it begins anew.',
  ],
  leftovers: ['Files that nothing refers to', 'work that was cut short', 'Not needed.'],
  copies: [
    'Copies of the database from before an update',
    'the database',
    'Not made again: with them an older Covis can be gone back to.',
  ],
  database: ['Database', 'decisions, runs, clusters, records', 'Never removed.'],
  models: ['Points of models', 'models that were imported or built', 'Never removed: the models may be gone.'],
  networks: [
    'Networks',
    'training, or files that were added',
    'Not made again alike: it is added or trained again. Removed one by one, where nothing needs it.',
  ],
  detectors: ['Edge detectors', 'files that were added', 'Never removed: networks of edges need them.'],
  imported: [
    'Descriptors of other programs',
    'files that were imported',
    'Taken out one by one, in Search or by covis descriptors --remove.',
  ],
  other: ['Other files in the folder', 'something else', 'Never removed: they are not of Covis.'],
};

const CACHES = ['thumbnails', 'edges', 'features'] as const;
const HASH_CHARS = 32;

/** A file with its path below the library, in parts. */
interface Placed extends FileFact {
  readonly at: readonly string[];
}

/** Folders with files for each photo, cluster or scene, and the kinds that cannot be told without looking at each of them. */
const FULL = ['thumbnails', 'edges', 'features', 'clusters', 'scenes', 'staging'] as const;
const OF_FULL: readonly Kind[] = [
  'thumbnails',
  'edges',
  'features',
  'gone-photos',
  'scenes',
  'leftovers',
  'models',
  'other',
];

/** What {@link storageParts} leaves out where it looks at few files, as its parts are called. */
export const leftOut = (): string[] => OF_FULL.map((kind) => WORDS[kind][0]);

/** Everything that a library takes. @param look `few`: without what takes looking at files of every photo, cluster and scene. @param now for tests. */
export async function storageParts(library: Library, look: 'all' | 'few' = 'all', now = Date.now()): Promise<Part[]> {
  const few = look === 'few';
  const files = (await filesIn(library.path, 'links too', few ? FULL : [])).map((f): Placed => ({
    ...f,
    at: relative(library.path, f.path).split(sep),
  }));
  const things = new Map<Kind, Thing[]>();
  const add = (kind: Kind, thing: Thing): void => {
    if (thing.files.length === 0 && (thing.rows ?? 0) === 0) return;
    const known = things.get(kind);
    if (known === undefined) things.set(kind, [thing]);
    else known.push(thing);
  };
  const all = (kind: Kind, of: readonly FileFact[]): void => add(kind, { id: 'all', name: 'All', files: of });
  const firm = (kind: Kind, of: readonly FileFact[]): void =>
    add(kind, { id: 'all', name: 'All', files: of, kept: WORDS[kind][2], firm: true });

  const scenes: ReadonlyMap<string, ReadonlySet<string>> = few ? new Map() : finishedScenes(library);
  const used = usedFiles(library);
  // What nothing refers to lies among the rest.
  const isLeftover = ({ at, path, modified }: Placed): boolean =>
    now - modified > SETTLED_MS &&
    (used[at[0]!]?.(path) === false ||
      at[0] === 'staging' ||
      path.endsWith('.tmp') ||
      isHalfMade(at) ||
      (at[0] === 'scenes' && at.length > 2 && !scenes.has(at[1]!)));
  const [leftovers, rest] = parted(files, isLeftover);
  all('leftovers', leftovers);
  const present = new Set(few ? [] : select(library.db, 'SELECT hash FROM present_photo', text).all());
  const isOfGone = ({ at }: Placed): boolean =>
    CACHES.includes(at[0] as never) && at.length > 1 && !present.has(at.at(-1)!.slice(0, HASH_CHARS));
  const [ofGone, there] = parted(rest, isOfGone);
  all('gone-photos', ofGone);
  const folders = grouped(there, (f) => (f.at.length === 1 ? '' : f.at[0]!));
  const inFolder = (name: string): Placed[] => {
    const of = folders.get(name) ?? [];
    folders.delete(name);
    return of;
  };

  all('thumbnails', inFolder('thumbnails'));
  for (const [id, of] of grouped(inFolder('edges'), (f) => f.at[1]!))
    add('edges', { id, name: `Detector ${id.replace(/-(\d+)$/, ', $1 px')}`, files: of });
  all('features', inFolder('features'));
  all('teacher', inFolder('teacher'));
  for (const [kind, thing] of descriptorThings(library, inFolder('descriptors'))) add(kind, thing);
  const networks = grouped(inFolder('networks'), (f) => basename(f.path, '.onnx'));
  for (const { uid, name, experiment, kept, firm: needed } of networksOf(library))
    add(experiment ? 'experiments' : 'networks', {
      id: uid,
      name,
      kept,
      firm: needed,
      network: uid,
      files: networks.get(uid) ?? [],
    });
  const runs = grouped(inFolder('runs'), (f) => f.path);
  for (const { run, path, state, kept, firm: needed } of checkpointsOf(library))
    add('checkpoints', {
      id: String(run),
      name: `Training run ${run}${state === 'done' ? ', which is done' : ''}`,
      files: runs.get(path) ?? [],
      kept,
      firm: needed,
    });
  for (const [id, of] of grouped(inFolder('scenes'), (f) => f.at[1]!)) {
    const kept = isSuperseded(scenes, id) ? null : 'new photos are registered into it';
    add('scenes', { id, name: `Scene ${id}`, files: of, kept, firm: kept !== null });
  }
  firm('models', inFolder('clusters'));
  firm('detectors', inFolder('detectors'));
  add('matches', { id: 'all', name: 'All', files: [], rows: matchBytes(library) });
  const copies = new Map(databaseCopies(library.path).map((c) => [c.path, c.before]));
  const [ofDatabase, others] = parted(inFolder(''), ({ path, at }) => copies.has(path) || isDatabase(at[0]!));
  for (const file of ofDatabase) {
    const before = copies.get(file.path);
    if (before !== undefined) add('copies', { id: String(before), name: `Before version ${before}`, files: [file] });
  }
  // Who has it open stands beside it.
  const opened = [...inFolder('leases'), ...inFolder('hosts')];
  firm('database', [...ofDatabase.filter((f) => !copies.has(f.path)), ...opened]);
  firm('other', [...others, ...[...folders.values()].flat()]);
  return (Object.keys(WORDS) as Kind[]).flatMap((kind) => {
    const [title, from, again] = WORDS[kind];
    const of = few && OF_FULL.includes(kind) ? undefined : things.get(kind);
    return of === undefined ? [] : [{ kind, title, from, again, things: of }];
  });
}

function parted(files: readonly Placed[], test: (f: Placed) => boolean): [Placed[], Placed[]] {
  const yes: Placed[] = [];
  const no: Placed[] = [];
  for (const f of files) (test(f) ? yes : no).push(f);
  return [yes, no];
}

const isDatabase = (name: string): boolean => /^library\.(db(-wal|-shm)?|sound)$/.test(name);

/** Files younger than this may be in the making. */
const SETTLED_MS = 10 * 60_000;

/** A database that was being made or copied when its program ended. */
const isHalfMade = (at: readonly string[]): boolean =>
  at.length === 1 && /^library\.db\.[0-9a-f]{8}-[0-9a-f-]{27}(-wal|-shm|-journal)?$/.test(at[0]!);

/** Photos of the scenes that COLMAP has finished, by key; none for one whose list is damaged. */
function finishedScenes(library: Library): Map<string, ReadonlySet<string>> {
  const out = new Map<string, ReadonlySet<string>>();
  for (const key of readdirSync(library.file('scenes'))) {
    const done = library.file('scenes', key, 'done.json');
    if (!existsSync(done)) continue;
    let hashes: unknown;
    try {
      ({ hashes } = JSON.parse(readFileSync(done, 'utf8')) as { hashes?: unknown });
    } catch (error) {
      logFailure(logger('storage'), `${done} cannot be read`, error);
    }
    out.set(key, new Set(Array.isArray(hashes) ? (hashes as string[]) : []));
  }
  return out;
}

/** True where another finished scene has all of its photos and more. */
function isSuperseded(scenes: ReadonlyMap<string, ReadonlySet<string>>, key: string): boolean {
  const own = scenes.get(key) ?? new Set();
  return (
    own.size > 0 && [...scenes.values()].some((other) => other.size > own.size && [...own].every((h) => other.has(h)))
  );
}

function matchBytes(library: Library): number {
  return select(
    library.db,
    'SELECT COALESCE(SUM(LENGTH(matches) + LENGTH(confirmed) + 16), 0) FROM photo_match',
    integer,
  ).one();
}

function grouped<F extends FileFact>(files: readonly F[], of: (f: F) => string): Map<string, F[]> {
  const out = new Map<string, F[]>();
  for (const f of files) {
    const key = of(f);
    const group = out.get(key);
    if (group === undefined) out.set(key, [f]);
    else group.push(f);
  }
  return out;
}

function descriptorThings(library: Library, files: readonly FileFact[]): [Kind, Thing][] {
  const defaults = new Map(defaultNetworks(library).map((d) => [d.network, d.takes]));
  const own = new Map(
    select(
      library.db,
      "SELECT n.uid || '-' || d.size, json_extract(n.spec, '$.name') || ', ' || d.size || ' px', n.uid FROM descriptor_set d JOIN network n ON n.id = d.network_id",
      list(text, text, text),
    )
      .all()
      .map(([key, name, network]) => [key, { name, network }]),
  );
  const stored = new Map(
    select(
      library.db,
      'SELECT v.uid, v.name, n.uid AS network FROM vector_set v LEFT JOIN network n ON n.id = v.network_id',
      record({ uid: text, name: text, network: nullable(text) }),
    )
      .all()
      .map((v) => [v.uid, v]),
  );
  const out: [Kind, Thing][] = [];
  for (const [key, of] of grouped(files, (f) => basename(f.path).replace(/\..*$/, ''))) {
    const parts = of.filter((f) => /\.(part|lock|owner)$/.test(f.path));
    const maps = of.filter((f) => /\.(map(-ids)?\.npy|neighbours\.bin)$/.test(f.path));
    const rest = of.filter((f) => !parts.includes(f) && !maps.includes(f));
    const set = stored.get(key);
    const name = own.get(key)?.name ?? set?.name ?? key;
    const network = set === undefined ? key.replace(/-.*$/, '') : (set.network ?? undefined);
    const common = { id: key, name, network };
    out.push(['maps', { ...common, files: maps }], ['unfinished', { ...common, files: parts }]);
    if (set === undefined) {
      const takes = defaults.get(own.get(key)?.network ?? '');
      const kept = takes === undefined ? null : `they are of the default network for ${takes}`;
      out.push(['descriptors', { ...common, files: rest, kept }]);
    } else if (set.network !== null) out.push(['regions', { ...common, files: rest }]);
    else out.push(['imported', { id: key, name, files: rest, kept: WORDS.imported[2], firm: true }]);
  }
  return out;
}

const writtenOf = (files: readonly FileFact[]): string | null =>
  files.length === 0 ? null : new Date(files.reduce((n, f) => Math.max(n, f.modified), 0)).toISOString();

/** A kind as others see it. */
export function partInfo(part: Part): StoragePart {
  const items = part.things.map((t): StorageItem => ({
    id: t.id,
    name: t.name,
    bytes: bytesOf(t.files) + (t.rows ?? 0),
    files: t.files.length,
    written: writtenOf(t.files),
    kept: t.kept ?? null,
    firm: t.firm ?? false,
    network: t.network ?? null,
  }));
  const removable = isRemovable(part.kind);
  const sum = (of: readonly StorageItem[]): number => of.reduce((n, i) => n + i.bytes, 0);
  return {
    kind: part.kind,
    title: part.title,
    from: part.from,
    again: part.again,
    removable,
    derived: (DERIVED as readonly Kind[]).includes(part.kind),
    bytes: sum(items),
    files: items.reduce((n, i) => n + i.files, 0),
    goes: removable ? sum(items.filter((i) => i.kept === null)) : 0,
    items: items.sort((a, b) => b.bytes - a.bytes),
  };
}

const NEVER: readonly Kind[] = ['database', 'models', 'networks', 'detectors', 'imported', 'other'];

export function isRemovable(kind: Kind): kind is Removable {
  return !NEVER.includes(kind);
}

/** The size of the database as it lies there. */
export async function databaseBytes(library: Library): Promise<number> {
  const facts = await Promise.all(['', '-wal', '-shm'].map((end) => factOf(join(library.path, `library.db${end}`))));
  return bytesOf(facts.filter((f) => f !== undefined));
}
