import { defineStore } from 'pinia';
import { ref } from 'vue';

/** What lies over the views: the palette, the sheet of keys, and what asks where chosen photos go. */
export const usePanels = defineStore('panels', () => {
  const palette = ref(false);
  const help = ref(false);
  /** Which collection takes the chosen photos. */
  const collecting = ref(false);
  /** The name of a new one for them. */
  const naming = ref(false);
  /** The history of what was decided and changed. */
  const history = ref(false);
  return { history, palette, help, collecting, naming };
});
