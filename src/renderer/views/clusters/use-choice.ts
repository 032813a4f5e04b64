import { computed, ref, shallowRef, watch } from 'vue';
import { useRoute } from 'vue-router';
import type { ClusterEditParams } from '../../../shared/routes/clusters.ts';
import { exclude, include, merge, rename as renameAction } from '../../actions/clusters.ts';
import { undo } from '../../actions/history.ts';
import { withKeys } from '../../actions/keys.ts';
import { chooseAll, invertChoice, reachNext, reachPrevious } from '../../actions/choice.ts';
import { next, previous } from '../../actions/lists.ts';
import { useAction } from '../../actions/use-action.ts';
import { plural } from '../../kit/format.ts';
import { MOST_IN_ADDRESS } from '../../kit/short-text.ts';
import { Selection } from '../../kit/selection.ts';
import { useLibrary } from '../../stores/library.ts';
import { useNotices } from '../../stores/notices.ts';
import { hand, request } from '../../transport/index.ts';
import { from } from '../common/origins.ts';
import { fewerText, useChoiceAddress } from '../common/use-choice-address.ts';
import { useGroupPhotos } from '../common/use-group-photos.ts';

/** Clusters that a request names at most. */
const BATCH = 1000;
/** The choice outlives the view, as the photos of the clusters do that it chooses. */
const state = shallowRef(new Selection());
const held = new Map<string, readonly string[]>();
let of: string | undefined;

/**
 * Clusters that are chosen, by the gestures of every list, and with them their photos; and what can be done to them. All of it is undone
 * by the undo of decisions.
 * @param shown ids of those that are shown, in their order.
 */
export function useChoice(shown: () => readonly string[]) {
  const library = useLibrary();
  const notices = useNotices();
  const route = useRoute();
  const here = route.name;
  const chosen = computed(() => state.value.chosen);
  const current = computed(() => state.value.current);
  const clusters = computed(() => library.clusters.filter((c) => chosen.value.has(c.id)));
  const ids = computed(() => clusters.value.map((c) => c.id));
  const only = computed(() => (clusters.value.length === 1 ? clusters.value[0]! : null));
  const renaming = ref(false);

  // Clusters of one library are none of another.
  watch(
    () => library.info?.path,
    (path) => {
      if (path === undefined || path === of) return;
      if (of !== undefined) {
        held.clear();
        state.value = new Selection();
      }
      of = path;
    },
    { immediate: true },
  );
  const said = computed(() => {
    if (chosen.value.size === 0) return undefined;
    const text = [...chosen.value].join(',');
    return text.length > MOST_IN_ADDRESS ? null : text;
  });
  /** Clusters that the address chooses, until it is known whether all are there. */
  const asked = shallowRef<readonly string[]>([]);
  const { tooLong, coming } = useChoiceAddress({
    key: 'chosen',
    ready: () => route.name === here && library.info !== null,
    text: () => said.value,
    take(text) {
      asked.value = text.length > MOST_IN_ADDRESS ? [] : text.split(',').filter(Boolean);
      if (asked.value.length === 0) notices.add('error', 'The clusters that the address chooses cannot be read');
      else state.value = state.value.with(asked.value, false);
    },
  });
  watch(
    [asked, () => library.allClusters],
    ([ids, all]) => {
      if (ids.length === 0 || !all) return;
      const known = new Set(library.clusters.map((c) => c.id));
      const gone = new Set(ids.filter((id) => !known.has(id)));
      asked.value = [];
      if (gone.size === 0) return;
      notices.add(
        'error',
        fewerText('The library', ids.length - gone.size, ids.length, 'cluster'),
        'Others were removed or merged, or the address is of another library.',
      );
      choose(
        [...chosen.value].filter((id) => !gone.has(id)),
        false,
      );
    },
    { immediate: true, flush: 'post' },
  );
  function toggle(id: string): void {
    state.value = state.value.toggled(id);
  }
  function none(): void {
    state.value = state.value.none();
  }
  /** A reach begins at the anchor; where that is not chosen, at the current one. */
  function reachedFrom(reaching: boolean): Selection {
    const { chosen: now, current: at, anchor } = state.value;
    return reaching && (anchor === null || !now.has(anchor)) ? new Selection(now, at, at) : state.value;
  }
  /** @returns whether Shift or Ctrl was held, so that the click only chose. */
  function click(id: string, event: MouseEvent): boolean {
    const how = { shift: event.shiftKey, ctrl: event.ctrlKey || event.metaKey };
    if (!how.shift && !how.ctrl) return false;
    state.value = reachedFrom(how.shift).click(shown(), id, how);
    return true;
  }
  function choose(ids: readonly string[], also: boolean): void {
    state.value = state.value.with(ids, also);
  }
  /** Moves the current one without choosing; `reaching` chooses on to it. */
  function step(by: number, reaching = false): void {
    state.value = reachedFrom(reaching).move(shown(), by, reaching ? { shift: true } : { ctrl: true });
  }
  /** Makes it the current one, without choosing. */
  function go(id: string): void {
    const { chosen: now, anchor } = state.value;
    state.value = new Selection(now, id, anchor);
  }
  useGroupPhotos({
    held,
    chosen: () => chosen.value,
    said: () => (coming.value ? null : typeof said.value === 'string'),
    async photos(keys) {
      const found = new Map<string, readonly string[]>();
      for (let i = 0; i < keys.length; i += BATCH) {
        const part = keys.slice(i, i + BATCH);
        const answer = await request('clusters.photos', { clusters: part });
        for (const [k, id] of part.entries()) found.set(id, answer.of[k]!);
      }
      return found;
    },
    origin: (cluster, photo) => from('cluster', { query: cluster })(photo),
    drop(keys) {
      const gone = new Set(keys);
      state.value = state.value.with(
        [...chosen.value].filter((id) => !gone.has(id)),
        false,
      );
    },
  });
  const some = (): true | string => (shown().length > 0 ? true : 'No cluster is here');
  useAction(chooseAll, () => choose(shown(), true), some);
  useAction(invertChoice, () => (state.value = state.value.inverted(shown())), some);
  useAction(reachNext, () => step(1, true), some);
  useAction(reachPrevious, () => step(-1, true), some);
  useAction(next, () => step(1), some);
  useAction(previous, () => step(-1), some);
  async function edit(change: ClusterEditParams, said: string): Promise<void> {
    const { answer, kept } = hand('clusters.edit', { edit: change });
    const noted = answer.then(
      (done) => {
        notices.addUndoable([`${said}.`, done.note, withKeys('Undo', undo)].filter(Boolean).join(' '));
        return true;
      },
      (error: unknown) => {
        notices.error(error);
        return false;
      },
    );
    if (await Promise.race([noted, kept])) none();
  }
  function askName(is: boolean): void {
    renaming.value = is;
  }
  async function rename(text: string): Promise<void> {
    const cluster = only.value;
    const name = text.trim();
    renaming.value = false;
    if (cluster !== null && name !== '' && name !== cluster.name)
      await edit({ kind: 'rename', cluster: cluster.id, name }, `Renamed to ${name}`);
  }
  const many = (kind: 'merge' | 'exclude' | 'include', done: string) => () =>
    edit({ kind, clusters: ids.value }, `${done} ${plural(ids.value.length, 'cluster')}`);

  useAction(
    renameAction,
    () => (renaming.value = true),
    () => (only.value === null ? 'Choose one cluster first' : true),
  );
  useAction(merge, many('merge', 'Merged'), () => (ids.value.length > 1 ? true : 'Choose two or more clusters first'));
  useAction(exclude, many('exclude', 'Excluded'), () =>
    clusters.value.some((c) => !c.excluded) ? true : 'Choose clusters that take part first',
  );
  useAction(include, many('include', 'Included'), () =>
    clusters.value.some((c) => c.excluded) ? true : 'Choose clusters that are excluded first',
  );
  return { chosen, tooLong, current, clusters, only, renaming, askName, click, choose, step, go, toggle, none, rename };
}

export type Choice = ReturnType<typeof useChoice>;
