import type { Library } from '../library/library.ts';
import { embeddedNetwork } from '../network/embedded.ts';
import {
  addEmbedded,
  defaultOf,
  loadNetwork,
  resolveNetwork,
  storeComputed,
  storeNetwork,
  type NetworkRow,
} from '../network/networks.ts';
import { EMBEDDED_DETECTOR } from '../../../shared/jobs/edges.ts';
import { keepDetector } from './detector.ts';
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
 * An edge network before training: the one named, or a photo network turned into one, the embedded `tiny` when nothing is named.
 * @throws CovisError `INPUT_UNSUPPORTED` when the network cannot take edges.
 */
export async function edgeNetworkFrom(
  library: Library,
  which: string | undefined,
  start: EdgeStart = {},
): Promise<NetworkRow> {
  const row = which === undefined ? addEmbedded(library, 'tiny') : await resolveNetwork(library, which, 'embedded');
  if (row.spec.edges !== undefined) return row;
  const { detector: wanted, pooling, filter } = start;
  const detector = wanted === undefined ? EMBEDDED_DETECTOR : await keepDetector(library, wanted);
  const { graph, spec } = edgeNetwork(loadNetwork(library, row), { detector, pooling, filter });
  return storeComputed(library, graph, spec, row.uid);
}

/**
 * The edge network that a person means: the one named, a named photo network turned into one, or, when nothing or `default` is named, the
 * library's default of those, else the embedded one.
 * @throws CovisError as {@link edgeNetworkFrom}.
 */
export async function edgeNetworkOf(library: Library, which: string | undefined): Promise<NetworkRow> {
  if (which !== undefined && which !== 'default') return edgeNetworkFrom(library, which);
  const known = defaultOf(library, 'edges');
  if (known !== undefined) return known;
  const { graph, spec } = embeddedNetwork('edges');
  return storeNetwork(library, graph, spec, null);
}

/** The edge network to draw with: the one named, or the library's default; undefined where there is none. */
export async function drawingNetwork(library: Library, which: string | undefined): Promise<NetworkRow | undefined> {
  return which === undefined || which === 'default'
    ? defaultOf(library, 'edges')
    : resolveNetwork(library, which, 'embedded');
}
