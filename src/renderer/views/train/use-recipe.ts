import { computed, onMounted, ref, shallowRef, watch } from 'vue';
import { z } from 'zod';
import { defined } from '../../../shared/defined.ts';
import type { Backend, MiningRunInfo, Pooling, PresetInfo } from '../../../shared/domain.ts';
import { mining } from '../../../shared/fields.ts';
import { trainJob } from '../../../shared/jobs/train.ts';
import type { RouteParams } from '../../../shared/routes/index.ts';
import { forPages, unwrap } from '../../../shared/schema.ts';
import { useLibrary } from '../../stores/library.ts';
import { useNotices } from '../../stores/notices.ts';
import { request } from '../../transport/index.ts';

const all = trainJob.params.shape;
/** How tuples are mined: negatives of a tuple in sight, the rest folded away. */
const { queries: _ofRuns, ...minedShape } = mining.shape;
const minedBy = Object.fromEntries(
  Object.entries(minedShape).map(([key, field]) => [
    key,
    key === 'count' ? field : field.meta({ ...unwrap(field).meta, advanced: true }),
  ]),
) as typeof minedShape;
/** What is asked of edge maps alone. */
export const OF_EDGES = ['detector', 'classical'] as const;
/** The part of a training's parameters that the form makes of the schema; the rest has inputs of its own. */
export const trainFields = trainJob.params
  .pick({
    epochs: true,
    queriesPerEpoch: true,
    learningRate: true,
    margin: true,
    size: true,
    seed: true,
    batch: true,
    optimiser: true,
    loss: true,
    protocol: true,
    folds: true,
    warmStart: true,
    towardsStart: true,
    interpolate: true,
    augment: true,
    freeze: true,
    collection: true,
    minings: true,
    weightDecay: true,
    memory: true,
    precision: true,
  })
  .extend({
    mining: z.strictObject(minedBy).optional().meta({ label: 'Mining' }),
    name: all.name,
    // Pages send what was chosen by its id.
    detector: forPages(trainJob.params.pick({ detector: true }), true).shape['detector'] as z.ZodOptional<z.ZodString>,
    classical: all.classical,
  });
export type TrainFields = z.output<typeof trainFields>;
type PresetChoice = NonNullable<z.output<typeof trainJob.params>['preset']>;

/** What a run starts from, what it learns by, what computes; and the recipe from which the fields start. */
export function useRecipe() {
  const library = useLibrary();
  const presets = shallowRef<readonly PresetInfo[]>([]);
  const pools = shallowRef<readonly MiningRunInfo[]>([]);
  const domain = ref<'photos' | 'edges'>('photos');
  const preset = ref<string>('small');
  const network = ref('');
  const backend = ref<Backend | ''>('');
  /** Empty: the network's own. */
  const pooling = ref<Pooling | ''>('');
  /** Manifold run whose pools are trained on; null to mine geometry. */
  const pool = ref<number | null>(null);
  const draft = ref<Record<string, unknown>>({});
  const recipe = computed(() => presets.value.find((p) => p.name === preset.value));
  /** What is meant where none is chosen. */
  const begun = computed(() => library.info?.networks.find((n) => n.embedded)?.id);
  const networks = computed(
    () =>
      library.info?.networks.filter(
        (n) => n.id !== begun.value && n.scales === undefined && (domain.value === 'edges' || n.edges === undefined),
      ) ?? [],
  );

  watch(domain, (now) => {
    preset.value = now === 'edges' ? 'small-edges' : 'small';
    network.value = '';
  });
  /** Fields show what the recipe says. What was filled in before the first one came stays. */
  watch(recipe, (chosen, before) => {
    if (chosen === undefined) return;
    const { epochs, queriesPerEpoch, learningRate, size, loss, margin, mining: mined } = chosen.parameters;
    const { margin: _, ...kept } = draft.value;
    draft.value = {
      seed: 0,
      ...kept,
      epochs,
      queriesPerEpoch,
      learningRate,
      size,
      loss,
      mining: { count: mined.count },
      // A recipe of any network leaves the margin to the network.
      ...(chosen.backbone === null ? {} : { margin }),
      ...(before === undefined ? draft.value : {}),
    };
    pooling.value = domain.value === 'edges' ? '' : (chosen.pooling ?? '');
  });
  onMounted(async () => {
    try {
      // Once: fields are set from a recipe when it is chosen, not under a person's hands.
      presets.value = await request('training.presets', {});
    } catch (error) {
      useNotices().error(error);
    }
  });
  watch(
    [() => library.changed('mining'), () => library.info?.path],
    async () => {
      try {
        const mined = await request('tuples.runs', {});
        pools.value = mined.filter((r) => r.parameters.positives === 'manifold' && r.training === null);
      } catch (error) {
        useNotices().error(error);
      }
    },
    { immediate: true },
  );

  /** The job, of what the form's fields say. */
  function jobOf({ detector, classical, ...fields }: TrainFields) {
    const edges =
      domain.value === 'edges' ? defined({ detector, classical: classical === true ? true : undefined }) : {};
    return {
      kind: 'train' as const,
      preset: preset.value as PresetChoice,
      domain: domain.value,
      ...(backend.value === '' ? {} : { backend: backend.value }),
      ...fields,
      ...edges,
      ...(network.value === '' ? {} : { network: network.value }),
      ...(pooling.value === '' || domain.value === 'edges' ? {} : { pooling: pooling.value }),
      ...(pool.value === null ? {} : { pools: pool.value }),
    };
  }
  /** Of it what memory depends on; the schema drops what is typed and no value yet. */
  const memoryAsked = computed((): RouteParams<'training.memory'> => {
    const one = <K extends keyof TrainFields>(key: K): Partial<Pick<TrainFields, K>> => {
      const read = trainFields.shape[key].safeParse(draft.value[key]);
      return read.success && read.data !== undefined ? ({ [key]: read.data } as Pick<TrainFields, K>) : {};
    };
    return {
      preset: preset.value as PresetChoice,
      domain: domain.value,
      ...(backend.value === '' ? {} : { backend: backend.value }),
      ...(network.value === '' ? {} : { network: network.value }),
      ...one('size'),
      ...one('optimiser'),
      ...one('mining'),
      ...one('freeze'),
      ...one('memory'),
    };
  });
  return {
    presets,
    pools,
    domain,
    preset,
    network,
    networks,
    backend,
    pooling,
    pool,
    draft,
    recipe,
    jobOf,
    memoryAsked,
  };
}
