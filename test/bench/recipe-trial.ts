/** A recipe of recipe-list.ts as a trial on a library: what adapting takes there, but for what the recipe changes. */
import type { Trial } from '../../src/main/engine/adapt/candidates.ts';
import { chooseGuards } from '../../src/main/engine/adapt/guards.ts';
import { collectionStatistics } from '../../src/main/engine/adapt/statistics.ts';
import type { Geometry } from '../../src/main/engine/evaluation/protocols.ts';
import type { Library } from '../../src/main/engine/library/library.ts';
import { DEFAULT_MINING } from '../../src/main/engine/mining/candidates.ts';
import { loadNetwork, type NetworkRow } from '../../src/main/engine/network/networks.ts';
import type { Graph } from '../../src/main/engine/network/onnx/graph.ts';
import { DEFAULT_TRAINING, defaultMargin } from '../../src/main/engine/training/presets.ts';
import type { AdaptProtocol } from '../../src/shared/facts/adapt-names.ts';
import { RECIPES } from './recipe-list.ts';

export interface TrialOptions {
  /** Pixels. */
  readonly size: number;
  readonly folds: number;
  readonly seed: number;
  /** What is held out; new photos if not given. */
  readonly protocol?: AdaptProtocol;
  /** In place of what adapting takes. */
  readonly epochs?: number;
  readonly tuples?: number;
}

/** A graph as it will be trained: behind a warm start stands a linear layer. */
function asTrained(graph: Graph, warm: boolean): Graph {
  const [layer] = graph.initializers.values();
  return warm ? { ...graph, initializers: new Map([...graph.initializers, ['whitening/weight', layer!]]) } : graph;
}

/** @param name of the recipe. */
export function trialOf(library: Library, g: Geometry, start: NetworkRow, name: string, o: TrialOptions): Trial {
  const guards = chooseGuards(collectionStatistics(library, g), o.size);
  const { warm = false, ...change } = RECIPES[name]!;
  const loss = change.loss ?? DEFAULT_TRAINING.loss;
  return {
    drawing: { protocol: o.protocol ?? 'new-photos', parts: guards.parts, seed: o.seed },
    folds: o.folds,
    start,
    warm,
    parameters: {
      ...DEFAULT_TRAINING,
      backend: 'cpu',
      epochs: o.epochs ?? guards.epochs,
      queriesPerEpoch: o.tuples ?? guards.queriesPerEpoch,
      learningRate: guards.learningRate,
      batch: guards.batch,
      // A linear layer behind the pooling, as a warm start brings it, has a margin of its own.
      margin: defaultMargin(asTrained(loadNetwork(library, start).graph, warm), loss),
      ...change,
      size: o.size,
      seed: o.seed,
      mining: {
        ...DEFAULT_MINING,
        minShared: guards.minShared,
        minOverlap: guards.minOverlap,
        maxScale: guards.maxScale,
        ...change.mining,
      },
    },
    noWhitening: guards.noWhitening,
    noTraining: guards.noTraining,
  };
}
