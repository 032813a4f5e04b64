import { CovisError } from '../../../shared/errors.ts';
import type { ProtocolMeasure, ProtocolState } from '../../../shared/facts/adapt.ts';
import { ADAPT_PROTOCOL_NAMES, type AdaptProtocol } from '../../../shared/facts/adapt-names.ts';
import { counted } from '../../../shared/counted.ts';
import type { Library } from '../library/library.ts';
import { integer, list, nullable, record, select } from '../library/rows.ts';
import { covisiblePairs } from '../mining/candidates.ts';
import { judgements } from '../mining/decisions.ts';
import { separation } from '../mining/separation.ts';
import type { DescriptorSet } from '../retrieval/extract.ts';
import { RELEVANT_SHARED } from '../sfm/covisibility.ts';
import { MIN_INLIERS } from '../sfm/match-tracks.ts';
import { unplacedPhotos } from '../sfm/places.ts';
import { overPlaces } from './over-places.ts';
import { ask, drawFold, protocolStates, type Described, type Drawing, type Geometry } from './protocols.ts';

/**
 * What the library's geometry and its people say of the photos that are there: the rule of the protocol sfm. Relevant are photos of a cluster
 * that share {@link RELEVANT_SHARED} points and that nobody refused.
 * @param upTo leaves photos out that came after this one.
 */
export function libraryGeometry(library: Library, upTo = Number.POSITIVE_INFINITY): Geometry {
  const { db } = library;
  const decided = judgements(library);
  const apart = separation(library, decided);
  const rows = select(
    db,
    'SELECT id, place, taken FROM present_photo ORDER BY id',
    record({ id: integer, place: integer, taken: nullable(integer) }),
  )
    .all()
    .filter((r) => r.id <= upTo);
  const rowOf = new Map(rows.map((r, i) => [r.id, i]));
  const unplaced = unplacedPhotos(library);
  const inCluster = new Set(select(db, 'SELECT DISTINCT photo_id FROM view WHERE photo_id IS NOT NULL', integer).all());
  const folded = new Map(select(db, 'SELECT photo_id, head_id FROM folded_photo', list(integer, integer)).all());
  const group = Int32Array.from(rows, (r) => apart.groupOf(r.id));
  const pairs = new Map<number, [number, number, number]>();
  for (const p of covisiblePairs(library, RELEVANT_SHARED)) {
    const [a, b] = [rowOf.get(p.query), rowOf.get(p.other)];
    if (a === undefined || b === undefined || a >= b || !decided.mayMatch(p.query, p.other)) continue;
    const at = a * rows.length + b;
    pairs.set(at, [a, b, Math.max(p.shared, pairs.get(at)?.[2] ?? 0)]);
  }
  const relevant = [...pairs.entries()].sort(([x], [y]) => x - y).map(([, p]) => p);
  const unsure = bothWays<number>();
  // Of photos that were refused as different, and of those without a model that a person joined, one by one.
  const people = select(
    db,
    "SELECT a, b FROM verdict WHERE aspect = 'negative' AND verdict IN ('reject', 'same-object') ORDER BY a, b",
    list(integer, integer),
  ).all();
  for (const [x, y] of [...people, ...decided.sameObject]) {
    const [a, b] = [rowOf.get(x), rowOf.get(y)];
    if (a !== undefined && b !== undefined && group[a] !== group[b]) unsure.add(a, b);
  }
  const maybe = bothWays<number>();
  const matched = select(
    db,
    // A table that all photos lie on says nothing of what they show.
    "SELECT a, b FROM photo_match WHERE inliers >= ? AND apart IS NOT 'common' ORDER BY a, b",
    list(integer, integer),
  ).all(MIN_INLIERS);
  for (const [x, y] of matched) {
    const [a, b] = [rowOf.get(x), rowOf.get(y)];
    if (a === undefined || b === undefined || unplaced.has(x) || unplaced.has(y)) continue;
    if (group[a] !== group[b]) maybe.add(group[a]!, group[b]!);
  }
  return {
    ids: Uint32Array.from(rows, (r) => r.id),
    group,
    same: Uint32Array.from(rows, (r, i) => rowOf.get(folded.get(r.id) ?? r.id) ?? i),
    modelled: Uint8Array.from(rows, (r) => (inCluster.has(r.id) ? 1 : 0)),
    unknown: Uint8Array.from(rows, (r) => (unplaced.has(r.id) ? 1 : 0)),
    taken: Float64Array.from(rows, (r) => r.taken ?? Number.NaN),
    a: Uint32Array.from(relevant, ([a]) => a),
    b: Uint32Array.from(relevant, ([, b]) => b),
    sure: Float64Array.from(relevant, ([, , shared]) => sureBy(shared)),
    maybe: maybe.of,
    unsure: unsure.of,
  };
}

/** How sure geometry is of two photos by the points that they share: half where they just count as relevant, and towards one. */
export function sureBy(shared: number): number {
  return shared / (shared + RELEVANT_SHARED);
}

function bothWays<T>(): { readonly of: ReadonlyMap<T, ReadonlySet<T>>; add(x: T, y: T): void } {
  const of = new Map<T, Set<T>>();
  const put = (x: T, y: T): void => {
    const set = of.get(x);
    if (set === undefined) of.set(x, new Set([y]));
    else set.add(y);
  };
  return {
    of,
    add: (x, y) => {
      put(x, y);
      put(y, x);
    },
  };
}

/** Descriptors laid over the rows of a geometry. */
export function described(g: Geometry, set: DescriptorSet): Described {
  const has = new Uint8Array(g.ids.length);
  const data = new Float32Array(g.ids.length * set.dim);
  const at = new Map(Array.from(set.ids, (id, i) => [id, i]));
  g.ids.forEach((id, i) => {
    const from = at.get(id);
    if (from === undefined) return;
    has[i] = 1;
    data.set(set.data.subarray(from * set.dim, (from + 1) * set.dim), i * set.dim);
  });
  return { x: { data, rows: g.ids.length, dim: set.dim }, has };
}

/** The protocols of a library, and what can be measured of them in a sentence for where another one cannot; undefined where none can. */
export function measurableSentence(library: Library): { states: ProtocolState[]; hint: string | undefined } {
  const states = protocolStates(libraryGeometry(library));
  const possible = states.filter((s) => s.possible);
  const said = possible.map((s) => `${s.protocol} (${counted(s.queries, 'query', 'queries')} of ${s.places} places)`);
  const hint =
    possible.length === 0
      ? undefined
      : `It can be measured with --protocol ${said.length === 1 ? said[0] : `${said.slice(0, -1).join(', ')} or ${said.at(-1)}`}.`;
  return { states, hint };
}

/** What a person can do where none of the protocols can be measured. */
function whatHelps(states: readonly ProtocolState[]): string {
  const [own] = states;
  return own!.places === 1 && own!.queries >= LARGE_PLACE
    ? `${counted(own!.queries, 'photo is', 'photos are')} joined to one place. Where they show several things, something that many photos have in common joined them, as a table or a logo does: cut it away, or split the cluster.`
    : 'Import models of more photos, or find places in a folder of photos with covis cluster.';
}

/** So many photos are rarely of one thing alone. */
const LARGE_PLACE = 20;

/** @throws CovisError `STATE_EMPTY` that says what is missing, and which of the others can be measured. */
export function refuseUnmeasurable(library: Library, protocol: AdaptProtocol): void {
  const { states, hint } = measurableSentence(library);
  const { missing } = states.find((s) => s.protocol === protocol)!;
  if (missing === null) return;
  const name = ADAPT_PROTOCOL_NAMES[protocol];
  throw new CovisError(
    hint === undefined ? 'STATE_EMPTY' : 'STATE_CONFLICT',
    `The protocol "${name}" cannot be measured here. ${missing}`,
    {
      hint: hint ?? whatHelps(states),
    },
  );
}

/**
 * Who asks, where a network has learned from some photos: for `own` all; for `new-photos` those that it has not seen of places that it has; for
 * `new-places` those of places of which it has seen nothing. To a network that has seen nothing all photos are new, so that the folds are
 * drawn as they are for training.
 * @param seen photo ids. @returns rows by fold.
 */
export function askingOf(g: Geometry, drawing: Drawing, folds: number, seen: ReadonlySet<number>): Uint32Array[] {
  const all = drawFold(g, { ...drawing, protocol: 'own' }, 0).asking;
  if (drawing.protocol === 'own') return [all];
  if (seen.size === 0) return Array.from({ length: folds }, (_, f) => drawFold(g, drawing, f).asking);
  const seenGroups = new Set<number>();
  g.ids.forEach((id, i) => {
    if (!seen.has(id)) return;
    seenGroups.add(g.group[i]!);
    // What may be one object with a place that was seen is not new.
    if (drawing.protocol === 'new-places') for (const o of g.maybe.get(g.group[i]!) ?? []) seenGroups.add(o);
  });
  const wanted = drawing.protocol === 'new-photos';
  return [all.filter((i) => !seen.has(g.ids[i]!) && seenGroups.has(g.group[i]!) === wanted)];
}

/** The definition of a protocol, with its counts. */
export function protocolText(
  protocol: AdaptProtocol,
  n: { readonly queries: number; readonly places: number; readonly folds: number; readonly database: number },
): string {
  const who = {
    own: 'every photo with a relevant one asks',
    'new-photos': 'photos of known places that were held out ask',
    'new-places': 'photos of held-out places ask',
  }[protocol];
  const folds = n.folds > 1 ? ` in ${n.folds} folds` : '';
  return `${ADAPT_PROTOCOL_NAMES[protocol]}: ${who} all ${n.database} photos, ${n.queries} queries of ${n.places} places${folds}; relevant = same cluster and at least ${RELEVANT_SHARED} shared points, itself, the rest of its place and what may be of it ignored; trapezoidal AP, each counted by how sure geometry is (n / (n + ${RELEVANT_SHARED}) for n shared points), interval over places`;
}

/** Measures descriptors with rows that ask, by fold. @param learned what their network has learned from, for people. */
export function measureProtocol(
  g: Geometry,
  protocol: AdaptProtocol,
  asking: readonly Uint32Array[],
  set: DescriptorSet,
  learned: string,
  seed: number,
): ProtocolMeasure {
  const x = described(g, set);
  const answers = asking.flatMap((rows, fold) =>
    ask(g, rows, x).map(({ query, ap, weight }) => ({ query, value: ap, place: g.group[query]!, fold, weight })),
  );
  const queries = new Set(answers.map((a) => a.query)).size;
  const places = new Set(answers.map((a) => a.place)).size;
  const n = { queries, places, folds: asking.length, database: g.ids.length };
  return { protocol, text: protocolText(protocol, n), learned, ...n, map: overPlaces(answers, seed) };
}
