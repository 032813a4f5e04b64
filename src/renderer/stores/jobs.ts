import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import type { JobKind, JobResult, PageJob } from '../../shared/jobs/index.ts';
import type { Brought, JobInfo } from '../../shared/domain.ts';
import { toErrorShape } from '../../shared/errors.ts';
import { warned } from '../../shared/warned.ts';
import { onEvent, request } from '../transport/index.ts';
import { jobSchemas, resultOf, saidOf } from './job-results.ts';
import { useNotices } from './notices.ts';

const isGoing = ({ state }: JobInfo): boolean => state === 'running' || state === 'queued';

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

  /** Says that a job is done and what came of it; where it warned, what of, and where the rest is read. */
  async function sayDone(job: JobInfo): Promise<void> {
    // Without what jobs say their end is still said.
    await jobSchemas().catch(() => undefined);
    const warning = warned(job.warnings);
    const said = [...saidOf(job), ...(warning === '' ? [] : [warning])].join('. ');
    const to = warning === '' ? null : { label: 'Jobs', to: { name: 'jobs' } };
    useNotices().add(warning === '' ? 'done' : 'warning', `${job.title} finished`, said, to);
  }

  function listen(): () => void {
    return onEvent((e) => {
      if (e.event === 'job') {
        put(e.job);
        if (e.job.state === 'failed')
          useNotices().add('error', `${e.job.title} failed: ${e.job.error?.message ?? 'no reason given'}`);
        if (e.job.state === 'done') void sayDone(e.job);
      } else if (e.event === 'progress')
        jobs.value = jobs.value.map((j) => (j.id === e.id ? { ...j, progress: e.progress } : j));
      else if ((e.event === 'engine' && e.state === 'ready') || (e.event === 'changed' && e.what === 'library')) {
        void refresh();
      }
    });
  }

  /** The newest job of these kinds that runs or waits. */
  function going(...kinds: readonly JobInfo['kind'][]): JobInfo | null {
    return jobs.value.find((j) => kinds.includes(j.kind) && isGoing(j)) ?? null;
  }

  /**
   * The newest job that runs or waits and makes what is not there yet: what a view shows in place of that.
   * @param kind that it is of; any, where that is left out.
   */
  function bringing(what: Brought, kind?: JobKind): JobInfo | null {
    const brings = (j: JobInfo): boolean =>
      j.brings?.includes(what) === true && (kind === undefined || j.kind === kind);
    return jobs.value.find((j) => brings(j) && isGoing(j)) ?? null;
  }

  /** What the newest finished job of a kind gave; null before there is one, and for what another version gave. */
  const newestResult = <K extends JobKind>(kind: K): JobResult<K> | null =>
    resultOf(
      kind,
      jobs.value.find((j) => j.kind === kind && j.state === 'done' && j.result !== null),
    );

  return { newestResult, jobs, going, bringing, running, waiting, refresh, start, cancel, listen };
});
