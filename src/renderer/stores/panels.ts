import { defineStore } from 'pinia';
import { ref } from 'vue';

/** What lies over the views: the palette and the sheet of keys. */
export const usePanels = defineStore('panels', () => {
  const palette = ref(false);
  const help = ref(false);
  return { palette, help };
});
