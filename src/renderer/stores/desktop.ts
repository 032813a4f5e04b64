import { defineStore } from 'pinia';
import { ref } from 'vue';
import type { Unopened } from '../../shared/facts/desktop.ts';
import { host } from '../transport/index.ts';
import { useNotices } from './notices.ts';

/** What the desktop's own process knows and a page does not: nothing in a browser. */
export const useDesktop = defineStore('desktop', () => {
  /** The library that was to be opened and could not be. */
  const unopened = ref<Unopened | null>(null);

  /** Asks anew, and says what the desktop has to say. */
  async function refresh(): Promise<void> {
    if (host === undefined) return;
    const notices = useNotices();
    try {
      const news = await host.news();
      unopened.value = news.unopened;
      for (const sentence of news.sentences) notices.add('error', sentence);
    } catch (error) {
      notices.error(error);
    }
  }

  return { unopened, refresh };
});
