import { defineStore } from 'pinia';
import { ref } from 'vue';
import { onEvent, request, saveFile } from '../transport/index.ts';
import type { RouteParams } from '../../shared/routes/index.ts';
import { useNotices } from './notices.ts';

/** What is written for other tools and then kept by the browser as a file. */
export const useDownloads = defineStore('downloads', () => {
  /** Jobs that write, with what is downloaded when they are done. */
  const waiting = ref<ReadonlyMap<number, string>>(new Map());

  /** Writes something; it is downloaded once it is done. What goes wrong is said. @returns whether it was begun. */
  const begin = (what: RouteParams<'library.download'>): Promise<boolean> =>
    wait(() => request('library.download', what));
  /** {@link begin} of a version of a collection. */
  const collection = (what: RouteParams<'collection-files.download'>): Promise<boolean> =>
    wait(() => request('collection-files.download', what));

  /** {@link begin} of a job that writes for other tools. */
  const job = (what: RouteParams<'start.download'>): Promise<boolean> => wait(() => request('start.download', what));

  async function wait(start: () => Promise<{ job: number; download: string }>): Promise<boolean> {
    try {
      const { job, download } = await start();
      waiting.value = new Map([...waiting.value, [job, download]]);
      return true;
    } catch (error) {
      useNotices().error(error);
      return false;
    }
  }

  function listen(): () => void {
    return onEvent((e) => {
      if (e.event === 'changed' && e.what === 'library') waiting.value = new Map();
      if (e.event !== 'job' || e.job.state === 'running' || e.job.state === 'queued') return;
      const download = waiting.value.get(e.job.id);
      if (download === undefined) return;
      waiting.value = new Map([...waiting.value].filter(([job]) => job !== e.job.id));
      if (e.job.state === 'done') saveFile(`download/${download}`);
    });
  }

  return { waiting, begin, collection, job, listen };
});
