import { defineStore } from 'pinia';
import { computed, ref, shallowReactive, shallowRef, watch } from 'vue';
import type { Provenance } from '../../shared/facts/collections.ts';
import { Selection } from '../kit/selection.ts';
import { useLibrary } from './library.ts';

/** How a list came by a photo. */
export type Origin = (photo: string) => Provenance | undefined;

/** A list of photos that a view shows: what “all of this result” and reaching by keys are of. */
export interface ResultList {
  /** In their order; a promise where some must be fetched. */
  readonly ids: () => readonly string[] | Promise<readonly string[]>;
  readonly total: () => number;
  readonly origin?: Origin;
}

/**
 * The one selection of photos: every grid and list shows it and changes it, and it outlives them. Its current photo is the library's
 * selected one. With each chosen photo goes how it was come by.
 */
export const useSelection = defineStore('selection', () => {
  const library = useLibrary();
  const chosen = shallowRef<ReadonlySet<string>>(new Set());
  const anchor = ref<string | null>(null);
  /** Many that were chosen and were let go of by a click or Esc. */
  const earlier = shallowRef<ReadonlySet<string>>(new Set());
  const origins = new Map<string, Provenance>();
  /** How the lists in sight came by their photos, the one that is worked in last. */
  const sources: Origin[] = [];
  let reached = false;

  const state = computed(() => new Selection(chosen.value, library.selectedPhoto, anchor.value));
  const count = computed(() => chosen.value.size);

  /** @param origin how the list in which this happened came by its photos; noted for those that are newly chosen. */
  function take(next: Selection, origin?: Origin): void {
    const before = chosen.value;
    for (const id of next.chosen) {
      if (before.has(id)) continue;
      const from = origin?.(id);
      if (from === undefined) origins.delete(id);
      else origins.set(id, from);
    }
    // A reach that shrinks again is one gesture; whatever else lets many go can be taken back.
    const reaching = next.anchor !== null && next.anchor === anchor.value && next.anchor !== next.current;
    let dropped = 0;
    for (const id of before) if (!next.chosen.has(id)) dropped += 1;
    if (dropped > 1 && !(reaching && reached)) earlier.value = before;
    reached = reaching;
    chosen.value = next.chosen;
    anchor.value = next.anchor;
    if (next.current !== library.selectedPhoto) void library.select(next.current);
  }

  function clear(): void {
    take(state.value.none());
  }

  /** Adds to what is chosen, or takes its place. */
  function choose(ids: Iterable<string>, origin?: Origin, also = false): void {
    take(state.value.with(ids, also), origin);
  }

  /** What was let go of last comes back, beside what is chosen now. */
  function again(): void {
    const back = earlier.value;
    earlier.value = new Set();
    chosen.value = new Set([...chosen.value, ...back]);
  }

  /** Lets go of many at once. @returns whether there were many, so that Esc has done enough. */
  function letGo(): boolean {
    const many = chosen.value.size > 1 || (chosen.value.size === 1 && !chosen.value.has(library.selectedPhoto ?? ''));
    if (chosen.value.size > 0) clear();
    return many;
  }

  /** What an action is about: the chosen photos, or the current one where none is chosen. */
  const meant = computed((): readonly string[] => {
    if (chosen.value.size > 0) return [...chosen.value];
    return library.selectedPhoto === null ? [] : [library.selectedPhoto];
  });

  /** A list in sight says how it came by its photos; said again, it is the one that is worked in. */
  function shows(origin: Origin): void {
    hides(origin);
    sources.push(origin);
  }
  function hides(origin: Origin): void {
    const at = sources.indexOf(origin);
    if (at >= 0) sources.splice(at, 1);
  }
  /** What is meant, or dragged, without being chosen was come by as the lists in sight have it. */
  function seenAs(id: string): Provenance | undefined {
    for (let i = sources.length - 1; i >= 0; i -= 1) {
      const from = sources[i]!(id);
      if (from !== undefined) return from;
    }
    return undefined;
  }

  /** How photos were come by, where that is known. */
  function originsOf(ids: readonly string[]): ReadonlyMap<string, Provenance> {
    return new Map(
      ids.flatMap((id) => {
        const from = chosen.value.has(id) ? origins.get(id) : seenAs(id);
        return from === undefined ? [] : [[id, from] as const];
      }),
    );
  }

  /** What else in the address chooses photos, such as a lasso; null until it is known which. */
  const implying = shallowReactive(new Map<string, () => ReadonlySet<string> | null>());
  function implies(name: string, photos: (() => ReadonlySet<string> | null) | undefined): void {
    if (photos === undefined) implying.delete(name);
    else implying.set(name, photos);
  }
  /** Photos that an address chooses without naming them; null where that is not known yet. */
  function implied(): ReadonlySet<string> | null {
    const all = [...implying.values()].map((photos) => photos());
    if (all.length === 1) return all[0]!;
    return all.includes(null) ? null : new Set(all.flatMap((photos) => [...photos!]));
  }

  // Photos of one library are none of another.
  watch(
    () => library.info?.path,
    (now, was) => {
      if (was === undefined || now === was) return;
      chosen.value = new Set();
      earlier.value = new Set();
      anchor.value = null;
      origins.clear();
    },
  );

  return {
    state,
    chosen,
    count,
    earlier,
    meant,
    take,
    choose,
    clear,
    again,
    letGo,
    shows,
    hides,
    originsOf,
    implies,
    implied,
  };
});
