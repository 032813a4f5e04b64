import type { Library } from '../library/library.ts';
import {
  ensureDefaultNetwork,
  latestOf,
  loadNetwork,
  resolveNetwork,
  storeNetwork,
  type NetworkRow,
} from '../network/networks.ts';
import { EMBEDDED_DETECTOR, keepDetector } from './detector.ts';
import { edgeNetwork, type EdgePooling } from './edge-network.ts';
import type { EdgeFilter } from './filter.ts';

/** How an edge network is made of a photo network. */
export interface EdgeStart {
  readonly pooling?: EdgePooling | undefined;
  /** `classical`, the embedded detector, or an ONNX file, which the library then keeps. */
  readonly detector?: string | undefined;
  readonly filter?: Partial<EdgeFilter> | undefined;
}

/**
 * The edge network that a person means: the one named, the named photo network turned into one, or, when nothing is named, the embedded
 * photo network turned into one.
 * @throws CovisError `INPUT_UNSUPPORTED` when the network cannot take edges.
 */
export async function edgeNetworkOf(
  library: Library,
  which: string | undefined,
  start: EdgeStart = {},
): Promise<NetworkRow> {
  const row = which === undefined ? ensureDefaultNetwork(library) : await resolveNetwork(library, which, 'default');
  if (row.spec.edges !== undefined) return row;
  const { detector: wanted, pooling, filter } = start;
  const detector = wanted === undefined ? EMBEDDED_DETECTOR : await keepDetector(library, wanted);
  const { graph, spec } = edgeNetwork(loadNetwork(library, row), { detector, pooling, filter });
  return storeNetwork(library, graph, spec, row.uid);
}

/** The edge network to draw with: the one named, or the one made last. */
export async function drawingNetwork(library: Library, which: string | undefined): Promise<NetworkRow | undefined> {
  return which === undefined ? latestOf(library, 'edges') : resolveNetwork(library, which, 'default');
}
