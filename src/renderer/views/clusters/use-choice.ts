import { computed, ref, watch } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import type { ClusterEditParams } from '../../../shared/routes/clusters.ts';
import { exclude, include, merge, rename as renameAction } from '../../actions/clusters.ts';
import { undo } from '../../actions/history.ts';
import { withKeys } from '../../actions/keys.ts';
import { useAction } from '../../actions/use-action.ts';
import { plural } from '../../kit/format.ts';
import { useLibrary } from '../../stores/library.ts';
import { useNotices } from '../../stores/notices.ts';
import { useSelection } from '../../stores/selection.ts';
import { hand, request } from '../../transport/index.ts';
import { from } from '../common/origins.ts';

/** So many are kept in the address, which has to stay short enough to be sent. */
const MOST_IN_ADDRESS = 200;

/** Clusters that are chosen, and what can be done to them. All of it is undone by the undo of decisions. */
export function useChoice() {
  const library = useLibrary();
  const notices = useNotices();
  const route = useRoute();
  const router = useRouter();
  const here = route.name;
  const asked = (): readonly string[] =>
    String(route.query['chosen'] ?? '')
      .split(',')
      .filter(Boolean);
  const chosen = ref<ReadonlySet<string>>(new Set(asked()));
  watch(chosen, (now) => {
    if (route.name !== here) return;
    const query = now.size === 0 || now.size > MOST_IN_ADDRESS ? undefined : [...now].join(',');
    void router.replace({ query: { ...route.query, chosen: query } });
  });
  const clusters = computed(() => library.clusters.filter((c) => chosen.value.has(c.id)));
  const ids = computed(() => clusters.value.map((c) => c.id));
  const only = computed(() => (clusters.value.length === 1 ? clusters.value[0]! : null));
  const renaming = ref(false);

  function toggle(id: string): void {
    const next = new Set(chosen.value);
    if (!next.delete(id)) next.add(id);
    chosen.value = next;
  }
  function none(): void {
    chosen.value = new Set();
  }
  async function edit(change: ClusterEditParams, said: string): Promise<void> {
    const { answer, kept } = hand('clusters.edit', { edit: change });
    const noted = answer.then(
      (done) => {
        notices.add('done', [`${said}.`, done.note, withKeys('Undo', undo)].filter(Boolean).join(' '));
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

  /** Photos of the chosen clusters go into the one selection of photos. */
  async function choosePhotos(): Promise<void> {
    try {
      for (const id of ids.value) {
        const { views } = await request('clusters.detail', { id });
        useSelection().choose(
          views.flatMap((v) => (v.photo === null ? [] : [v.photo])),
          from('cluster', { query: id }),
          true,
        );
      }
    } catch (error) {
      notices.error(error);
    }
  }

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
  return { chosen, clusters, only, renaming, askName, toggle, none, rename, choosePhotos };
}

export type Choice = ReturnType<typeof useChoice>;
