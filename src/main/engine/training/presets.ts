import {
  PRESET_NAMES,
  type NetworkSpec,
  type Pooling,
  type PresetName,
  type TrainingParameters,
} from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { PHOTO_SIZE } from '../inputs/inputs.ts';
import { DEFAULT_MINING } from '../mining/candidates.ts';
import { hasLinearLayer } from '../network/head.ts';
import type { Graph } from '../network/onnx/graph.ts';

/** What trains the embedded network on a machine without a GPU in minutes; margin 0.7 as for AlexNet-class networks. */
export const DEFAULT_TRAINING: TrainingParameters = {
  preset: 'small',
  name: null,
  experiment: false,
  backend: 'auto',
  precision: 'single',
  epochs: 5,
  loss: 'contrastive',
  optimiser: 'adam',
  decay: { kind: 'exponential', rate: 0.1 },
  scaling: 'sum',
  dampening: 0,
  batch: 5,
  pools: null,
  queriesPerEpoch: 160,
  learningRate: 1e-5,
  weightDecay: 1e-6,
  margin: 0.7,
  size: PHOTO_SIZE,
  seed: 0,
  minings: 1,
  towardsStart: 0,
  interpolate: 1,
  mining: DEFAULT_MINING,
};

/**
 * Training on edge maps (methods.md 2.4), for the embedded network: rates are for Adam, maps of at most 200 pixels, negatives mined
 * three times an epoch.
 */
export const DEFAULT_EDGE_TRAINING: TrainingParameters = {
  ...DEFAULT_TRAINING,
  preset: 'small-edges',
  epochs: 10,
  learningRate: 3e-5,
  weightDecay: 1e-5,
  size: 200,
  minings: 3,
};

/** A published recipe, or one for small machines. */
export interface Preset {
  readonly title: string;
  /** The backbone that it was published with; another is trained just so, and the run says so. */
  readonly backbone: string | null;
  readonly pooling: Pooling | null;
  /** True where the recipe trains a whitening layer behind the pooling. */
  readonly whitened: boolean;
  readonly parameters: TrainingParameters;
}

const PUBLISHED: TrainingParameters = {
  ...DEFAULT_TRAINING,
  size: 362,
  epochs: 30,
  queriesPerEpoch: 6000,
  minings: 3,
  learningRate: 1e-6,
  weightDecay: 5e-4,
  mining: { ...DEFAULT_MINING, pool: 22_000 },
};
const REFERENCE: TrainingParameters = {
  ...PUBLISHED,
  epochs: 100,
  queriesPerEpoch: 2000,
  minings: 1,
  learningRate: 5e-7,
  weightDecay: 1e-6,
  decay: { kind: 'exponential', rate: 0.01 },
};
const withLayer = (learningRate: number, size: number, count: number): TrainingParameters => ({
  ...REFERENCE,
  loss: 'triplet',
  margin: 0.5,
  learningRate,
  size,
  mining: { ...DEFAULT_MINING, pool: 20_000, count },
});

/** Each recipe's parameters say which it is. */
function named<K extends string>(presets: Readonly<Record<K, Preset>>): Readonly<Record<K, Preset>> {
  const all = Object.entries<Preset>(presets);
  return Object.fromEntries(
    all.map(([preset, p]) => [preset, { ...p, parameters: { ...p.parameters, preset } }]),
  ) as Record<K, Preset>;
}

/** The recipes of methods.md 1.6 by name. */
export const PRESETS: Readonly<Record<PresetName, Preset>> = named({
  small: {
    title: 'Small: minutes on a machine without a GPU',
    backbone: null,
    pooling: null,
    whitened: false,
    parameters: DEFAULT_TRAINING,
  },
  'small-edges': {
    title: 'Small, on edge maps',
    backbone: null,
    pooling: null,
    whitened: false,
    parameters: DEFAULT_EDGE_TRAINING,
  },
  'eccv16-mac-vgg': {
    title: 'ECCV 2016: MAC, VGG16',
    backbone: 'VGG16',
    pooling: 'mac',
    whitened: false,
    parameters: {
      ...PUBLISHED,
      optimiser: 'sgd',
      scaling: 'pairs',
      learningRate: 1e-3,
      decay: { kind: 'steps', epochs: [10, 20], factor: 5 },
      margin: 0.7,
    },
  },
  'pami18-gem-vgg': {
    title: 'TPAMI 2018: GeM, VGG16',
    backbone: 'VGG16',
    pooling: 'gem',
    whitened: false,
    parameters: { ...PUBLISHED, margin: 0.75 },
  },
  'pami18-gem-resnet101': {
    title: 'TPAMI 2018: GeM, ResNet101',
    backbone: 'ResNet101',
    pooling: 'gem',
    whitened: false,
    parameters: { ...PUBLISHED, margin: 0.85 },
  },
  'pytorch-gem-resnet101': {
    title: 'The PyTorch run: GeM, ResNet101',
    backbone: 'ResNet101',
    pooling: 'gem',
    whitened: false,
    parameters: { ...REFERENCE, margin: 0.85 },
  },
  'pytorch-whiten-resnet50': {
    title: 'The PyTorch run with a whitening layer: ResNet50',
    backbone: 'ResNet50',
    pooling: 'gem',
    whitened: true,
    parameters: withLayer(1e-6, 1024, 5),
  },
  'pytorch-whiten-resnet101': {
    title: 'The PyTorch run with a whitening layer: ResNet101',
    backbone: 'ResNet101',
    pooling: 'gem',
    whitened: true,
    parameters: withLayer(5e-7, 1024, 4),
  },
  'pytorch-whiten-resnet152': {
    title: 'The PyTorch run with a whitening layer: ResNet152',
    backbone: 'ResNet152',
    pooling: 'gem',
    whitened: true,
    parameters: withLayer(5e-7, 900, 3),
  },
});

/** @throws CovisError `INPUT_INVALID` naming those that exist. */
export function presetNamed(name: string): Preset {
  const known = PRESET_NAMES.find((n) => n === name);
  if (known === undefined)
    throw new CovisError('INPUT_INVALID', `There is no preset ${name}: ${PRESET_NAMES.join(', ')}`);
  return PRESETS[known];
}

/** Factor of the learning rate in an epoch, the first being 1. */
export function decayed(decay: TrainingParameters['decay'], epoch: number): number {
  return decay.kind === 'exponential'
    ? Math.exp(-decay.rate * (epoch - 1))
    : decay.factor ** -decay.epochs.filter((e) => epoch > e).length;
}

/**
 * Margin for a network when nobody says one (methods.md 1.4). Contrastive: 0.7 for AlexNet-class and small networks, 0.75 for plain deep
 * ones as VGG, 0.85 for wide residual ones as ResNet50 to 152, twice that where a linear layer is trained behind the pooling.
 * Triplet: 0.5 with such a layer, else 0.1; batch-hard 0.4 and 0.2; multi-similarity 0.5.
 */
export function defaultMargin(graph: Graph, loss: TrainingParameters['loss']): number {
  const linear = hasLinearLayer(graph);
  if (loss === 'triplet') return linear ? 0.5 : 0.1;
  if (loss === 'batch-hard') return linear ? 0.4 : 0.2;
  // The similarity at which pairs turn, as published.
  if (loss === 'multi-similarity') return 0.5;
  const convolutions = graph.nodes.filter((n) => n.op === 'Conv');
  const channels = Math.max(0, ...convolutions.map((n) => graph.initializers.get(n.inputs[1] ?? '')?.dims[0] ?? 0));
  const residual = graph.nodes.some((n) => n.op === 'Add' && n.inputs.every((i) => !graph.initializers.has(i)));
  const grouped = convolutions.some((n) => (graph.initializers.get(n.inputs[1] ?? '')?.dims[1] ?? 0) === 1);
  const base =
    residual && channels >= 2048
      ? 0.85
      : !residual && !grouped && convolutions.length >= 13 && channels >= 512
        ? 0.75
        : 0.7;
  return linear ? 2 * base : base;
}

/** What a person is told who trains another network than the recipe was published with. */
export function presetAdvice(preset: Preset, spec: NetworkSpec): string | undefined {
  if (preset.backbone === null) return undefined;
  const plain = (s: string): string => s.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (plain(`${spec.name} ${spec.origin}`).includes(plain(preset.backbone))) return undefined;
  return `${preset.title} was published with ${preset.backbone}; it trains ${spec.name} here`;
}
