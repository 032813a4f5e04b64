import type { EdgeNetworkInfo, Explanation, ManifoldView, SearchAnswer, SearchHit } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { RankParameters } from '../../../shared/methods/index.ts';
import { methodParameters, reportedParameters } from '../../../shared/methods/parameters.ts';
import { type TaskContext } from '../queue/context.ts';
import { decodeFor } from '../inputs/framing.ts';
import { defaultSize } from '../inputs/inputs.ts';
import { drawingNetwork } from '../edges/library-networks.ts';
import { Sight } from '../edges/sight.ts';
import { readDrawing, type Drawing } from '../edges/sketch-files.ts';
import { foldedUnder } from '../library/fold-log.ts';
import { askedSubset, subsetFacts, type Subset } from '../library/collection-subset.ts';
import type { Library } from '../library/library.ts';
import { goneVersion } from '../library/current-photo.ts';
import { hashBytes, photoByHash } from '../library/photos.ts';
import { describedPhotos, descriptorVersion } from '../retrieval/extract.ts';
import { computing } from '../network/computing.ts';
import { resolveNetwork, type NetworkRow } from '../network/networks.ts';
import { contributions, FeatureRunner } from '../retrieval/feature-maps.ts';
import { GraphCache, type Finding } from '../retrieval/graph-cache.ts';
import { keptNeighbours } from '../retrieval/kept-neighbours.ts';
import type { Database, Queries } from '../retrieval/methods/method.ts';
import { rankingParameters } from '../retrieval/methods/parameters.ts';
import { Ranker } from '../retrieval/ranker.ts';
import { dot, row, similarities, topByScore, type Matrix } from '../retrieval/rank.ts';
import { partOfGrid, rowsByImage } from '../retrieval/regions.ts';
import { Describer, hitsOf, type Found } from '../retrieval/search.ts';
import { findSet, loadSet, networkSet, restrictSet, setKey, type LoadedSet } from '../retrieval/vector-sets.ts';
import { countPhotos, idByHash } from '../library/tables/photo.ts';
import { AT_ONCE, Manifold, type AskedManifold } from './manifold.ts';
import { judgedBy } from './judged.ts';
import { fileOf, type AskedPhoto, type SearchRequest, type SightRequest } from './requests.ts';
import { Words } from './words.ts';

const RANKERS_KEPT = 6;
/** Cosines of one pair differ by less where nothing is behind the pooling. */
const ROUNDING = 1e-3;
/** Sets and describers kept ready: a drawing and a photo are asked of one each. */
const SETS_KEPT = 2;

/** A set with what is shared between the methods that rank it. */
interface Loaded {
  readonly version: string;
  /** The set and of which collection, of which one version is kept. */
  readonly scope: string;
  readonly set: LoadedSet;
  readonly cache: GraphCache;
}

/** Zero mean and unit deviation. */
function standardised(scores: Float32Array): Float32Array {
  let mean = 0;
  for (const s of scores) mean += s / scores.length;
  let variance = 0;
  for (const s of scores) variance += (s - mean) ** 2 / scores.length;
  const deviation = Math.sqrt(variance) || 1;
  return scores.map((s) => (s - mean) / deviation);
}

/** Searches of one library: keeps sets, graphs and prepared methods between queries. Lives in a thread of its own. */
export class SearchSession {
  readonly #library: Library;
  readonly #atOnce: number;
  readonly #rankers = new Map<string, Promise<Ranker>>();
  readonly #manifold: Manifold;
  readonly #sets = new Map<string, Loaded>();
  readonly #describers = new Map<string, Describer>();
  #features: { readonly network: string; readonly runner: FeatureRunner } | undefined;
  #sight: Sight | undefined;
  readonly #words: Words;

  /** @param atOnce products of descriptors that a person waits for; where there are more, a part is shown first. */
  constructor(library: Library, atOnce = AT_ONCE) {
    this.#library = library;
    this.#atOnce = atOnce;
    this.#manifold = new Manifold(library, atOnce);
    this.#words = new Words(library);
  }

  /** @throws CovisError `STATE_EMPTY` without descriptors, `NOT_FOUND`, `INPUT_*` for the photo and what the method does not read. */
  async search(r: SearchRequest, task?: TaskContext): Promise<SearchAnswer> {
    const { result, device } = await computing(undefined, () => this.#folded(r, task));
    return device === null ? result : { ...result, device };
  }

  async #folded(r: SearchRequest, task?: TaskContext): Promise<SearchAnswer> {
    if (r.oneOfFold !== true) return this.#search(r, task);
    const under = foldedUnder(this.#library);
    // Enough of them, however many of the first ones are folded together.
    const answer = await this.#search({ ...r, top: r.top + under.size }, task);
    const number = idByHash(this.#library);
    const seen = new Set<number>();
    const first = (photo: string): boolean => {
      const id = number.one(photo);
      const group = under.get(id) ?? id;
      return !seen.has(group) && seen.add(group).has(group);
    };
    return { ...answer, hits: answer.hits.filter((h) => first(h.photo)).slice(0, r.top) };
  }

  /** Has what a search by cosine would need ready. Nothing is wrong where there are no descriptors: who searches is told. */
  async prepare(r: {
    readonly descriptors: boolean;
    readonly network?: string | undefined;
    /** Bytes; where descriptors are fewer or more, they are read when they are asked for. */
    readonly within?: { readonly least: number; readonly most: number };
  }): Promise<{ readonly ready: boolean }> {
    if (!r.descriptors) return { ready: false };
    try {
      if (r.within !== undefined) {
        const bytes = await this.#bytesOf(r.network);
        if (bytes < r.within.least || bytes > r.within.most) return { ready: false };
      }
      const { set, cache, version } = await this.#loaded({ network: r.network });
      const parameters = rankingParameters('cosine', undefined, { regional: false, rows: set.vectors.rows });
      const database: Database = { vectors: set.vectors, owners: set.owners, images: set.ids.length };
      await this.#ranker(database, cache, version, parameters, undefined);
      return { ready: true };
    } catch (error) {
      if (error instanceof CovisError && ['STATE_EMPTY', 'NOT_FOUND'].includes(error.code)) return { ready: false };
      throw error;
    }
  }

  /** Has the graph of the default network's descriptors ready, where it is known: what {@link around} and diffusion would begin with. */
  async ahead(): Promise<null> {
    await this.#manifold.ahead(await this.#loaded({ size: undefined }));
    return null;
  }

  /** Of the descriptors of a network's own size. @throws CovisError `NOT_FOUND`, `STATE_EMPTY`. */
  async #bytesOf(wanted: string | undefined): Promise<number> {
    const { id, uid, spec } = await resolveNetwork(this.#library, wanted, 'default');
    return 4 * spec.dim * (describedPhotos(this.#library, { id, uid }, defaultSize(spec)) ?? 0);
  }

  async #search(r: SearchRequest, task?: TaskContext): Promise<SearchAnswer> {
    const began = performance.now();
    const { method } = r;
    methodParameters(method, r.ranking);
    // What cannot ask is refused before anything is prepared for it.
    if (r.photo !== undefined) photoByHash(this.#library, r.photo);
    if (method === 'bow') return this.#words.search(r, began, task);
    const drawing = r.drawing === undefined ? undefined : await readDrawing(r.drawing);
    const subset = askedSubset(this.#library, r.collection);
    const loaded = await this.#loaded(drawing === undefined ? r : await this.#drawingNetwork(r), subset);
    if (drawing !== undefined && (r.photoWeight ?? 0) > 0) return this.#mixed(r, drawing, loaded, began, subset);
    const { set, cache, version } = loaded;
    const regional = set.owners !== undefined;
    const database: Database = { vectors: set.vectors, owners: set.owners, images: set.ids.length };
    const parameters = rankingParameters(method, r.ranking, { regional, rows: set.vectors.rows });
    const asked = drawing === undefined ? await this.#asked(set, r) : await this.#drawn(set, drawing);
    const start = performance.now();
    const { ranker, fresh } = await this.#ranker(database, cache, version, parameters, task);
    const preparedMs = fresh ? performance.now() - start : 0;
    const ranking = await ranker.rank(asked, r.top);
    const found = Array.from(ranking.ids, (image, j): Found => {
      const box = regional ? bestBox(set, asked.vectors, image) : undefined;
      return { image, score: ranking.scores[j]!, ...(box === undefined ? {} : { box }) };
    });
    const hits = hitsOf(this.#library, set, found, r.crop === undefined && drawing === undefined ? r.photo : undefined);
    const judged =
      r.truth === undefined || r.photo === undefined ? undefined : judgedBy(this.#library, hits, r.photo, r.truth);
    return {
      hits: judged?.hits ?? hits,
      set: set.key,
      setName: set.name,
      method,
      parameters: reportedParameters(parameters),
      milliseconds: performance.now() - began - preparedMs,
      preparedMs,
      judgedBy: judged?.name ?? null,
      ...(subset === undefined ? {} : { collection: subsetFacts(subset) }),
    };
  }

  /** The set of the network that takes drawings. @throws CovisError `STATE_EMPTY` where there is none. */
  async #drawingNetwork(r: SearchRequest): Promise<Pick<SearchRequest, 'set' | 'network' | 'size'>> {
    if (r.set !== undefined) return r;
    const network = await drawingNetwork(this.#library, r.network);
    if (network === undefined)
      throw new CovisError('STATE_EMPTY', 'This library has no network for drawings yet', {
        hint: 'Prepare drawing first: the Draw view, or covis extract --domain edges.',
      });
    return { network: network.uid, size: r.size };
  }

  async #drawn(set: LoadedSet, drawing: Drawing): Promise<Queries> {
    if (set.network === undefined || set.size === undefined)
      throw new CovisError(
        'INPUT_INVALID',
        `${set.name} was imported; drawings need the descriptors of an edge network`,
      );
    const data = await (await this.#describerOf(set.network, set.size)).describeDrawing(drawing);
    return { vectors: { data, rows: 1, dim: data.length }, count: 1 };
  }

  /** A drawing and a photo together: the weighted mean of their scores, each standardised over the photos that both sets have. */
  async #mixed(
    r: SearchRequest,
    drawing: Drawing,
    shapes: Loaded,
    began: number,
    subset: Subset | undefined,
  ): Promise<SearchAnswer> {
    const weight = Math.min(1, r.photoWeight ?? 0);
    if (shapes.set.owners !== undefined)
      throw new CovisError('INPUT_INVALID', `${shapes.set.name} has several descriptors a photo`, {
        hint: 'A drawing and a photo together need descriptors of whole photos.',
      });
    const looks = await this.#loaded({ size: undefined });
    const byShape = standardised(
      similarities(shapes.set.vectors, (await this.#drawn(shapes.set, drawing)).vectors.data),
    );
    const byLook = standardised(similarities(looks.set.vectors, (await this.#asked(looks.set, r)).vectors.data));
    const lookOf = new Map(Array.from(looks.set.ids, (id, i) => [id, byLook[i]!]));
    const scores = Float32Array.from(
      shapes.set.ids,
      (id, i) => (1 - weight) * byShape[i]! + weight * (lookOf.get(id) ?? 0),
    );
    const found = Array.from(topByScore(scores, r.top), (image): Found => ({ image, score: scores[image]! }));
    return {
      hits: hitsOf(this.#library, shapes.set, found),
      set: shapes.set.key,
      setName: `${shapes.set.name} + ${looks.set.name}`,
      method: 'cosine',
      parameters: { photoWeight: weight },
      milliseconds: performance.now() - began,
      preparedMs: 0,
      judgedBy: null,
      ...(subset === undefined ? {} : { collection: subsetFacts(subset) }),
    };
  }

  /** What the network sees of a photo or a drawing, as a grey PNG. */
  async sight(r: SightRequest): Promise<Uint8Array> {
    const sight = await this.#sightOf(r.network);
    return r.drawing !== undefined
      ? sight.drawing(r.drawing, r.filtered)
      : sight.photo(photoByHash(this.#library, r.photo ?? '').id, r.filtered);
  }

  /** The network that drawings go to, its filter, and how much of the library it describes; null where there is none. */
  async edges(r: { readonly network?: string | undefined }): Promise<EdgeNetworkInfo | null> {
    const network = await drawingNetwork(this.#library, r.network);
    if (network === undefined) return null;
    return {
      ...(await this.#sightOf(network.uid)).facts(),
      described: describedPhotos(this.#library, network, defaultSize(network.spec)) ?? 0,
      photos: countPhotos(this.#library),
    };
  }

  async #sightOf(which: string | undefined): Promise<Sight> {
    const network = await drawingNetwork(this.#library, which);
    if (network === undefined) throw new CovisError('STATE_EMPTY', 'This library has no network for drawings yet');
    if (this.#sight?.network.uid !== network.uid) {
      await this.#sight?.release();
      this.#sight = undefined;
      this.#sight = await Sight.create(this.#library, network);
    }
    return this.#sight;
  }

  /** Why the asking photo and a photo of the library match, place by place. @throws CovisError as {@link search}. */
  async explain(
    r: AskedPhoto & { readonly hit: string; readonly network?: string | undefined; readonly size?: number | undefined },
  ): Promise<Explanation> {
    const network = await resolveNetwork(this.#library, r.network, 'default');
    if (this.#features?.network !== network.uid) {
      await this.#features?.runner.release();
      this.#features = { network: network.uid, runner: await FeatureRunner.create(this.#library, network) };
    }
    const { runner } = this.#features;
    const size = r.size ?? defaultSize(network.spec);
    const asking = await decodeFor(network.spec, fileOf(this.#library, r), size, r.crop);
    const answering = await decodeFor(network.spec, fileOf(this.#library, { photo: r.hit }), size);
    const [query, hit] = [await runner.run(asking), await runner.run(answering)];
    const { a, b, similarity } = contributions(query, hit, runner.pooling);
    const describer = await this.#describerOf(network, size);
    const asked = await describer.describe(fileOf(this.#library, r), r.crop);
    const described = dot(asked, await describer.describe(fileOf(this.#library, { photo: r.hit })));
    return {
      similarity,
      described: Math.abs(described - similarity) <= ROUNDING ? null : described,
      query: partOfGrid(a, query.width, runner.within(asking, query)),
      hit: partOfGrid(b, hit.width, runner.within(answering, hit)),
    };
  }

  /** @throws CovisError as {@link search}, `INPUT_INVALID` for regional sets. @see Manifold.around */
  async around(r: AskedManifold): Promise<ManifoldView> {
    return this.#manifold.around(await this.#loaded(r), r);
  }

  /** @see Manifold.graph */
  async graph(r: Omit<AskedManifold, 'photo'>): Promise<Finding> {
    return this.#manifold.graph(await this.#loaded(r), r);
  }

  /** Ends what is computed without anybody waiting for it. */
  async endMeanwhile(): Promise<void> {
    for (const { cache } of this.#sets.values()) await cache.end();
  }

  async close(): Promise<void> {
    await this.endMeanwhile();
    for (const r of this.#rankers.values()) await (await r).close();
    await this.#features?.runner.release();
    for (const d of this.#describers.values()) await d.release();
    await this.#sight?.release();
  }

  async #loaded(r: Pick<SearchRequest, 'set' | 'network' | 'size'>, subset?: Subset): Promise<Loaded> {
    let network: NetworkRow | undefined;
    if (r.set === undefined) network = await resolveNetwork(this.#library, r.network, 'default');
    const found = r.set === undefined ? undefined : findSet(this.#library, r.set);
    network ??= found?.network;
    const size =
      found?.network !== undefined ? found.size : (r.size ?? (network === undefined ? 0 : defaultSize(network.spec)));
    const key = network === undefined ? found!.key : setKey(network, size);
    const scope = subset === undefined ? key : `${key} ${subset.collection}@${subset.version} ${subset.digest}`;
    const version = `${scope} ${network === undefined ? '' : descriptorVersion(this.#library, network, size)} ${goneVersion(this.#library)}`;
    const known = this.#sets.get(version);
    if (known !== undefined) {
      this.#sets.delete(version);
      this.#sets.set(version, known);
      return known;
    }
    const whole = network === undefined ? await loadSet(this.#library, key) : networkSet(this.#library, network, size);
    const set = subset === undefined ? whole : restrictSet(whole, subset.photos);
    // Neighbours that are found faster than they are read are not kept; those within a collection are nobody's but its own.
    const { rows } = set.vectors;
    const store =
      subset === undefined && rows * rows > this.#atOnce ? keptNeighbours(this.#library, key, set.vectors) : undefined;
    const loaded = { version, scope, set, cache: new GraphCache(set.vectors, store) };
    this.#sets.set(version, loaded);
    for (const [old, gone] of this.#sets) {
      // An older version of the same set is of no use to anybody.
      if (old === version || (this.#sets.size <= SETS_KEPT && gone.scope !== scope)) continue;
      this.#sets.delete(old);
      await gone.cache.end();
      for (const [name, ranker] of this.#rankers) {
        if (!name.startsWith(`${old} `)) continue;
        this.#rankers.delete(name);
        await (await ranker).close();
      }
    }
    return loaded;
  }

  async #ranker(
    database: Database,
    cache: GraphCache,
    version: string,
    parameters: RankParameters,
    task: TaskContext | undefined,
  ): Promise<{ ranker: Ranker; fresh: boolean }> {
    const key = `${version} ${JSON.stringify([parameters.method, reportedParameters(parameters)])}`;
    const known = this.#rankers.get(key);
    if (known !== undefined) return { ranker: await known, fresh: false };
    const ranker = Ranker.prepare(database, parameters, task, cache);
    this.#rankers.set(key, ranker);
    ranker.catch(() => this.#rankers.delete(key));
    for (const [old, r] of this.#rankers) {
      if (this.#rankers.size <= RANKERS_KEPT) break;
      this.#rankers.delete(old);
      await (await r).close();
    }
    return { ranker: await ranker, fresh: true };
  }

  /** The photo of the library that asks; of an imported set, which describes nothing, also by the content of what was sent. */
  #known(set: LoadedSet, r: SearchRequest): number | undefined {
    if (r.photo !== undefined) return photoByHash(this.#library, r.photo).id;
    if (r.bytes === undefined || set.network !== undefined) return undefined;
    return idByHash(this.#library).get(hashBytes(r.bytes));
  }

  /** The query's descriptors: those of the set for a whole photo of the library, computed otherwise. */
  async #asked(set: LoadedSet, r: SearchRequest): Promise<Queries> {
    const own = this.#known(set, r);
    if (own !== undefined && r.crop === undefined) {
      const image = set.ids.indexOf(own);
      if (image >= 0) {
        const rows = set.owners === undefined ? [image] : rowsByImage(set.owners, set.ids.length)[image]!;
        const data = new Float32Array(rows.length * set.vectors.dim);
        rows.forEach((at, i) => data.set(row(set.vectors, at), i * set.vectors.dim));
        return {
          vectors: { data, rows: rows.length, dim: set.vectors.dim },
          count: 1,
          ...(set.owners === undefined ? {} : { owners: new Uint32Array(rows.length) }),
        };
      }
    }
    if (set.network === undefined || set.size === undefined)
      throw new CovisError('STATE_EMPTY', `${set.name} was imported, so that only photos that it has can ask`, {
        hint: 'Choose a photo of the library without a crop, or the descriptors of a network.',
      });
    const describer = await this.#describerOf(set.network, set.size);
    const data = await describer.describe(fileOf(this.#library, r), r.crop);
    const vectors = { data, rows: 1, dim: data.length };
    return { vectors, count: 1, ...(set.owners === undefined ? {} : { owners: new Uint32Array(1) }) };
  }

  async #describerOf(network: NetworkRow, size: number): Promise<Describer> {
    const key = setKey(network, size);
    let describer = this.#describers.get(key);
    if (describer === undefined) {
      for (const [old, d] of this.#describers) {
        if (this.#describers.size < SETS_KEPT) break;
        this.#describers.delete(old);
        await d.release();
      }
      describer = await Describer.create(this.#library, network, size);
      this.#describers.set(key, describer);
    }
    return describer;
  }
}

/** The region of an image that is most similar to any of the query's. */
function bestBox(set: LoadedSet, asked: Matrix, image: number): SearchHit['box'] | undefined {
  if (set.owners === undefined || set.boxes === undefined) return undefined;
  let best = -Infinity;
  let at = -1;
  for (let r = 0; r < set.owners.length; r += 1) {
    if (set.owners[r] !== image) continue;
    for (let q = 0; q < asked.rows; q += 1) {
      const s = dot(row(asked, q), row(set.vectors, r));
      if (s > best) {
        best = s;
        at = r;
      }
    }
  }
  const [x, y, width, height] = set.boxes.subarray(4 * at, 4 * at + 4);
  return at < 0 ? undefined : { x: x!, y: y!, width: width!, height: height! };
}
