import { defineStore } from 'pinia';
import { ref } from 'vue';
import { onEvent, request, saveFile } from '../transport/index.ts';
import type { RouteParams } from '../../shared/routes/index.ts';
import { useNotices } from './notices.ts';

/** What is written for other tools and then kept by the browser as a file. */
export const useDownloads = defineStore('downloads', () => {
  /** Jobs that write, with what is downloaded when they are done. */
  const waiting = ref<ReadonlyMap<number, string>>(new Map());

  /** Writes something; it is downloaded once it is done. What goes wrong is said. */
  async function begin(what: RouteParams<'library.download'>): Promise<void> {
    try {
      const { job, download } = await request('library.download', what);
      waiting.value = new Map([...waiting.value, [job, download]]);
    } catch (error) {
      useNotices().error(error);
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

  return { waiting, begin, listen };
});
