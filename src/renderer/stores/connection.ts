import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { onEvent, outbox } from '../transport/index.ts';

const BACK_MS = 3000;

/** Whether the engine can be asked: `lost` and `silent` say why not, `back` is shown for a moment and goes by itself. */
export const useConnection = defineStore('connection', () => {
  const state = ref<'ready' | 'lost' | 'silent' | 'back'>('ready');
  const message = ref('');
  /** Counts up whenever the engine is there again, so that what was loaded before can be read anew. */
  const returns = ref(0);
  /** Decisions that wait until the engine can be asked. */
  const kept = computed(() => outbox.kept.value.length);
  /** Paths of libraries that decisions wait for while another one is open. */
  const elsewhere = computed(() => {
    void outbox.kept.value;
    return [...new Set(outbox.elsewhere().map((k) => k.library))];
  });
  let timer: ReturnType<typeof setTimeout> | undefined;

  function listen(): () => void {
    return onEvent((e) => {
      if (e.event !== 'engine') return;
      clearTimeout(timer);
      if (e.state === 'silent') {
        state.value = 'silent';
        message.value = e.message;
        return;
      }
      if (e.state === 'heard') {
        state.value = 'ready';
        return;
      }
      if (e.state !== 'ready') {
        state.value = 'lost';
        message.value = e.message === '' ? 'The engine has ended. It is started again.' : e.message;
        return;
      }
      returns.value += 1;
      if (state.value !== 'lost') {
        state.value = 'ready';
        return;
      }
      state.value = 'back';
      message.value = 'The engine is there again';
      timer = setTimeout(() => (state.value = 'ready'), BACK_MS);
    });
  }

  return { state, message, returns, kept, elsewhere, discard: () => outbox.discard(), listen };
});
