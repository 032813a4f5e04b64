import { defineComponent, h, markRaw, nextTick, shallowRef, watch, type Component } from 'vue';
import { useNotices } from '../../stores/notices.ts';

/**
 * A dialog whose code is fetched when it is first opened, if not before; it takes `open` as the dialog does. Once made it stays, so that it
 * closes as it opened and keeps what was filled in.
 */
export function late<C extends Component>(load: () => Promise<{ readonly default: C }>): C {
  const wrapper = defineComponent({
    inheritAttrs: false,
    props: { open: { type: Boolean, required: true } },
    emits: { 'update:open': (_open: boolean) => true },
    setup(props, { attrs, emit }) {
      const made = shallowRef<C | null>(null);
      /** It is opened once it is there: what a dialog does as it opens is done then. */
      const stands = shallowRef(false);
      watch(
        () => props.open,
        async (open) => {
          if (!open || made.value !== null) return;
          try {
            made.value = markRaw((await load()).default as C & object);
            await nextTick();
            stands.value = true;
          } catch (error) {
            useNotices().error(error);
            emit('update:open', false);
          }
        },
        { immediate: true },
      );
      return () =>
        made.value === null
          ? null
          : h(made.value, {
              ...attrs,
              open: props.open && stands.value,
              'onUpdate:open': (open: boolean) => emit('update:open', open),
            });
    },
  });
  return wrapper as unknown as C;
}
