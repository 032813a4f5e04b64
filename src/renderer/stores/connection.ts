import { defineStore } from 'pinia';
import { ref } from 'vue';
import { onEvent } from '../transport/index.ts';

const BACK_MS = 3000;

/** Whether the engine can be asked: `lost` says why, `back` is shown for a moment and goes by itself. */
export const useConnection = defineStore('connection', () => {
  const state = ref<'ready' | 'lost' | 'back'>('ready');
  const message = ref('');
  /** Counts up whenever the engine is there again, so that what was loaded before can be read anew. */
  const returns = ref(0);
  let timer: ReturnType<typeof setTimeout> | undefined;

  function listen(): () => void {
    return onEvent((e) => {
      if (e.event !== 'engine') return;
      clearTimeout(timer);
      if (e.state !== 'ready') {
        state.value = 'lost';
        message.value = e.message === '' ? 'The engine has ended. It is started again.' : e.message;
        return;
      }
      returns.value += 1;
      if (state.value !== 'lost') return;
      state.value = 'back';
      message.value = 'The engine is there again';
      timer = setTimeout(() => (state.value = 'ready'), BACK_MS);
    });
  }

  return { state, message, returns, listen };
});
