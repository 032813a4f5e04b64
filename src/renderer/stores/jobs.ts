import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import type { JobKind, JobResult, PageJob } from '../../shared/jobs/index.ts';
import type { JobInfo } from '../../shared/domain.ts';
import { toErrorShape } from '../../shared/errors.ts';
import { onEvent, request } from '../transport/index.ts';
import { resultOf } from './job-results.ts';
import { useNotices } from './notices.ts';

/** All long work: what runs, what waits, what was. */
export const useJobs = defineStore('jobs', () => {
  const jobs = ref<readonly JobInfo[]>([]);
  const running = computed(() => jobs.value.find((j) => j.state === 'running') ?? null);
  const waiting = computed(() => jobs.value.filter((j) => j.state === 'queued').length);

  async function refresh(): Promise<void> {
    try {
      jobs.value = await request('jobs.list', {});
    } catch (error) {
      // Where no library is open there are none.
      if (toErrorShape(error).code === 'STATE_EMPTY') jobs.value = [];
      else useNotices().error(error);
    }
  }

  function put(job: JobInfo): void {
    const known = jobs.value.some((j) => j.id === job.id);
    jobs.value = known ? jobs.value.map((j) => (j.id === job.id ? job : j)) : [job, ...jobs.value];
  }

  async function start(job: PageJob): Promise<void> {
    try {
      await request('jobs.start', { job });
    } catch (error) {
      useNotices().error(error);
    }
  }

  async function cancel(id: number): Promise<void> {
    try {
      await request('jobs.cancel', { id });
    } catch (error) {
      useNotices().error(error);
    }
  }

  function listen(): () => void {
    return onEvent((e) => {
      if (e.event === 'job') {
        put(e.job);
        if (e.job.state === 'failed')
          useNotices().add('error', `${e.job.title} failed: ${e.job.error?.message ?? 'no reason given'}`);
        if (e.job.state === 'done') useNotices().add('done', `${e.job.title} finished`);
      } else if (e.event === 'progress')
        jobs.value = jobs.value.map((j) => (j.id === e.id ? { ...j, progress: e.progress } : j));
      else if ((e.event === 'engine' && e.state === 'ready') || (e.event === 'changed' && e.what === 'library')) {
        void refresh();
      }
    });
  }

  /** The newest job of these kinds that runs or waits. */
  function going(...kinds: readonly JobInfo['kind'][]): JobInfo | null {
    return jobs.value.find((j) => kinds.includes(j.kind) && (j.state === 'running' || j.state === 'queued')) ?? null;
  }

  /** What the newest finished job of a kind gave; null before there is one, and for what another version gave. */
  const newestResult = <K extends JobKind>(kind: K): JobResult<K> | null =>
    resultOf(
      kind,
      jobs.value.find((j) => j.kind === kind && j.state === 'done' && j.result !== null),
    );

  return { newestResult, jobs, going, running, waiting, refresh, start, cancel, listen };
});
