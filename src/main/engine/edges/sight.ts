import type { EdgeNetworkInfo } from '../../../shared/domain.ts';
import type { Library } from '../library/library.ts';
import { loadNetwork, type NetworkRow } from '../network/networks.ts';
import { openDetector } from './detector.ts';
import { encodeEdgeMap, type EdgeMap } from './edge-map.ts';
import { filterOf } from './edge-network.ts';
import { EdgeSource } from './edge-source.ts';
import { filterEdge, type EdgeFilter } from './filter.ts';
import { EDGE_SIZE } from './edge-network.ts';
import { readDrawing, sketchMaps } from './sketch-files.ts';

/** What an edge network sees of a photo or a drawing, as pictures for people. Release it when done. */
export class Sight {
  readonly network: NetworkRow;
  readonly #filter: EdgeFilter;
  readonly #source: EdgeSource;
  readonly #release: () => Promise<void>;

  private constructor(network: NetworkRow, filter: EdgeFilter, source: EdgeSource, release: () => Promise<void>) {
    this.network = network;
    this.#filter = filter;
    this.#source = source;
    this.#release = release;
  }

  /** @throws CovisError `INPUT_INVALID` for a network of photos. */
  static async create(library: Library, network: NetworkRow): Promise<Sight> {
    const filter = filterOf(loadNetwork(library, network).graph);
    const detector = await openDetector(network.spec.edges?.detector, library);
    return new Sight(network, filter, new EdgeSource(library, detector), () => detector.release());
  }

  facts(): Pick<EdgeNetworkInfo, 'network' | 'name' | 'detector' | 'filter'> {
    const { uid, spec } = this.network;
    return { network: uid, name: spec.name, detector: spec.edges!.detector, filter: this.#filter };
  }

  /** The edge map of a photo as a grey PNG, as it is or through the filter. */
  async photo(photoId: number, filtered: boolean): Promise<Uint8Array> {
    return this.#picture((await this.#source.get(photoId, [EDGE_SIZE]))[0]!, filtered);
  }

  /** The edge map that a drawing becomes. @throws CovisError `INPUT_INVALID` for an empty drawing. */
  async drawing(bytes: Uint8Array, filtered: boolean): Promise<Uint8Array> {
    return this.#picture((await sketchMaps(await readDrawing(bytes), [EDGE_SIZE]))[0]!, filtered);
  }

  #picture(map: EdgeMap, filtered: boolean): Promise<Uint8Array> {
    // White is the strongest that the filter gives.
    const data = filtered ? map.data.map((v) => filterEdge(v, this.#filter) / this.#filter.gain) : map.data;
    return encodeEdgeMap({ ...map, data });
  }

  release(): Promise<void> {
    return this.#release();
  }
}
