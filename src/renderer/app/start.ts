import { onBeforeUnmount, onMounted, watch } from 'vue';
import { useRouter, type RouteLocationNormalized } from 'vue-router';
import { ACTIONS } from '../actions/index.ts';
import { chosenKeys } from '../actions/keys.ts';
import { toErrorShape } from '../../shared/errors.ts';
import { useConnection } from '../stores/connection.ts';
import { useDesktop } from '../stores/desktop.ts';
import { useJobs } from '../stores/jobs.ts';
import { useLibrary } from '../stores/library.ts';
import { useNotices } from '../stores/notices.ts';
import { usePlace } from '../stores/place.ts';
import { onEvent, request } from '../transport/index.ts';
import { VIEWS } from '../views/index.ts';
import { listenToKeys } from './keyboard.ts';
import { windowTitle } from './router.ts';

/** Keys that a person changed, here or in another window. */
async function loadKeys(): Promise<void> {
  try {
    chosenKeys.value = (await request('settings.get', {})).keys ?? {};
  } catch (error) {
    useNotices().error(error);
  }
}

/** Connects the stores with the engine and the window with the stores, as long as the calling component is mounted. */
export function useStudio(): void {
  const library = useLibrary();
  const jobs = useJobs();
  const connection = useConnection();
  const notices = useNotices();
  const desktop = useDesktop();
  const place = usePlace();
  const router = useRouter();
  const stops: (() => void)[] = [];
  /** A view whose code could not be fetched; tried again when the engine is back. */
  let unreached: RouteLocationNormalized | undefined;

  stops.push(
    router.onError((error, to) => {
      unreached = to;
      const view = VIEWS.find((v) => v.name === to.meta['view']);
      notices.add('error', `${view?.title ?? 'The view'} cannot be opened: ${toErrorShape(error).message}`);
    }),
    router.afterEach(() => (unreached = undefined)),
  );
  watch(
    () => connection.returns,
    () => {
      void loadKeys();
      void desktop.refresh();
      if (unreached !== undefined) void router.push(unreached.fullPath);
    },
  );
  watch(
    [() => place.view, () => library.info?.name],
    ([view, name]) => {
      document.title = windowTitle(
        VIEWS.find((v) => v.name === view),
        name,
      );
    },
    { immediate: true },
  );

  onMounted(async () => {
    stops.push(
      connection.listen(),
      library.listen(),
      jobs.listen(),
      onEvent((e) => {
        if (e.event === 'changed' && e.what === 'settings') void loadKeys();
        if (e.event === 'said') notices.add('done', e.message);
      }),
      listenToKeys(ACTIONS),
    );
    void loadKeys();
    void desktop.refresh();
    await library.refresh();
    await jobs.refresh();
  });
  onBeforeUnmount(() => {
    for (const stop of stops) stop();
  });
}
