import { DisjointSets, groupsOf } from '../library/disjoint-sets.ts';
import type { Library } from '../library/library.ts';
import { flag, integer, list, nullable, record, select, text } from '../library/rows.ts';
import { byHandLabel, IS_MADE_BY_HAND, IS_UNDONE_ANEW, MADE_BY_HAND } from '../sfm/made-by-hand.ts';
import { history } from './action-log.ts';
import { recordChanges, type ClusterChange } from './cluster-changes.ts';
import { deriveCluster, type ClusterPart } from './derived-clusters.ts';

/** A cluster with its photos, by number. */
interface Cluster {
  readonly id: number;
  readonly name: string;
  readonly alias: string | null;
  readonly state: string;
  readonly scene: string;
  /** A person merged it of others, or split it off. */
  readonly byHand: boolean;
  /** Of one in force: a person undid that it was made again of what was found. */
  readonly undoneAnew: boolean;
  /** A photo that is missing is null. */
  readonly views: readonly (readonly [view: number, photo: number | null])[];
  readonly photos: ReadonlySet<number>;
}

function clusterReader(library: Library): (where: string) => Cluster[] {
  const views = select(
    library.db,
    'SELECT view_index, photo_id FROM view_all WHERE cluster_id = ? ORDER BY view_index',
    list(integer, nullable(integer)),
  );
  return (where) =>
    select(
      library.db,
      `SELECT c.id, c.name, c.alias, c.state, s.root AS scene, ${IS_MADE_BY_HAND} AS byHand, ${IS_UNDONE_ANEW} AS undoneAnew
       FROM cluster_all c JOIN scene s ON s.id = c.scene_id WHERE ${where} ORDER BY c.id`,
      record({
        id: integer,
        name: text,
        alias: nullable(text),
        state: text,
        scene: text,
        byHand: flag,
        undoneAnew: flag,
      }),
    )
      .all()
      .map((c) => {
        const own = views.all(c.id);
        return { ...c, views: own, photos: new Set(own.flatMap(([, photo]) => photo ?? [])) };
      });
}

const isFound = (c: Pick<Cluster, 'scene'>): boolean => c.scene.startsWith('scene:');
const common = (a: ReadonlySet<number>, b: ReadonlySet<number>): number => [...a].filter((p) => b.has(p)).length;

/** Gives the cluster that has most of its own photos among some, and of those the most: what has grown into something of these photos. */
export function ancestorAmong<C extends { readonly photos: ReadonlySet<number> }>(
  clusters: readonly C[],
): (photos: ReadonlySet<number>) => C | undefined {
  const holders = new Map<number, C[]>();
  for (const c of clusters)
    for (const p of c.photos) {
      const own = holders.get(p);
      if (own === undefined) holders.set(p, [c]);
      else own.push(c);
    }
  return (photos) => {
    const counts = new Map<C, number>();
    for (const p of photos) for (const c of holders.get(p) ?? []) counts.set(c, (counts.get(c) ?? 0) + 1);
    let best: C | undefined;
    // The first of equals is the older one.
    for (const c of clusters) {
      const n = counts.get(c) ?? 0;
      if (2 * n > c.photos.size && n > (best === undefined ? 0 : counts.get(best)!)) best = c;
    }
    return best;
  };
}

/** A model that was found with the clusters by hand that take photos of it. */
interface Part {
  readonly model: Cluster;
  readonly takers: readonly Hand[];
}

/** A cluster by hand with the clusters that no person made, from which it comes. */
interface Hand extends Cluster {
  readonly origins: readonly Cluster[];
}

/**
 * Brings the clusters that finding places has written into force, in place of those of runs before. What a person made of those is made of these:
 * what was merged is merged again, what was split off stays apart, by photos; names and exclusions pass on. A photo of which nobody has said
 * anything goes with most of the others of its model. Where the history knows a cluster that goes, its going is an action that can be undone. What
 * a person made of which nothing was found anew stays as it is; what a person undid, once it was made anew of what was found, is not made again.
 * Runs inside a transaction. @param found numbers of all clusters of this run. @returns whether the history has become longer.
 * @throws CovisError `INPUT_CORRUPT` where points of a cluster that is merged or split cannot be read.
 */
export function bringFound(library: Library, found: readonly number[]): boolean {
  const read = clusterReader(library);
  const own = new Set(found);
  const origins = originReader(library);
  const before = history(library).id;
  const inForce = read(
    "c.state <> 'replaced' AND (s.root LIKE 'scene:%' OR EXISTS (SELECT 1 FROM cluster_change k WHERE k.cluster_id = c.id))",
  );
  const models = read(`c.id IN (${found.join()})`);
  const all = inForce
    .filter((c) => c.byHand)
    .map((c): Hand => ({ ...c, origins: read(`c.id IN (${origins.of(c.id).join()})`) }))
    .filter((h) => h.origins.some(isFound));
  const undone = all.filter((h) => h.undoneAnew && models.some((m) => isTaken(m, h)));
  const hands = all.filter((h) => !undone.includes(h));
  const left = new Set(models);
  for (const { parts, made } of joined(models, hands)) {
    for (const { model } of parts) left.delete(model);
    const known = new Set(made.flatMap((h) => [h.id, ...origins.parts(h.id)]));
    // Nothing is new: what a person made of these is in force.
    if (!parts.every(({ model }) => known.has(model.id))) makeAgain(library, parts, made);
  }
  const gone = inForce.filter((c) => isFound(c) && !c.byHand && !own.has(c.id));
  replace(library, gone, [...left], undone);
  return history(library).id > before;
}

/** Whether a model has photos of a cluster by hand, and is what was found of something that it comes from. */
function isTaken(m: Cluster, h: Hand): boolean {
  return (
    common(m.photos, h.photos) > 0 &&
    h.origins.some((o) => 2 * common(m.photos, o.photos) > Math.min(m.photos.size, o.photos.size))
  );
}

/** Models and the clusters by hand that take photos of them, transitively. */
function joined(models: readonly Cluster[], hands: readonly Hand[]): { parts: Part[]; made: Hand[] }[] {
  const sets = new DisjointSets();
  const at = new Map(hands.map((h, k) => [h, models.length + k]));
  const parts = models.map((model): Part => ({ model, takers: hands.filter((h) => isTaken(model, h)) }));
  parts.forEach(({ takers }, i) => takers.forEach((h) => sets.join(i, at.get(h)!)));
  return groupsOf(sets, [...parts.keys(), ...at.values()]).flatMap((group) => {
    const own = group.flatMap((i) => parts[i] ?? []);
    const made = group.flatMap((i) => hands[i - models.length] ?? []);
    return own.length === 0 || made.length === 0 ? [] : [{ parts: own, made }];
  });
}

/** What a person made of clusters that go, of the models that take their place, as one action. */
function makeAgain(library: Library, parts: readonly Part[], hands: readonly Hand[]): void {
  const pieces = new Map(hands.map((h) => [h, [] as { of: Cluster; views: number[] }[]]));
  const take = (h: Hand, of: Cluster, views: Cluster['views']): void =>
    void pieces.get(h)!.push({ of, views: views.map(([view]) => view) });
  for (const { model, takers } of parts) {
    const [most] = takers.toSorted((a, b) => common(b.photos, model.photos) - common(a.photos, model.photos));
    const by = Map.groupBy(
      model.views,
      ([, photo]) => takers.find((h) => photo !== null && h.photos.has(photo)) ?? most!,
    );
    for (const [h, views] of by) take(h, model, views);
  }
  const isSplit = (h: Hand): boolean => h.scene.startsWith('split:');
  const changes: ClusterChange[] = [];
  for (const [h, own] of pieces) {
    if (own.length === 0) continue;
    // What was not found but imported is part of it as it was.
    for (const o of h.origins.filter((c) => !isFound(c))) {
      const views = o.views.filter(([, photo]) => (photo === null ? !isSplit(h) : h.photos.has(photo)));
      if (views.length > 0) take(h, o, views);
    }
    const [first] = own as [(typeof own)[number]];
    const whole = own.length === 1 && first.views.length === first.of.views.length && !isSplit(h);
    const of = own.map((p): ClusterPart => ({ cluster: p.of.id, views: p.views }));
    const how = isSplit(h) ? 'split' : own.length > 1 ? 'merged' : 'rest';
    const id = whole ? first.of.id : deriveCluster(library, of, h.name, how).id;
    changes.push({ cluster: h.id, field: 'state', after: 'replaced' }, { cluster: id, field: 'state', after: h.state });
    if (h.alias !== null) changes.push({ cluster: id, field: 'alias', after: h.alias });
  }
  const came = new Set(changes.flatMap((c) => (c.field === 'state' && c.after !== 'replaced' ? [c.cluster] : [])));
  const names = hands.map((h) => h.alias ?? h.name).join(', ');
  recordChanges(library, byHandLabel(hands.some(isSplit) ? 'split' : 'merge', names, true), [
    // The next run knows by these what it was made of.
    ...parts.flatMap(({ model }): ClusterChange[] =>
      came.has(model.id) ? [] : [{ cluster: model.id, field: 'state', after: 'replaced' }],
    ),
    ...changes,
  ]);
}

/**
 * Clusters of which no person made others: those that go, and those that take their place. @param undone what a person made that goes with them:
 * what was imported of it comes back, its exclusion passes on, and its name, which is of all together, does not.
 */
function replace(
  library: Library,
  ordinary: readonly Cluster[],
  found: readonly Cluster[],
  undone: readonly Hand[],
): void {
  const ancestor = ancestorAmong(ordinary);
  const gone = [...ordinary, ...undone];
  const come = [...found, ...undone.flatMap((h) => h.origins.filter((o) => !isFound(o) && o.state === 'replaced'))];
  const changes: ClusterChange[] = gone.map((c) => ({ cluster: c.id, field: 'state', after: 'replaced' }));
  for (const c of come) {
    const from = ancestor(c.photos);
    const wasOut = undone.some((h) => h.state === 'excluded' && 2 * common(c.photos, h.photos) > c.photos.size);
    const state = wasOut || from?.state === 'excluded' ? 'excluded' : c.state === 'replaced' ? 'active' : c.state;
    if (state !== c.state) changes.push({ cluster: c.id, field: 'state', after: state });
    if (from?.alias != null && c.alias === null) changes.push({ cluster: c.id, field: 'alias', after: from.alias });
  }
  const touched = select(library.db, 'SELECT EXISTS (SELECT 1 FROM cluster_change WHERE cluster_id = ?)', flag);
  if (gone.some((c) => touched.one(c.id))) recordChanges(library, 'Find places again', changes);
  else
    for (const c of changes)
      library.db.prepare(`UPDATE cluster_all SET ${c.field} = ? WHERE id = ?`).run(c.after, c.cluster);
}

/** What clusters by hand are made of. */
function originReader(library: Library): {
  /** Numbers of those that went when it came, of found ones with those that were found anew. */
  readonly parts: (id: number) => readonly number[];
  /** Those that no person made, from which it comes; itself for one that no person made. */
  readonly of: (id: number) => readonly number[];
} {
  const made = select(
    library.db,
    `SELECT k.action_id FROM cluster_change k JOIN action a ON a.id = k.action_id WHERE k.cluster_id = ? AND ${MADE_BY_HAND} ORDER BY k.id LIMIT 1`,
    integer,
  );
  const went = select(
    library.db,
    "SELECT cluster_id FROM cluster_change WHERE action_id = ? AND field = 'state' AND after = 'replaced' AND cluster_id <> ? ORDER BY id",
    integer,
  );
  const parts = (id: number): readonly number[] => {
    const action = made.get(id);
    return action === undefined ? [] : went.all(action, id);
  };
  const of = (id: number, seen = new Set<number>()): number[] => {
    if (seen.has(id)) return [];
    seen.add(id);
    const from = parts(id);
    return from.length === 0 ? [id] : from.flatMap((p) => of(p, seen));
  };
  return { parts, of: (id) => of(id) };
}
