import { onBeforeUnmount, shallowRef, watch, type Ref, type ShallowRef, type WatchSource } from 'vue';

/** What holds on to memory and listeners outside Vue. */
export interface Disposable {
  dispose(): void;
}

/**
 * A scene that lives as long as its canvas and its data: made when both are there, made anew when either changes, disposed before that and
 * when the component goes. `failed` is what the making threw, as where there is no WebGL.
 */
export function useScene<S extends Disposable, D>(
  canvas: Ref<HTMLCanvasElement | null>,
  data: WatchSource<D | null | undefined>,
  make: (canvas: HTMLCanvasElement, data: D) => S,
): { readonly scene: ShallowRef<S | null>; readonly failed: ShallowRef<unknown> } {
  const scene = shallowRef(null) as ShallowRef<S | null>;
  const failed = shallowRef<unknown>(null);
  function end(): void {
    scene.value?.dispose();
    scene.value = null;
  }
  watch(
    [canvas, data] as const,
    ([element, given]) => {
      end();
      failed.value = null;
      if (element === null || given === null || given === undefined) return;
      try {
        scene.value = make(element, given as D);
      } catch (error) {
        failed.value = error;
      }
    },
    { immediate: true, flush: 'post' },
  );
  onBeforeUnmount(end);
  return { scene, failed };
}
