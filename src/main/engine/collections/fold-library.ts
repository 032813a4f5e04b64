/** Folds of near duplicates in a library: proposed, chosen by a person, undone with the one history. */
import { CovisError } from '../../../shared/errors.ts';
import type { BestShotWeights, FoldedPhoto, FoldGroup, FoldReport } from '../../../shared/facts/collection-choices.ts';
import { DUPLICATE_BITS } from '../features/duplicates.ts';
import { qualityById } from '../features/quality-store.ts';
import { allFolds, changeFolds, type Fold, type FoldChange } from '../library/fold-log.ts';
import type { Library } from '../library/library.ts';
import { groupLooks } from '../library/looks.ts';
import { integer, nullable, real, record, select, text } from '../library/rows.ts';
import { storedPose } from '../library/tables/cluster.ts';
import { append, durably, history } from '../mining/action-log.ts';
import { BEST_SHOT, bestShotScore, scoreParts } from './best-shot.ts';
import { FOLD_SHARED, proposeFolds, sameView, turnOf, type Folded, type FoldPair } from './folds.ts';

/** How folds are proposed. */
export interface FoldOptions {
  readonly weights?: BestShotWeights | undefined;
  /** Bits of 64 in which perceptual hashes may differ. */
  readonly bits?: number | undefined;
  /** Only photos that these are; all where left out. */
  readonly among?: ReadonlySet<number> | undefined;
  /** Whether models are asked, too. */
  readonly geometry?: boolean | undefined;
}

interface Row {
  readonly id: number;
  readonly hash: string;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly look: string | null;
}

function rowsOf(library: Library): Map<number, Row> {
  const rows = select(
    library.db,
    `SELECT p.id, p.hash, MIN(f.name) AS name, p.width, p.height, p.look
     FROM photo p JOIN photo_file f ON f.photo_id = p.id GROUP BY p.id ORDER BY p.id`,
    record<Row>({ id: integer, hash: text, name: text, width: integer, height: integer, look: nullable(text) }),
  ).all();
  return new Map(rows.map((r) => [r.id, r]));
}

/** Pairs of photos that geometry may call the same view, with how far the camera turned. */
function pairsOf(library: Library): FoldPair[] {
  const rows = select(
    library.db,
    `SELECT a.photo_id AS a, b.photo_id AS b, p.shared, a.points_seen AS seenA, b.points_seen AS seenB, p.scale,
       x.taken AS takenA, y.taken AS takenB, a.pose AS poseA, b.pose AS poseB
     FROM pair p JOIN view a ON a.cluster_id = p.cluster_id AND a.view_index = p.a
       JOIN view b ON b.cluster_id = p.cluster_id AND b.view_index = p.b
       JOIN photo x ON x.id = a.photo_id JOIN photo y ON y.id = b.photo_id
     WHERE a.photo_id <> b.photo_id AND p.shared >= ${FOLD_SHARED} ORDER BY p.cluster_id, p.a, p.b`,
    record({
      a: integer,
      b: integer,
      shared: integer,
      seenA: integer,
      seenB: integer,
      scale: nullable(real),
      takenA: nullable(integer),
      takenB: nullable(integer),
      poseA: text,
      poseB: text,
    }),
  ).all();
  return rows.flatMap(({ poseA, poseB, ...p }) => {
    // Poses are read of those alone that all else speaks for.
    if (!sameView({ ...p, turn: 0 })) return [];
    const [from, to] = [storedPose.parse(JSON.parse(poseA)), storedPose.parse(JSON.parse(poseB))];
    return [{ ...p, turn: from === null || to === null ? null : turnOf(from.rotation, to.rotation) }];
  });
}

/** What is proposed, and what of it is not known for want of measures. */
function proposal(library: Library, o: FoldOptions): { readonly folds: Map<number, Folded>; readonly notes: string[] } {
  const quality = qualityById(library);
  const rows = [...rowsOf(library).values()].filter((r) => o.among?.has(r.id) ?? true);
  const looked = rows.filter((r) => r.look !== null);
  const bits = o.bits ?? DUPLICATE_BITS;
  const alike = groupLooks(
    looked.map((r) => r.look!),
    bits,
  ).map((g) => g.map((i) => looked[i]!.id));
  const photos = rows.map((r) => ({
    id: r.id,
    look: r.look,
    score: bestShotScore(scoreParts((r.width * r.height) / 1e6, quality.get(r.id)), o.weights ?? BEST_SHOT),
  }));
  const notes: string[] = [];
  const say = (n: number, what: string): void => {
    if (n > 0) notes.push(`${n} ${n === 1 ? 'photo was' : 'photos were'} not ${what}`);
  };
  say(rows.length - looked.length, 'looked at for near duplicates yet: covis duplicates does it.');
  say(
    rows.filter((r) => !quality.has(r.id)).length,
    'measured yet, which counts as the worst shot: covis quality does it.',
  );
  return {
    folds: proposeFolds(photos, alike, bits, o.geometry === false ? [] : pairsOf(library), allFolds(library)),
    notes,
  };
}

/** Groups by head, largest first. @param why of photos that are folded. */
function groupsOf(
  library: Library,
  folds: ReadonlyMap<number, Pick<Folded, 'head' | 'why'>>,
  said: ReadonlyMap<number, Fold>,
  weights: BestShotWeights,
): FoldGroup[] {
  const rows = rowsOf(library);
  const quality = qualityById(library);
  const fact = (id: number, why: Folded['why']): FoldedPhoto | undefined => {
    const r = rows.get(id);
    if (r === undefined) return undefined;
    const parts = scoreParts((r.width * r.height) / 1e6, quality.get(id));
    const { hash: photo, name, width, height } = r;
    return { photo, name, width, height, score: bestShotScore(parts, weights), parts, why };
  };
  const byPerson = (id: number): boolean => said.get(id)?.by === 'person';
  return [...Map.groupBy(folds, ([, f]) => f.head)]
    .flatMap(([headId, of]): FoldGroup[] => {
      const head = fact(headId, null);
      const under = of.flatMap(([id, f]) => fact(id, f.why) ?? []);
      if (head === undefined || under.length === 0) return [];
      const chosen = byPerson(headId) || of.some(([id]) => byPerson(id));
      under.sort((a, b) => b.score - a.score || (a.photo < b.photo ? -1 : 1));
      return [{ head, under, folds: under.length, chosen }];
    })
    .sort((a, b) => b.under.length - a.under.length || (a.head.photo < b.head.photo ? -1 : 1));
}

/** One action of the log. @returns its number; null where nothing changes. */
function act(library: Library, label: string, changes: readonly FoldChange[]): number | null {
  if (changes.length === 0) return null;
  const before = history(library);
  const action = append(library, 'do', label, before.head, (own) => ({ head: own, tip: own }));
  changeFolds(library, action, changes);
  return action;
}

const same = (a: Fold | undefined, b: Fold | undefined): boolean =>
  a?.state === b?.state && a?.head === b?.head && a?.by === b?.by;

const counted = (n: number): string => `${n} ${n === 1 ? 'photo' : 'photos'}`;

/** The folds that hold, as groups. */
export function foldGroups(library: Library, weights: BestShotWeights = BEST_SHOT): FoldReport {
  const said = allFolds(library);
  const folds = new Map(
    [...said].flatMap(([id, f]) => (f.head === null ? [] : [[id, { head: f.head, why: null }] as const])),
  );
  const groups = groupsOf(library, folds, said, weights);
  return { groups, total: groups.length, folded: folds.size, changed: 0, notes: [] };
}

/** Folds that are proposed for a state of the library. */
export interface ProposedFolds {
  /** The action after which it was computed. */
  readonly action: number;
  readonly folds: ReadonlyMap<number, Folded>;
  readonly said: ReadonlyMap<number, Fold>;
  readonly groups: readonly FoldGroup[];
  readonly notes: readonly string[];
}

/** What {@link proposeLibraryFolds} would do, which takes seconds on many photos and holds nobody up. */
export function foldsToPropose(library: Library, o: FoldOptions): ProposedFolds {
  const { id: action } = history(library);
  const { folds, notes } = proposal(library, o);
  const said = allFolds(library);
  return { action, folds, said, groups: groupsOf(library, folds, said, o.weights ?? BEST_SHOT), notes };
}

/**
 * Proposes folds of near duplicates and, where told to, brings them into force as one action. What a person said stays as it is, however
 * often this runs; what an earlier proposal folded and this one would not is let go (within `among`).
 * @param ahead what was computed before anything was held up; it is computed anew where something was done since.
 */
export function proposeLibraryFolds(
  library: Library,
  o: FoldOptions,
  apply: boolean,
  ahead: ProposedFolds = foldsToPropose(library, o),
): FoldReport & { action: number | null } {
  const reported = ({ groups, folds, notes }: ProposedFolds): Omit<FoldReport, 'changed'> => ({
    groups: [...groups],
    total: groups.length,
    folded: folds.size,
    notes: [...notes],
  });
  if (!apply) return { ...reported(ahead), changed: 0, action: null };
  return durably(library, () => {
    const p = history(library).id === ahead.action ? ahead : foldsToPropose(library, o);
    const changes: FoldChange[] = [];
    for (const [photo, { head }] of p.folds) {
      if (p.said.get(photo)?.by === 'person') continue;
      const after: Fold = { state: 'under', head, by: 'proposal' };
      if (!same(p.said.get(photo), after)) changes.push({ photo, after });
    }
    for (const [photo, f] of p.said)
      if (f.by === 'proposal' && !p.folds.has(photo) && (o.among?.has(photo) ?? true))
        changes.push({ photo, after: undefined });
    const label = `Fold near duplicates: ${counted(p.folds.size)} under ${p.groups.length}`;
    return { ...reported(p), changed: changes.length, action: act(library, label, changes) };
  });
}

/** Photos of a group that a page is told of. */
const UNDER = 100;

/** What one message says of a report: some of its groups. @param at from 0. */
export function foldPage<R extends FoldReport>(report: R, page: { readonly at: number; readonly limit: number }): R {
  const groups = report.groups.slice(page.at, page.at + page.limit);
  return { ...report, groups: groups.map((g) => ({ ...g, under: g.under.slice(0, UNDER) })) };
}

/** What a person says of folds; photos are numbers of the library. */
export type FoldEdit =
  /** Folds photos under another, and with them what is folded under them. */
  | { readonly kind: 'fold'; readonly head: number; readonly photos: readonly number[] }
  /** Makes a photo the head of the group that it is in. */
  | { readonly kind: 'head'; readonly photo: number }
  /** Lets photos stand for themselves, and what is folded under them; they are not folded again. */
  | { readonly kind: 'unfold'; readonly photos: readonly number[] }
  /** Takes back what a person said, so that proposals decide again. */
  | { readonly kind: 'forget'; readonly photos: readonly number[] };

/** Does as a person says, as one action. @returns its number; null where nothing changes. @throws CovisError `INPUT_INVALID`. */
export function editFolds(
  library: Library,
  edit: FoldEdit,
): { readonly action: number | null; readonly changed: number } {
  return durably(library, () => {
    const said = allFolds(library);
    const after = new Map<number, Fold | undefined>();
    const under = (head: number): number[] => [...said].flatMap(([id, f]) => (f.head === head ? [id] : []));
    let label: string;
    switch (edit.kind) {
      case 'fold': {
        const photos = new Set(edit.photos.flatMap((p) => [p, ...under(p)]));
        photos.delete(edit.head);
        if (photos.size === 0) throw new CovisError('INPUT_INVALID', 'A photo cannot be folded under itself');
        for (const p of photos) after.set(p, { state: 'under', head: edit.head, by: 'person' });
        after.set(edit.head, { state: 'head', head: null, by: 'person' });
        label = `Fold ${counted(photos.size)} under another`;
        break;
      }
      case 'head': {
        const { photo } = edit;
        const old = said.get(photo)?.head ?? photo;
        const group = [old, ...under(old)].filter((p) => p !== photo);
        if (group.length === 0) throw new CovisError('INPUT_INVALID', 'This photo is in no group of near duplicates');
        after.set(photo, { state: 'head', head: null, by: 'person' });
        for (const p of group) after.set(p, { state: 'under', head: photo, by: 'person' });
        label = 'Choose another photo to stand for near duplicates';
        break;
      }
      case 'unfold':
        for (const p of new Set(edit.photos.flatMap((q) => [q, ...under(q)])))
          after.set(p, { state: 'alone', head: null, by: 'person' });
        label = `Unfold ${counted(after.size)}`;
        break;
      case 'forget':
        for (const p of edit.photos) if (said.get(p)?.by === 'person') after.set(p, undefined);
        label = `Forget what was said of ${counted(after.size)}`;
        break;
    }
    const changes = [...after].flatMap(([photo, f]): FoldChange[] =>
      same(said.get(photo), f) ? [] : [{ photo, after: f }],
    );
    return { action: act(library, label, changes), changed: changes.length };
  });
}
