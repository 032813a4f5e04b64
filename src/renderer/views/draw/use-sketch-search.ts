import { computed, onMounted, ref, shallowRef, watch } from 'vue';
import type { RouteResults } from '../../../shared/routes/index.ts';
import type { EdgeNetworkInfo } from '../../../shared/domain.ts';
import { toErrorShape, type ErrorShape } from '../../../shared/errors.ts';
import { useJobs } from '../../stores/jobs.ts';
import { useLibrary } from '../../stores/library.ts';
import { useLongSearches } from '../../stores/long-searches.ts';
import { request, uploadPhoto } from '../../transport/index.ts';
import { drawing } from './drawing.ts';
import { picture } from './strokes.ts';

const TOP = 200;
const SIDE = 512;

/** Searches with the drawing after each line, alone or mixed with a photo; of answers only that of the newest line counts. */
export function useSketchSearch() {
  const library = useLibrary();
  const jobs = useJobs();
  const long = useLongSearches();
  /** Undefined until the engine has said. */
  const info = shallowRef<EdgeNetworkInfo | null | undefined>(undefined);
  const network = ref<string | null>(null);
  const method = ref<'cosine' | 'cg'>('cosine');
  const mixed = ref<string | null>(null);
  const weight = ref(0.5);
  const answer = shallowRef<RouteResults<'search.run'> | null>(null);
  /** Milliseconds from the stroke to its results. */
  const elapsed = ref(0);
  const hint = ref('');
  const failed = ref<ErrorShape | null>(null);
  /** The drawing as the engine has it. */
  const sketch = ref<string | null>(null);
  const preparing = computed(() => jobs.bringing('edge-descriptors'));

  async function refresh(): Promise<void> {
    try {
      const now = await request('edges.info', network.value === null ? {} : { network: network.value });
      info.value = now;
      // The first line does not wait until they are read.
      if (now !== null && now.described > 0)
        request('search.prepare', { descriptors: true, network: now.network }).catch(() => undefined);
    } catch (error) {
      failed.value = toErrorShape(error);
    }
  }
  function prepare(): void {
    void jobs.start({ kind: 'extract', domain: 'edges', ...(info.value ? { network: info.value.network } : {}) });
  }

  let asked = 0;
  /** The answer that is shown is to what was asked before. */
  const asking = ref(false);
  async function run(began = performance.now()): Promise<void> {
    const mine = (asked += 1);
    if (sketch.value === null || !info.value || info.value.described === 0) {
      answer.value = null;
      asking.value = false;
      long.keepOnly('draw', []);
      return;
    }
    asking.value = true;
    if (failed.value?.code === 'CANCELLED') failed.value = null;
    try {
      const question = {
        drawing: sketch.value,
        network: info.value.network,
        method: method.value,
        top: TOP,
        ...(mixed.value === null ? {} : { photo: mixed.value, photoWeight: weight.value }),
      };
      const coming = long.ask('draw', question);
      long.keepOnly('draw', [question]);
      const found = await coming;
      if (mine !== asked) return;
      answer.value = found;
      elapsed.value = performance.now() - began;
      hint.value = '';
      failed.value = null;
    } catch (error) {
      if (mine !== asked) return;
      const e = toErrorShape(error);
      answer.value = null;
      if (e.code === 'INPUT_INVALID') hint.value = [e.message, e.hint].filter(Boolean).join('. ');
      else failed.value = e;
    } finally {
      if (mine === asked) asking.value = false;
    }
  }

  let sent = 0;
  async function send(blob: Blob | undefined): Promise<void> {
    const mine = (sent += 1);
    const began = performance.now();
    try {
      const id = blob === undefined ? null : await uploadPhoto(blob);
      if (mine !== sent) return;
      sketch.value = id;
      if (id === null) hint.value = '';
      await run(began);
    } catch (error) {
      if (mine === sent) failed.value = toErrorShape(error);
    }
  }
  /** A drawing from a file takes the place of the one on the paper. */
  let fromFile = false;
  async function take(file: File): Promise<void> {
    fromFile = drawing.strokes.value.length > 0;
    drawing.clear();
    await send(file);
  }

  onMounted(async () => {
    await refresh();
    if (drawing.strokes.value.length > 0) await send(picture(drawing.strokes.value, SIDE));
  });
  watch([() => library.changed('descriptors'), () => library.info?.path, network], async () => {
    failed.value = null;
    // What is under way is of what was there before.
    long.keepOnly('draw', []);
    await refresh();
    await run();
  });
  watch(drawing.strokes, (strokes) => {
    // The paper was cleared for a file, which is what is sent.
    if (fromFile && strokes.length === 0) fromFile = false;
    else void send(picture(strokes, SIDE));
  });
  watch([mixed, weight, method], () => void run());

  return {
    info,
    network,
    method,
    mixed,
    weight,
    answer,
    elapsed,
    hint,
    failed,
    sketch,
    preparing,
    prepare,
    take,
    run,
    asking,
  };
}

export type SketchSearch = ReturnType<typeof useSketchSearch>;
