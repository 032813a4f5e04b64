import { ref } from 'vue';
import { dragged } from '../../kit/photo-drag.ts';

/** Files that are dropped onto an element: bind `on` with v-on; `over` is true while one hangs over it. */
export function useDrop(take: (file: File) => unknown) {
  const over = ref(false);
  return {
    over,
    on: {
      dragover(event: DragEvent): void {
        // Photos of the library are dragged to collections.
        if (dragged.value !== null) return;
        event.preventDefault();
        over.value = true;
      },
      dragleave(): void {
        over.value = false;
      },
      drop(event: DragEvent): void {
        event.preventDefault();
        over.value = false;
        const file = event.dataTransfer?.files[0];
        if (file !== undefined) take(file);
      },
    },
  };
}
