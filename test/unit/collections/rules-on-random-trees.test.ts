import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describePhotos } from '../../../src/main/engine/collections/fold-items.ts';
import { addPhotos, removePhotos } from '../../../src/main/engine/collections/gather.ts';
import { createCollection } from '../../../src/main/engine/collections/store.ts';
import { answerRule } from '../../../src/main/engine/collections/rules.ts';
import { loadSet } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { dot, row } from '../../../src/main/engine/retrieval/rank.ts';
import type { Rule, RuleLeaf } from '../../../src/shared/facts/collection-rules.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { decide } from '../../../src/main/engine/mining/decisions.ts';
import { random, type Random } from '../../../src/main/engine/library/random.ts';
import { syntheticLibrary } from '../../support/synthetic-library.ts';

/** Everything of a photo that rules can ask for, as plain values. */
interface Plain {
  readonly id: number;
  readonly names: readonly string[];
  readonly scenes: readonly string[];
  readonly clusters: readonly string[];
  readonly place: number;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  readonly taken: number | null;
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly camera: string | null;
  readonly sharpness: number | null;
  readonly vector: Float32Array;
  readonly fold: 'under' | 'head' | null;
  readonly judged: boolean;
  readonly fields: ReadonlyMap<string, Readonly<Record<string, readonly string[]>>>;
  readonly hash: string;
}

const folder = mkdtempSync(join(tmpdir(), 'covis-rules-'));
const PHOTOS = 90;
const NAMES = ['a%b_1.jpg', 'dir/Tower 2.JPG', 'deep/er/tower*.png', 'x_y.jpg', 'Été.jpg', '100%.jpg'];
const CAMERAS = ['Canon EOS 5D', 'NIKON D70', 'canon', 'a_b', null];
let library: Library;
let plain: Plain[] = [];
let set = '';

beforeAll(async () => {
  const made = syntheticLibrary(join(folder, 'lib'), {
    photos: PHOTOS,
    clusters: 6,
    dim: 8,
    pairsPerPhoto: 2,
    seed: 4,
  });
  library = made.library;
  set = `${made.network.uid}-320`;
  const r = random(1);
  const { db } = library;
  const pick = <T>(of: readonly T[]): T => of[r.below(of.length)]!;
  const maybe = <T>(v: T): T | null => (r.next() < 0.3 ? null : v);
  db.prepare('UPDATE photo SET place = (SELECT scene_id FROM photo_file f WHERE f.photo_id = photo.id)').run();
  for (let id = 1; id <= PHOTOS; id += 1) {
    db.prepare(
      'UPDATE photo SET width = ?, height = ?, bytes = ?, taken = ?, latitude = ?, longitude = ?, camera = ? WHERE id = ?',
    ).run(
      100 * (1 + r.below(9)), 100 * (1 + r.below(9)), r.below(5000), maybe(r.below(2_000_000_000)),
      maybe(r.between(-80, 80)), maybe(r.between(-180, 180)), pick(CAMERAS), id,
    ); // prettier-ignore
    db.prepare('UPDATE photo_file SET name = ? WHERE photo_id = ?').run(`${id}/${pick(NAMES)}`, id);
    if (r.next() < 0.7)
      db.prepare('INSERT INTO photo_quality VALUES (?, 1, ?, 0.5, 0, 0, 7, 20, 0)').run(id, r.between(0, 50));
  }
  db.prepare("INSERT INTO photo_fold VALUES (5, 'under', 6, 'proposal'), (7, 'under', 6, 'person'), (8, 'alone', NULL, 'person')").run(); // prettier-ignore
  const own = createCollection(library, 'Towers', { fields: { creator: ['Ada'] } }).collection.uid;
  addPhotos(
    library,
    own,
    Array.from({ length: 30 }, (_, i) => ({ photo: 1 + 2 * i })),
  );
  describePhotos(library, own, [1, 3, 5], () => '{"title":["A tower","100%"]}');
  describePhotos(library, own, [7], () => '{"creator":["Grace"],"we\\"ird":["x"]}');
  const other = createCollection(library, 'Others').collection.uid;
  addPhotos(library, other, [{ photo: 2 }, { photo: 3 }, { photo: 90 }]);
  removePhotos(library, other, [90]);
  const smart = createCollection(library, 'Wide', { kind: 'smart', rules: { is: 'size', field: 'width', from: 500 } });
  addPhotos(library, smart.collection.uid, [{ photo: 4 }]);
  removePhotos(library, smart.collection.uid, [10, 11, 12, 13], true);
  decide(library, 'accept', [{ query: 20, other: 21, aspect: 'positive', verdict: 'accept' }]);
  // One photo whose file is gone: no rule gives it.
  db.prepare('DELETE FROM photo_file WHERE photo_id = 33').run();
  plain = await plainPhotos();
});
afterAll(() => {
  library.close();
  rmSync(folder, { recursive: true });
});

/** Reads everything out by questions of one table each. */
async function plainPhotos(): Promise<Plain[]> {
  const { db } = library;
  const all = <T>(sql: string, ...p: unknown[]): T[] => db.prepare(sql).all(...p) as T[];
  const vectors = await loadSet(library, set);
  const sharp = new Map(all<{ photo_id: number; sharpness: number }>('SELECT * FROM photo_quality').map((q) => [q.photo_id, q.sharpness])); // prettier-ignore
  const folds = all<{ photo_id: number; head_id: number | null }>('SELECT * FROM photo_fold');
  const verdicts = all<{ a: number; b: number }>('SELECT a, b FROM verdict');
  const collections = all<{ id: number; name: string; fields: string }>('SELECT id, name, fields FROM collection');
  const items = all<{ collection_id: number; photo_id: number; fields: string | null }>('SELECT * FROM collection_item WHERE member = 1'); // prettier-ignore
  return all<Plain & { id: number }>('SELECT * FROM photo ORDER BY id')
    .filter((p) => p.id !== 33)
    .map((p) => ({
      ...p,
      names: all<{ name: string }>('SELECT name FROM photo_file WHERE photo_id = ?', p.id).map((f) => f.name),
      scenes: all<{ name: string }>('SELECT s.name FROM scene s JOIN photo_file f ON f.scene_id = s.id WHERE f.photo_id = ?', p.id).map((s) => s.name), // prettier-ignore
      clusters: all<{ name: string }>('SELECT c.name FROM cluster_all c JOIN view_all v ON v.cluster_id = c.id WHERE v.photo_id = ?', p.id).map((s) => s.name), // prettier-ignore
      sharpness: sharp.get(p.id) ?? null,
      vector: row(vectors.vectors, [...vectors.ids].indexOf(p.id)),
      fold: folds.some((f) => f.photo_id === p.id && f.head_id !== null) ? 'under' : folds.some((f) => f.head_id === p.id) ? 'head' : null, // prettier-ignore
      judged: verdicts.some((v) => v.a === p.id || v.b === p.id),
      fields: new Map(
        items
          .filter((i) => i.photo_id === p.id)
          .map((i) => {
            const c = collections.find((k) => k.id === i.collection_id)!;
            const both = { ...JSON.parse(c.fields), ...JSON.parse(i.fields ?? '{}') } as Record<string, string[]>;
            return [c.name, both] as const;
          }),
      ),
    }));
}

const inRange = (v: number | null, r: { from?: number | undefined; to?: number | undefined }): boolean =>
  v !== null && v >= (r.from ?? -Infinity) && v <= (r.to ?? Infinity);
const folded = (t: string): string => t.normalize('NFC').toLowerCase();

/** A pattern by the book: each `*` tries every rest. */
function matches(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] === '*') return Array.from({ length: text.length + 1 }, (_, i) => i).some((i) => matches(pattern.slice(1), text.slice(i))); // prettier-ignore
  return text !== '' && (pattern[0] === '?' || pattern[0] === text[0]) && matches(pattern.slice(1), text.slice(1));
}

function kilometres(a: Plain, latitude: number, longitude: number): number {
  const rad = (d: number): number => (d * Math.PI) / 180;
  const point = (la: number, lo: number): number[] => [
    Math.cos(rad(la)) * Math.cos(rad(lo)), Math.cos(rad(la)) * Math.sin(rad(lo)), Math.sin(rad(la)),
  ]; // prettier-ignore
  return (
    6371.0088 * Math.acos(Math.max(-1, Math.min(1, dot(point(a.latitude!, a.longitude!), point(latitude, longitude)))))
  );
}

function scores(r: Extract<RuleLeaf, { is: 'like' }>): Map<number, number> {
  const positive = r.exemplars.positive!.map((h) => plain.find((p) => p.hash === h)!.vector);
  return new Map(
    plain.map((p) => {
      const all = positive.map((v) => dot(v, p.vector));
      return [p.id, r.method === 'best' ? Math.max(...all) : all.reduce((a, b) => a + b, 0) / all.length];
    }),
  );
}

const SMART: Rule = { is: 'size', field: 'width', from: 500 };

/** What a rule says, condition by condition and photo by photo. */
function literal(r: Rule, p: Plain): boolean {
  switch (r.is) {
    case 'all':
      return r.of.every((o) => literal(o, p));
    case 'any':
      return r.of.some((o) => literal(o, p));
    case 'not':
      return !literal(r.of, p);
    case 'like': {
      const of = scores(r);
      if (r.least !== undefined) return of.get(p.id)! >= r.least;
      const order = [...of].sort(([i, a], [j, b]) => b - a || i - j).map(([id]) => id);
      return order.indexOf(p.id) < r.top!;
    }
    case 'cluster':
      return r.clusters.some((c) => p.clusters.includes(c));
    case 'place':
      return r.names.some((n) => Number(n.replace('place_', '')) + 1 === p.place);
    case 'scene':
      return r.scenes.some((s) => p.scenes.includes(s));
    case 'taken': {
      const year = p.taken === null ? null : new Date(1000 * p.taken).getUTCFullYear();
      return inRange(year, { from: r.from === undefined ? undefined : Number(r.from), to: r.to === undefined ? undefined : Number(r.to) }); // prettier-ignore
    }
    case 'box':
      return (
        inRange(p.latitude, { from: r.south, to: r.north }) && p.longitude !== null &&
        (r.west <= r.east ? inRange(p.longitude, { from: r.west, to: r.east }) : p.longitude >= r.west || p.longitude <= r.east)
      ); // prettier-ignore
    case 'near':
      return p.latitude !== null && p.longitude !== null && kilometres(p, r.latitude, r.longitude) <= r.km;
    case 'camera':
      if (r.how === 'known' || p.camera === null) return p.camera !== null && r.how === 'known';
      return r.how === 'is' ? folded(p.camera) === folded(r.text!) : folded(p.camera).includes(folded(r.text!));
    case 'size': {
      const of = { width: p.width, height: p.height, bytes: p.bytes, megapixels: (p.width * p.height) / 1e6, long: Math.max(p.width, p.height), short: Math.min(p.width, p.height) }; // prettier-ignore
      return inRange(of[r.field], r);
    }
    case 'quality':
      return r.field === 'aspect' ? inRange(p.width / p.height, r) : inRange(p.sharpness, r);
    case 'folded':
      return p.fold !== null && (r.as === 'either' || p.fold === r.as);
    case 'in':
      if (r.collection !== 'Wide') return p.fields.has(r.collection);
      return (literal(SMART, p) || p.id === 4) && !(p.id >= 10 && p.id <= 13);
    case 'loose':
      return p.fields.size === 0;
    case 'field':
      return [...p.fields].some(([name, fields]) => {
        const values = fields[r.field] ?? [];
        if (r.collection !== undefined && r.collection !== name) return false;
        if (r.how === 'has') return values.length > 0;
        return values.some((v) => (r.how === 'is' ? v === r.text : folded(v).includes(folded(r.text!))));
      });
    case 'decided':
      return p.judged && (r.verdict === undefined || r.verdict === 'accept');
    case 'name':
      return p.names.some((n) =>
        matches(folded(r.pattern), folded(r.pattern.includes('/') ? n : n.split('/').at(-1)!)),
      );
    case 'duplicate':
      return false;
  }
}

function leaf(r: Random): RuleLeaf {
  const pick = <T>(of: readonly T[]): T => of[r.below(of.length)]!;
  const some = (): { from?: number; to?: number } =>
    pick([{ from: 300 }, { to: 600 }, { from: 200, to: 700 }, { from: 0.3 }, { to: 1.2 }, { from: 10, to: 30 }]);
  const exemplars = { positive: Array.from({ length: 1 + r.below(3) }, () => pick(plain).hash) };
  return pick<() => RuleLeaf>([
    () => ({ is: 'like', exemplars, set, method: pick(['best', 'mean'] as const), ...(r.next() < 0.5 ? { top: 1 + r.below(40) } : { least: r.between(-0.2, 0.6) }) }), // prettier-ignore
    () => ({ is: 'cluster', clusters: [`place_${r.below(6)}`, `place_${r.below(6)}`] }),
    () => ({ is: 'place', names: [`place_${r.below(6)}`] }),
    () => ({ is: 'scene', scenes: [`place_${r.below(6)}`] }),
    () => ({ is: 'taken', ...pick([{ from: '1990' }, { to: '2005' }, { from: '1985', to: '2010' }]) }),
    () => ({ is: 'box', south: r.between(-80, 0), north: r.between(0, 80), west: r.between(-180, 180), east: r.between(-180, 180) }), // prettier-ignore
    () => ({ is: 'near', latitude: r.between(-90, 90), longitude: r.between(-180, 180), km: r.between(100, 12_000) }),
    () => ({ is: 'camera', ...pick([{ how: 'known' as const }, { how: 'is' as const, text: 'CANON' }, { how: 'contains' as const, text: 'a_b' }, { how: 'contains' as const, text: 'n' }]) }), // prettier-ignore
    () => ({ is: 'size', field: pick(['width', 'height', 'long', 'short', 'megapixels', 'bytes'] as const), ...some() }),
    () => ({ is: 'quality', field: pick(['sharpness', 'aspect'] as const), ...some() }),
    () => ({ is: 'folded', as: pick(['under', 'head', 'either'] as const) }),
    () => ({ is: 'in', collection: pick(['Towers', 'Others', 'Wide']) }),
    () => ({ is: 'loose' }),
    () => ({ is: 'field', field: pick(['title', 'creator', 'we"ird', 'none']), ...pick([{ how: 'has' as const }, { how: 'is' as const, text: 'Ada' }, { how: 'contains' as const, text: '0%' }, { how: 'contains' as const, text: 'TOWER' }]), ...(r.next() < 0.5 ? { collection: pick(['Towers', 'Others']) } : {}) }), // prettier-ignore
    () => ({ is: 'decided', ...(r.next() < 0.5 ? { verdict: pick(['accept', 'reject'] as const) } : {}) }),
    () => ({ is: 'name', pattern: pick(['tower*', '*%*', 'a%b?1.jpg', '*/deep/*', 'ÉTÉ.jpg', '?_?.jpg', '*.JPG', 'tower*.png']) }),
  ])(); // prettier-ignore
}

function tree(r: Random, depth: number): Rule {
  const kind = depth === 0 ? 0.9 : r.next();
  if (kind < 0.25) return { is: 'not', of: tree(r, depth - 1) };
  if (kind < 0.6)
    return { is: r.next() < 0.5 ? 'all' : 'any', of: Array.from({ length: r.below(4) }, () => tree(r, depth - 1)) };
  return leaf(r);
}

it('gives what each condition says of each photo, on two hundred random trees', async () => {
  const r = random(11);
  let [some, conditions] = [0, 0];
  for (let i = 0; i < 200; i += 1) {
    const rule = i < 80 ? leaf(r) : tree(r, 3);
    const expected = plain.filter((p) => literal(rule, p)).map((p) => p.id);
    const found = await answerRule(library, rule);
    expect(found.photos, JSON.stringify(rule)).toEqual(expected);
    if (expected.length > 0 && expected.length < plain.length) some += 1;
    conditions += JSON.stringify(rule).split('"is"').length - 1;
  }
  // Rules that give all or nothing would show little.
  expect(some).toBeGreaterThan(100);
  expect(conditions).toBeGreaterThan(300);
});
