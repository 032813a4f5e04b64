import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import type { ClusterInfo, LibraryInfo, NetworkInfo, PhotoInfo } from '../../shared/domain.ts';
import { toErrorShape } from '../../shared/errors.ts';
import { idle } from '../kit/pause.ts';
import { onEvent, outbox, quiet, request, type AskAhead } from '../transport/index.ts';
import { useConnection } from './connection.ts';
import { useNotices } from './notices.ts';

/** Changes after which the facts of the library and its clusters are read again. */
const REFRESHED_BY = ['library', 'clusters', 'training', 'descriptors', 'networks'];
/** Changes after which the clusters are, too. */
const CLUSTERS_BY = ['library', 'clusters'];
/** Clusters that come first, about as many as are seen, and those that come with each message after. */
const FIRST = 60;
const PAGE = 500;
/** Each message waits at most so long for a moment in which nothing else is done, the first until what is shown has its answers. */
const LATEST_MS = 300;
const ANSWERED_MS = 3000;

/** The library's own network, of those that take photos; drawings have a view of their own. */
export function preferredNetwork(info: LibraryInfo | null): NetworkInfo | null {
  const id = info?.defaults.find((d) => d.takes === 'photos')?.network;
  return info?.networks.find((n) => n.id === id) ?? null;
}

/** Asks what the first {@link useLibrary refresh} asks. */
export function libraryAhead(ask: AskAhead): Promise<unknown> {
  return Promise.all([ask('library.current', {}), ask('clusters.list', { limit: FIRST })]);
}

/** The open library, its clusters, the network in use, and the one selection that all views share. */
export const useLibrary = defineStore('library', () => {
  const info = ref<LibraryInfo | null>(null);
  const clusters = shallowRef<readonly ClusterInfo[]>([]);
  /** Every cluster has come; before that, of a large library the first ones. */
  const allClusters = ref(false);
  const loaded = ref(false);
  const changes = ref<Record<string, number>>({});
  const chosenNetwork = ref<string | null>(null);
  const selectedPhoto = ref<string | null>(null);
  const selectedInfo = ref<PhotoInfo | null>(null);
  const connection = useConnection();
  let asked = 0;
  let reading = 0;
  /** The library whose clusters are shown. */
  let listed: string | undefined;
  /** Clusters have changed since they were read. */
  let stale = true;

  const preferred = computed(() => preferredNetwork(info.value));
  const network = computed<NetworkInfo | null>(
    () => info.value?.networks.find((n) => n.id === chosenNetwork.value) ?? preferred.value,
  );
  /** For jobs and requests that take the network in use. */
  const withNetwork = computed(() => (network.value === null ? {} : { network: network.value.id }));
  const empty = computed(() => (info.value?.photos ?? 0) === 0);

  /** A number that changes when something of this kind did, or when the engine was away, so that views can watch it. */
  function changed(what: string): number {
    return (changes.value[what] ?? 0) + connection.returns;
  }

  /** @param what has changed; everything when left out. */
  async function refresh(what?: string): Promise<void> {
    const mine = (asked += 1);
    stale ||= what === undefined || CLUSTERS_BY.includes(what);
    try {
      // Both at once, where the clusters are needed in any case.
      const asking = stale ? firstClusters() : undefined;
      // Where nobody waits for them in the end, nobody misses them.
      asking?.catch(() => undefined);
      const now = await request('library.current', {});
      const known = now === null || (!stale && now.path === listed);
      const first = known ? [] : await (asking ?? firstClusters());
      if (mine !== asked) return;
      info.value = now;
      if (!known || now === null) void show(first, now?.path);
      loaded.value = true;
      outbox.opened(now?.path);
    } catch (error) {
      if (mine === asked) useNotices().error(error);
    }
  }

  /** None where no library is open. */
  async function firstClusters(): Promise<readonly ClusterInfo[]> {
    try {
      return await request('clusters.list', { limit: FIRST });
    } catch (error) {
      if (toErrorShape(error).code === 'STATE_EMPTY') return [];
      throw error;
    }
  }

  /** The first clusters at once, and the others when they are there; of the same library what is shown stays until then. */
  async function show(first: readonly ClusterInfo[], path: string | undefined): Promise<void> {
    const mine = (reading += 1);
    stale = false;
    const all = [...first];
    let more = first.length === FIRST;
    if (!more || path !== listed) {
      clusters.value = first;
      allClusters.value = !more;
    }
    listed = path;
    try {
      // What is shown asks first.
      if (more) await quiet(ANSWERED_MS);
      while (more) {
        await idle(LATEST_MS);
        if (mine !== reading) return;
        const next = await request('clusters.list', { from: all.length, limit: PAGE });
        if (mine !== reading) return;
        all.push(...next);
        more = next.length === PAGE;
      }
      clusters.value = all;
      allClusters.value = true;
    } catch (error) {
      if (mine !== reading) return;
      stale = true;
      useNotices().error(error);
    }
  }

  async function select(photo: string | null): Promise<void> {
    selectedPhoto.value = photo;
    selectedInfo.value = null;
    if (photo === null) return;
    try {
      const facts = await request('photos.info', { id: photo });
      if (selectedPhoto.value === photo) selectedInfo.value = facts;
    } catch (error) {
      useNotices().error(error);
      // One that there is not, as of an old address, is not selected.
      const { code } = toErrorShape(error);
      if (selectedPhoto.value === photo && (code === 'NOT_FOUND' || code === 'VALIDATION_FAILED'))
        selectedPhoto.value = null;
    }
  }

  function listen(): () => void {
    return onEvent((e) => {
      if (e.event === 'changed') {
        changes.value = { ...changes.value, [e.what]: (changes.value[e.what] ?? 0) + 1 };
        if (REFRESHED_BY.includes(e.what)) void refresh(e.what);
      }
      if (e.event === 'engine' && e.state === 'ready') void refresh();
    });
  }

  return {
    info,
    clusters,
    allClusters,
    loaded,
    changed,
    network,
    withNetwork,
    empty,
    preferred,
    chosenNetwork,
    selectedPhoto,
    selectedInfo,
    refresh,
    select,
    listen,
  };
});
