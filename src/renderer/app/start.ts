import { onBeforeUnmount, onMounted, watch } from 'vue';
import { useRouter, type RouteLocationNormalized } from 'vue-router';
import { ACTIONS } from '../actions/index.ts';
import { perform } from '../actions/use-action.ts';
import { idle } from '../kit/pause.ts';
import { chosenKeys } from '../actions/keys.ts';
import { fromErrorShape, toErrorShape } from '../../shared/errors.ts';
import { useConnection } from '../stores/connection.ts';
import { useDesktop } from '../stores/desktop.ts';
import { useCollectionFiles } from '../stores/collection-files.ts';
import { useDownloads } from '../stores/downloads.ts';
import { useImports } from '../stores/imports.ts';
import { jobSchemas } from '../stores/job-results.ts';
import { useJobs } from '../stores/jobs.ts';
import { useLive } from '../stores/live.ts';
import { useLibrary } from '../stores/library.ts';
import { useNotices } from '../stores/notices.ts';
import { useStart } from '../stores/start.ts';
import { useSteps } from '../stores/steps.ts';
import { usePlace } from '../stores/place.ts';
import { host, onEvent, outbox, quiet, request } from '../transport/index.ts';
import { VIEWS } from '../views/index.ts';
import { DIALOGS } from './dialogs.ts';
import { listenToKeys } from './keyboard.ts';
import { loadInTurn } from './parts.ts';
import { START, windowTitle } from './router.ts';

/** What a person chose, here or in another window. */
async function loadChoices(): Promise<void> {
  try {
    const chosen = await request('settings.get', {});
    chosenKeys.value = chosen.keys ?? {};
    useSteps().take(chosen);
  } catch (error) {
    useNotices().error(error);
  }
}

/** Every view waits at most so long for a moment in which nothing else is done, the first until the one that is shown has its answers. */
const LATEST_MS = 400;
const ANSWERED_MS = 3000;

/** Fetches the code of all views and dialogs when there is time, so that a lost connection keeps nobody from going to one. */
async function fetchViews(): Promise<void> {
  const pages = VIEWS.flatMap((v) => [v, ...(v.pages ?? [])]);
  await quiet(ANSWERED_MS);
  const dialogs = VIEWS.flatMap((v) => v.later ?? []).map((load) => ({ component: load, schemas: true as const }));
  for (const page of [...pages, ...dialogs, ...DIALOGS.map((d) => ({ component: d.load })), { component: jobSchemas }])
    // What cannot be fetched now is fetched when it is opened.
    await loadInTurn(page, () => idle(LATEST_MS)).catch(() => undefined);
  // The first search does not wait for its thread then; where it is not possible yet, searching says why.
  await request('search.prepare', { descriptors: false }).catch(() => undefined);
}

/** A browser asks before it closes a page whose decisions were not sent yet; they are kept in any case. */
function askBeforeLeaving(event: BeforeUnloadEvent): void {
  if (host === undefined && outbox.kept.value.length > 0) event.preventDefault();
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
    router.afterEach((to) => {
      unreached = undefined;
      const asked = to.redirectedFrom?.path ?? '/';
      if (asked === '/') return;
      const view = VIEWS.find((v) => v.name === to.meta['view']);
      notices.add('error', `There is nothing at ${asked}`, `${view?.title ?? 'The first view'} is shown instead.`);
    }),
  );
  watch(
    () => connection.returns,
    () => {
      void loadChoices();
      void desktop.refresh();
      if (unreached !== undefined) void router.push(unreached.fullPath);
    },
  );
  watch(
    [
      () => (library.loaded && library.info === null ? 'start' : place.view),
      () => library.info?.name,
      () => place.subject,
    ],
    ([view, name, subject]) => {
      document.title = windowTitle(view === 'start' ? START : VIEWS.find((v) => v.name === view), name, subject);
    },
    { immediate: true },
  );

  stops.push(
    connection.listen(),
    notices.listen(),
    library.listen(),
    jobs.listen(),
    useImports().listen(),
    useStart().listen(),
    useSteps().listen(),
    useDownloads().listen(),
    useLive().listen(),
    useCollectionFiles().listen(),
    onEvent((e) => {
      if (e.event === 'changed' && e.what === 'settings') void loadChoices();
      if (e.event === 'act') {
        const asked = ACTIONS.find((a) => a.id === e.action);
        if (asked !== undefined) perform(asked);
      }
      if (e.event === 'said') notices.add('done', e.message);
    }),
    listenToKeys(ACTIONS),
  );
  outbox.onRefused = (error) => notices.error(fromErrorShape(error));
  addEventListener('beforeunload', askBeforeLeaving);
  stops.push(() => removeEventListener('beforeunload', askBeforeLeaving));
  const there = library.refresh();
  void loadChoices();
  void desktop.refresh();

  onMounted(async () => {
    await there;
    await jobs.refresh();
    await fetchViews();
  });
  onBeforeUnmount(() => {
    for (const stop of stops) stop();
  });
}
