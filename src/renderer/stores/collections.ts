import { defineStore } from 'pinia';
import { computed, ref, shallowReactive, shallowRef, watch } from 'vue';
import type { CollectionInfo, Provenance } from '../../shared/facts/collections.ts';
import type { RouteParams, RouteResults } from '../../shared/routes/index.ts';
import { hand, request } from '../transport/index.ts';
import { plural } from '../kit/format.ts';
import { useLibrary } from './library.ts';
import { useNotices } from './notices.ts';
import { useSelection } from './selection.ts';

/** Thumbnails that come into sight together are asked for together. */
const PAUSE_MS = 40;
const BATCH = 2000;
/** Versions of a collection that forms offer. */
const VERSIONS = 20;

type Writes =
  | 'add'
  | 'create'
  | 'delete'
  | 'describe'
  | 'duplicate'
  | 'fold'
  | 'judge'
  | 'merge'
  | 'move'
  | 'readFieldsTable'
  | 'remove'
  | 'rename'
  | 'restore'
  | 'setFields'
  | 'setRules'
  | 'tag'
  | 'unfold';
export type CollectionWrite =
  `collections.${Writes}` | 'rules.refresh' | 'folds.collection' | 'folds.propose' | 'folds.edit';

const BY_HAND: Provenance = { how: 'hand', query: null, method: null, network: null, score: null, rank: null };
type Origin = Omit<Provenance, 'score' | 'rank'>;

/** Photos as one addition says them, each with how it was come by: what a person does at once is one step of undo. */
interface Gathered {
  readonly photos: string[];
  readonly origins: Origin[];
  readonly originOf: number[];
  readonly scores: (number | null)[];
  readonly ranks: (number | null)[];
}

function gathered(photos: readonly string[], known: ReadonlyMap<string, Provenance>): Gathered {
  const all: Gathered = { photos: [], origins: [], originOf: [], scores: [], ranks: [] };
  const at = new Map<string, number>();
  for (const photo of photos) {
    const { score, rank, ...origin } = known.get(photo) ?? BY_HAND;
    const key = JSON.stringify(origin);
    if (!at.has(key)) at.set(key, all.origins.push(origin) - 1);
    all.photos.push(photo);
    all.originOf.push(at.get(key)!);
    all.scores.push(score);
    all.ranks.push(rank);
  }
  return all;
}

/** Photos that are said in one message, with how each was come by; more are said in parts, as a list that the engine keeps. */
const PART = 10_000;

async function listed(photos: readonly string[], known: ReadonlyMap<string, Provenance>): Promise<{ list: string }> {
  let list: string | undefined;
  for (let at = 0; at < photos.length; at += PART) {
    const part = gathered(photos.slice(at, at + PART), known);
    ({ list } = await request('collections.gather', { ...part, ...(list === undefined ? {} : { list }) }));
  }
  return { list: list! };
}

/** What stands for chosen photos in what is asked of collections. */
export async function said(photos: readonly string[]): Promise<{ photos: string[] } | { list: string }> {
  return photos.length <= PART ? { photos: [...photos] } : listed(photos, new Map());
}

/** As {@link said}, each with how it was come by. */
async function saidWith(
  photos: readonly string[],
  known: ReadonlyMap<string, Provenance>,
): Promise<Gathered | { list: string }> {
  return photos.length <= PART ? gathered(photos, known) : listed(photos, known);
}

/** The collections of the open library, the one that keys add to, and which photos are in which. */
export const useCollections = defineStore('collections', () => {
  const library = useLibrary();
  const notices = useNotices();
  const list = shallowRef<readonly CollectionInfo[]>([]);
  const loaded = ref(false);
  const current = computed(() => list.value.find((c) => c.current) ?? null);
  const manual = computed(() => list.value.filter((c) => c.kind === 'manual'));
  /** Versions that work can be narrowed to, newest first, as jobs name them. */
  const versions = computed(() =>
    list.value.flatMap((c) =>
      Array.from({ length: Math.min(c.version?.number ?? 0, VERSIONS) }, (_, i) => {
        const number = c.version!.number - i;
        const tags = i === 0 && c.version!.tags.length > 0 ? ` (${c.version!.tags.join(', ')})` : '';
        return { value: `${c.name}@${number}`, label: `${c.name}, version ${number}${tags}` };
      }),
    ),
  );
  let asked = 0;

  async function refresh(): Promise<void> {
    const mine = (asked += 1);
    try {
      const now = await request('collections.list', {});
      if (mine !== asked) return;
      list.value = now;
      loaded.value = true;
      stale();
    } catch (error) {
      if (mine === asked) notices.error(error);
    }
  }

  // Which photos are in which collections, asked for as they are seen.
  const memberOf = shallowReactive(new Map<string, readonly string[]>());
  const foldsOf = shallowReactive(new Map<string, number>());
  const fresh = new Set<string>();
  const wanted = new Set<string>();
  const revision = ref(0);
  let timer: ReturnType<typeof setTimeout> | undefined;

  function stale(): void {
    fresh.clear();
    revision.value += 1;
  }
  async function askMembers(): Promise<void> {
    timer = undefined;
    const photos = [...wanted].slice(0, BATCH);
    for (const photo of photos) wanted.delete(photo);
    if (wanted.size > 0) later();
    const at = revision.value;
    try {
      const [{ of }, { folds }] = await Promise.all([
        list.value.length === 0 ? { of: [] } : request('collections.membership', { photos }),
        request('folds.under', { photos }),
      ]);
      for (const [i, photo] of photos.entries()) {
        memberOf.set(photo, of[i] ?? []);
        foldsOf.set(photo, folds[i] ?? 0);
        if (at === revision.value) fresh.add(photo);
      }
    } catch {
      // A mark on a thumbnail is worth no message; it is asked for again when the collections change.
      for (const photo of photos) fresh.add(photo);
    }
  }
  function later(): void {
    timer ??= setTimeout(() => void askMembers(), PAUSE_MS);
  }
  function seen(photo: string): void {
    void revision.value;
    if (loaded.value && !fresh.has(photo)) {
      wanted.add(photo);
      later();
    }
  }
  /** Ids of the collections that a photo is in, as far as is known; asks for what is not. */
  function of(photo: string): readonly string[] {
    seen(photo);
    return memberOf.get(photo) ?? [];
  }
  /** How many near duplicates are folded under a photo in the library. */
  function folded(photo: string): number {
    seen(photo);
    return foldsOf.get(photo) ?? 0;
  }
  function collected(photo: string): boolean {
    const id = current.value?.id;
    return id !== undefined && of(photo).includes(id);
  }

  /** Changes collections; what goes wrong is said. @returns the answer; null where there is none yet or it was refused. */
  async function write<R extends CollectionWrite>(route: R, params: RouteParams<R>): Promise<RouteResults<R> | null> {
    notices.withdrawUndo();
    const { answer, kept } = hand(route, params);
    const noted = answer.then(
      (done): RouteResults<R> | null => done,
      (error: unknown) => {
        notices.error(error);
        return null;
      },
    );
    return Promise.race([noted, kept.then(() => null)]);
  }

  /** As {@link write}, of photos that may have to be said in parts first. */
  async function writeSaid<R extends CollectionWrite, S>(
    route: R,
    which: Promise<S>,
    params: (which: S) => RouteParams<R>,
  ): Promise<RouteResults<R> | null> {
    try {
      return await write(route, params(await which));
    } catch (error) {
      notices.error(error);
      return null;
    }
  }

  /** Adds photos at the end, each with how it was come by. */
  async function add(collection: Pick<CollectionInfo, 'id' | 'name'>, photos: readonly string[]): Promise<boolean> {
    const done = await writeSaid('collections.add', saidWith(photos, useSelection().originsOf(photos)), (which) => ({
      collection: collection.id,
      ...which,
    }));
    if (done === null) return false;
    const { added, already } = done;
    const had = already === 0 ? '' : added === 0 ? ': all are in already' : `; ${plural(already, 'photo')} in already`;
    notices.add('done', `Added ${plural(added, 'photo')} to ${collection.name}${had}`);
    return true;
  }

  async function remove(collection: Pick<CollectionInfo, 'id' | 'name'>, photos: readonly string[]): Promise<boolean> {
    const done = await writeSaid('collections.remove', said(photos), (which) => ({
      collection: collection.id,
      ...which,
    }));
    if (done === null) return false;
    notices.add(
      'done',
      done.removed === 0
        ? `None of them is in ${collection.name}`
        : `Took ${plural(done.removed, 'photo')} out of ${collection.name}`,
    );
    return true;
  }

  /** Makes a collection, by hand with photos in it, the current one from then on. @returns its id. */
  async function create(name: string, photos: readonly string[] = [], rules?: unknown): Promise<string | null> {
    const made = await writeSaid('collections.create', saidWith(photos, useSelection().originsOf(photos)), (add) => ({
      name,
      kind: rules === undefined ? 'manual' : 'smart',
      ...(rules === undefined ? {} : { rules }),
      ...(photos.length === 0 ? {} : { add }),
    }));
    if (made === null) return null;
    if (rules === undefined) await setCurrent(made.id);
    const held = photos.length === 0 ? '' : ` with ${plural(photos.length, 'photo')}`;
    notices.add('done', `Made the collection ${name}${held}`);
    return made.id;
  }

  async function setCurrent(collection: string | null): Promise<void> {
    try {
      await request('collections.setCurrent', { collection });
      list.value = list.value.map((c) => ({ ...c, current: c.id === collection }));
      stale();
    } catch (error) {
      notices.error(error);
    }
  }

  watch(
    [
      () => library.info?.path,
      () => library.changed('collections'),
      () => library.changed('photos'),
      () => library.changed('folds'),
    ],
    ([path], [was]) => {
      if (path !== was) {
        memberOf.clear();
        foldsOf.clear();
        list.value = [];
        loaded.value = false;
      }
      if (path !== undefined) void refresh();
    },
    { immediate: true },
  );

  return {
    list,
    loaded,
    versions,
    current,
    manual,
    refresh,
    of,
    collected,
    folded,
    write,
    writeSaid,
    add,
    remove,
    create,
    setCurrent,
  };
});
