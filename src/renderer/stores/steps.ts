import { defineStore } from 'pinia';
import { computed, ref, watch } from 'vue';
import type { PathSteps, Settings } from '../../shared/domain.ts';
import { onEvent, request } from '../transport/index.ts';
import { useJobs } from './jobs.ts';
import { useLibrary } from './library.ts';
import { useNotices } from './notices.ts';

/** Changes after which a library may stand elsewhere on its way. */
const MOVED_BY = [
  'library',
  'clusters',
  'descriptors',
  'networks',
  'training',
  'mining',
  'runs',
  'decisions',
  'searched',
];

/** The kind of job that does a step, and what it brings: edge maps are described for drawings, and a trial import brings nothing. */
const BY = {
  photos: ['import', 'photos'],
  places: ['cluster', 'clusters'],
  describe: ['extract', 'descriptors'],
  mine: ['mine', 'tuples'],
  look: [null, null],
  train: ['train', 'training'],
  search: [null, null],
} as const;

/** The steps from photos to search: where the open library stands, and whether the row of them is shown. */
export const useSteps = defineStore('steps', () => {
  const path = ref<PathSteps | null>(null);
  /** Null until it is known what the person chose. */
  const wanted = ref<boolean | null>(null);
  const library = useLibrary();
  const jobs = useJobs();
  const shown = computed(() => wanted.value === true && path.value !== null && library.info !== null);
  let asked = 0;

  async function refresh(): Promise<void> {
    const mine = (asked += 1);
    if (library.info === null || wanted.value !== true) {
      path.value = null;
      return;
    }
    try {
      const now = await request('start.steps', {});
      if (mine === asked) path.value = now;
    } catch (error) {
      if (mine === asked) useNotices().error(error);
    }
  }

  /** What the person chose, in this window or another. */
  function take({ steps = true }: Settings): void {
    if (wanted.value === steps) return;
    wanted.value = steps;
    void refresh();
  }

  /** Shows the row or puts it away, in every library, until it is said otherwise. */
  async function show(is: boolean): Promise<void> {
    try {
      take(await request('settings.set', { steps: is }));
    } catch (error) {
      useNotices().error(error);
    }
  }

  function listen(): () => void {
    const offs = [
      onEvent((e) => {
        if (e.event === 'changed' && MOVED_BY.includes(e.what)) void refresh();
        // What ends may be a step.
        if (e.event === 'job' && e.job.state !== 'running' && e.job.state !== 'queued') void refresh();
      }),
      watch(
        () => library.info?.path,
        () => void refresh(),
      ),
    ];
    return () => offs.forEach((off) => off());
  }

  /** The job that is at work on a step: of its kind, and one that brings what the step is for; null for none. */
  function going(step: PathSteps['steps'][number]['name']) {
    const [kind, what] = BY[step];
    return kind === null ? null : jobs.bringing(what, kind);
  }

  return { path, wanted, shown, take, show, refresh, going, listen };
});
