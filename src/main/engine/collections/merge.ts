/** Merging what two curators decided on one version, three ways; what they say differently waits for a person. */
import { CovisError } from '../../../shared/errors.ts';
import type { FieldValues, MergeReport } from '../../../shared/facts/collections.ts';
import type { CollectionChange, PartRow } from '../library/collection-log.ts';
import { contentHash } from '../library/hash-file.ts';
import { now, type Library } from '../library/library.ts';
import { integer, nullable, select, text } from '../library/rows.ts';
import { collectionNamed, versionsOf, type CollectionRow, type VersionRow } from '../library/tables/collection.ts';
import { durably } from '../mining/action-log.ts';
import { agreementOf } from './agreement.ts';
import { keptBundle, readBundle, type Bundle } from './bundle.ts';
import { endOf, fieldsOf, fieldsText, itemOf, itemsOf, rowOf, sourceWriter, STEP, type Item } from './items.ts';
import { act } from './acts.ts';
import { conflictOf, conflictsOf, proposedValue, type Conflict, type Proposals, type Value } from './conflicts.ts';
import { selfRow } from './store.ts';
import { ownName } from './commit.ts';
import { versionState } from './versions.ts';

const text_ = (v: Value): string => JSON.stringify(v);
const same = (a: Value, b: Value): boolean => text_(a) === text_(b);

const conflictRow = (c: Conflict): PartRow => [c.photo, c.aspect, text_(c.base), JSON.stringify(c.proposals)];

/** Proposals with who made them, in an order that does not depend on when they came. */
function proposed(list: readonly { readonly value: Value; readonly authors: readonly string[] }[]): Proposals {
  const by = new Map<string, Set<string>>();
  for (const { value: v, authors } of list) {
    const all = by.get(text_(v)) ?? new Set();
    authors.forEach((a) => all.add(a));
    by.set(text_(v), all);
  }
  return Array.from(by)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([v, authors]) => ({ value: proposedValue.parse(JSON.parse(v)), authors: [...authors].sort() }));
}

/** What a bundle says, one thing after the other. */
function* sayings({ fields, photos }: Pick<Bundle, 'fields' | 'photos'>): Generator<{
  readonly photo: string;
  readonly aspect: string;
  readonly value: Value;
}> {
  for (const [field, v] of Object.entries(fields)) yield { photo: '', aspect: `field ${field}`, value: v };
  for (const p of photos) {
    if (p.in !== undefined) yield { photo: p.photo, aspect: 'member', value: p.in };
    for (const [field, v] of Object.entries(p.fields ?? {}))
      yield { photo: p.photo, aspect: `field ${field}`, value: v };
    if (p.foldedUnder !== undefined) yield { photo: p.photo, aspect: 'folded', value: p.foldedUnder };
  }
}

/** A collection while it is merged into: reads and writes one thing at a time, and says in the end what changed. */
class Merging {
  readonly #library: Library;
  readonly #collection: CollectionRow;
  readonly #find: (photo: number) => Item | undefined;
  readonly #was = new Map<number, Item | undefined>();
  readonly #is = new Map<number, Item>();
  readonly #byHash;
  readonly #sha;
  #fields: FieldValues;
  #end: number;

  constructor(library: Library, collection: CollectionRow) {
    this.#library = library;
    this.#collection = collection;
    this.#find = itemOf(library, collection.id);
    this.#byHash = select(library.db, 'SELECT id FROM photo WHERE hash = ?', integer);
    this.#sha = select(library.db, 'SELECT sha256 FROM photo WHERE id = ?', nullable(text));
    this.#fields = collection.fields;
    this.#end = endOf(library, collection.id);
  }

  /** Number of a photo by its SHA-256; undefined where the library has not that content. */
  photo(sha256: string): number | undefined {
    const id = this.#byHash.get(contentHash(sha256));
    if (id === undefined) return undefined;
    const known = this.#sha.one(id);
    if (known === null) this.#library.db.prepare('UPDATE photo SET sha256 = ? WHERE id = ?').run(sha256, id);
    // Two files whose SHA-256 begin alike for 128 bits: nobody has such.
    else if (known !== sha256) return undefined;
    return id;
  }

  item(photo: number): Item | undefined {
    if (this.#is.has(photo)) return this.#is.get(photo);
    if (!this.#was.has(photo)) this.#was.set(photo, this.#find(photo));
    return this.#was.get(photo);
  }

  /** @param photo undefined for the collection. */
  read(photo: number | undefined, aspect: string): Value {
    const field = aspect.startsWith('field ') ? aspect.slice('field '.length) : undefined;
    if (photo === undefined) return this.#fields[field!] ?? null;
    const item = this.item(photo);
    if (field !== undefined) return fieldsOf(item?.fields ?? null)[field] ?? null;
    if (aspect === 'member') return item?.member === 1;
    return item?.head == null ? null : this.#sha.one(item.head);
  }

  write(photo: number | undefined, aspect: string, v: Value, source?: Partial<Item>): void {
    const field = aspect.startsWith('field ') ? aspect.slice('field '.length) : undefined;
    const changed = (of: FieldValues): FieldValues => {
      const { [field!]: _, ...rest } = of;
      return v === null ? rest : { ...rest, [field!]: v as readonly string[] };
    };
    if (photo === undefined) {
      this.#fields = changed(this.#fields);
      return;
    }
    const item = this.item(photo) ?? this.#fresh(photo);
    if (field !== undefined) this.#is.set(photo, { ...item, fields: fieldsText(changed(fieldsOf(item.fields))) });
    else if (aspect === 'member') this.#is.set(photo, { ...item, ...source, member: v === true ? 1 : 0 });
    else this.#is.set(photo, { ...item, head: v === null ? null : (this.photo(v as string) ?? null) });
  }

  #fresh(photo: number): Item {
    const position = this.#end;
    this.#end += STEP;
    return { photo, member: 0, position, head: null, source: null, score: null, rank: null, fields: null };
  }

  changes(): CollectionChange[] {
    const before: PartRow[] = [];
    const after: PartRow[] = [];
    for (const [photo, is] of this.#is) {
      const was = this.#was.get(photo);
      if (was !== undefined && JSON.stringify(was) === JSON.stringify(is)) continue;
      if (was !== undefined) before.push(rowOf(was));
      after.push(rowOf(is));
    }
    const collection = this.#collection.id;
    const self = fieldsText(this.#fields) !== fieldsText(this.#collection.fields);
    return [
      { collection, part: 'items', before, after },
      ...(self
        ? [
            {
              collection,
              part: 'self' as const,
              before: [selfRow(this.#collection)],
              after: [selfRow(this.#collection, { fields: this.#fields })],
            },
          ]
        : []),
    ];
  }
}

const UNREAD = 'This bundle is about a version that this collection does not have';

/**
 * Merges a bundle three ways on the version that it is about. What only one side changed is taken; what both changed alike is so; what they
 * say differently becomes a conflict, and until a person judges it holds what the base said, so that it does not matter in which order
 * bundles come. A photo that one judged not to belong and another added is such a conflict.
 * @param author who decided what is here and in no version; left out: who committed last since, if another than the bundle's author, or else this account.
 * @throws CovisError `INPUT_CORRUPT` for what is no bundle, `NOT_FOUND` where the collection has not the version that it is about.
 */
export function mergeBundle(
  library: Library,
  wanted: string,
  jsonl: string,
  author?: string,
): MergeReport & { readonly action: number | null } {
  const bundle = readBundle(jsonl);
  return durably(library, () => {
    const c = collectionNamed(library, wanted);
    const base = versionsOf(library, c.id).findLast((v) => v.digest === bundle.base);
    if (base === undefined)
      throw new CovisError('NOT_FOUND', UNREAD, {
        hint: `It is about ${bundle.collection} with the digest ${bundle.base.slice(0, 12)}; get that version first.`,
      });
    const report = { author: bundle.author, base: bundle.base, theirs: bundle.head };
    const state = versionState(library, base);
    const baseItems = new Map(state.items.map((i) => [i.sha256, i]));
    const baseValue = valuesIn(state);
    const m = new Merging(library, c);
    const judged = agreementOf(ourJudgements(library, c, baseItems), theirJudgements(bundle));
    const none = {
      added: 0,
      removed: 0,
      described: 0,
      folded: 0,
      conflicts: 0,
      missing: [],
      missingTotal: 0,
      agreement: judged,
    };
    if (isMerged(library, c.id, bundle.id)) return { ...report, ...none, already: true, action: null };

    const earlier = earlierBundles(library, c.id);
    const open = new Map(conflictsOf(library, c.id).map((x) => [`${x.photo} ${x.aspect}`, x]));
    const before: PartRow[] = [];
    const after = new Map<string, Conflict>();
    const counts = { added: 0, removed: 0, described: 0, folded: 0 };
    const missing = new Set<string>();
    const source = sourceWriter(library);
    const decisions = new Map(bundle.photos.map((p) => [p.photo, p]));
    const touched = new Set<string>();
    /** Conflicts with what was decided here. */
    const own: (Omit<Conflict, 'proposals'> & {
      readonly theirs: { readonly value: Value; readonly authors: readonly string[] };
      readonly ours: Value;
    })[] = [];
    for (const said of sayings(bundle)) {
      const photo = said.photo === '' ? undefined : m.photo(said.photo);
      if (said.photo !== '' && photo === undefined) {
        const { path } = decisions.get(said.photo)!;
        missing.add(path === '' ? said.photo : path);
        continue;
      }
      const key = `${said.photo} ${said.aspect}`;
      const was = baseValue(said.photo, said.aspect);
      const waiting = after.get(key) ?? open.get(key);
      const theirs = { value: said.value, authors: [bundle.author] };
      if (waiting !== undefined) {
        const next = { ...waiting, proposals: proposed([...waiting.proposals, theirs]) };
        if (JSON.stringify(next) !== JSON.stringify(waiting)) {
          if (!after.has(key)) before.push(conflictRow(waiting));
          after.set(key, next);
        }
        continue;
      }
      const ours = m.read(photo, said.aspect);
      // Out is a decision of its own where it was judged, also of a photo that was not in.
      const decided =
        !same(ours, was) ||
        (said.aspect === 'member' && photo !== undefined && m.item(photo)?.member === 0 && was === false);
      if (same(ours, said.value) && (decided || said.aspect !== 'member')) continue;
      if (decided && !same(ours, said.value)) {
        const merged = earlier.get(`${key} ${text_(ours)}`);
        const conflict = { photo: said.photo, aspect: said.aspect, base: was };
        if (merged === undefined) own.push({ ...conflict, theirs, ours });
        after.set(key, { ...conflict, proposals: proposed([theirs, { value: ours, authors: merged ?? [] }]) });
        m.write(photo, said.aspect, was);
        continue;
      }
      const from = said.aspect === 'member' && said.value === true ? decisions.get(said.photo)?.provenance : undefined;
      m.write(
        photo,
        said.aspect,
        said.value,
        said.aspect === 'member' && said.value === true
          ? {
              source: source(from ?? { how: 'merge', query: null, method: null, network: null }),
              score: from?.score ?? null,
              rank: from?.rank ?? null,
            }
          : undefined,
      );
      if (said.aspect === 'member' && !same(ours, said.value)) counts[said.value === true ? 'added' : 'removed'] += 1;
      if (said.aspect === 'folded') counts.folded += 1;
      if (said.aspect.startsWith('field ')) touched.add(said.photo);
    }
    counts.described = touched.size;
    const decidedBy = whoDecided(library, c, base, own, author, bundle.author);
    for (const [i, { theirs, ours, ...conflict }] of own.entries())
      after.set(`${conflict.photo} ${conflict.aspect}`, {
        ...conflict,
        proposals: proposed([theirs, { value: ours, authors: [decidedBy[i]!] }]),
      });
    const merge: PartRow = [bundle.id, bundle.author, bundle.base, bundle.head, now(), bundle.content];
    const action = act(library, `Merge decisions of ${bundle.author} into ${c.name}`, [
      ...m.changes(),
      { collection: c.id, part: 'conflicts', before, after: Array.from(after.values(), conflictRow) },
      // What could not be taken whole may come again.
      { collection: c.id, part: 'merges', before: [], after: missing.size === 0 ? [merge] : [] },
    ]);
    return {
      ...report,
      ...counts,
      conflicts: after.size,
      missing: [...missing],
      missingTotal: missing.size,
      agreement: judged,
      already: false,
      action,
    };
  });
}

function isMerged(library: Library, collection: number, bundle: string): boolean {
  return (
    select(library.db, 'SELECT 1 FROM collection_merge WHERE collection_id = ? AND bundle = ?', integer).get(
      collection,
      bundle,
    ) !== undefined
  );
}

/** What a version says of a photo by its SHA-256, or of the collection. */
function valuesIn(state: ReturnType<typeof versionState>): (photo: string, aspect: string) => Value {
  const items = new Map(state.items.map((i) => [i.sha256, i]));
  const shaOf = new Map(state.items.map((i) => [i.key, i.sha256!]));
  return (photo, aspect) => {
    const field = aspect.startsWith('field ') ? aspect.slice('field '.length) : undefined;
    if (photo === '') return state.fields[field!] ?? null;
    const item = items.get(photo);
    if (aspect === 'member') return item !== undefined;
    if (field !== undefined) return fieldsOf(item?.fields ?? null)[field] ?? null;
    return item?.head == null ? null : (shaOf.get(item.head) ?? null);
  };
}

/**
 * Who decided what holds here: the author of the version since the base in which it came to be so, or, of what is in no version, who is
 * said to work here: `author`, or who committed last since the base, or this account.
 * @param other who decided what is merged, and did not decide the opposite here without a version that says so.
 */
function whoDecided(
  library: Library,
  c: CollectionRow,
  base: VersionRow,
  decisions: readonly { readonly photo: string; readonly aspect: string; readonly ours: Value }[],
  author: string | undefined,
  other: string,
): string[] {
  if (decisions.length === 0) return [];
  const since = versionsOf(library, c.id).filter((v) => v.number > base.number);
  const last = since.at(-1)?.author;
  const here = author ?? (last === undefined || last === '' || last === other ? ownName() : last);
  const out = decisions.map(() => here);
  let left = decisions.map((_, i) => i);
  // From the newest back, as long as it was so.
  for (const v of since.toReversed()) {
    if (left.length === 0) break;
    const value = valuesIn(versionState(library, v));
    left = left.filter((i) => same(value(decisions[i]!.photo, decisions[i]!.aspect), decisions[i]!.ours));
    if (v.author !== '') for (const i of left) out[i] = v.author;
  }
  return out;
}

/** Who said a thing in bundles that were merged before, by photo, aspect and value. */
function earlierBundles(library: Library, collection: number): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const content of select(
    library.db,
    'SELECT content FROM collection_merge WHERE collection_id = ?',
    text,
  ).iterate(collection)) {
    const kept = keptBundle(content);
    for (const said of sayings(kept)) {
      const key = `${said.photo} ${said.aspect} ${text_(said.value)}`;
      out.set(key, [...(out.get(key) ?? []), kept.author]);
    }
  }
  return out;
}

/** Photos that were added since the base, or judged not to belong, by SHA-256. */
function ourJudgements(
  library: Library,
  c: CollectionRow,
  base: ReadonlyMap<string | null, unknown>,
): Map<string, boolean> {
  const sha = select(library.db, 'SELECT sha256 FROM photo WHERE id = ?', nullable(text));
  const out = new Map<string, boolean>();
  for (const i of itemsOf(library, c.id)) {
    const digest = sha.one(i.photo);
    if (digest === null) continue;
    if (i.member === 0) out.set(digest, false);
    else if (!base.has(digest)) out.set(digest, true);
  }
  return out;
}

function theirJudgements(bundle: Bundle): Map<string, boolean> {
  return new Map(bundle.photos.flatMap((p) => (p.in === undefined ? [] : [[p.photo, p.in] as const])));
}

/**
 * Judges a conflict.
 * @param sha256 of its photo; null for the collection. @param proposal which one is taken, from 0; null leaves it as the base had it.
 * @throws CovisError `NOT_FOUND`.
 */
export function judgeConflict(
  library: Library,
  wanted: string,
  sha256: string | null,
  aspect: string,
  proposal: number | null,
): number | null {
  return durably(library, () => {
    const c = collectionNamed(library, wanted);
    const conflict = conflictOf(library, c.id, sha256 ?? '', aspect);
    const chosen = proposal === null ? conflict?.base : conflict?.proposals[proposal]?.value;
    if (conflict === undefined || chosen === undefined)
      throw new CovisError('NOT_FOUND', `${c.name} has no such conflict`, {
        hint: 'See them with: covis collection conflicts LIB NAME',
      });
    const m = new Merging(library, c);
    m.write(sha256 === null ? undefined : m.photo(sha256), aspect, chosen);
    return act(library, `Judge a conflict of ${c.name}`, [
      ...m.changes(),
      { collection: c.id, part: 'conflicts', before: [conflictRow(conflict)], after: [] },
    ]);
  });
}
