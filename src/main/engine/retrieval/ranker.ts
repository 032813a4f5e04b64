import { CovisError } from '../../../shared/errors.ts';
import { DEFINITIONS, METHODS, type Method, type RankParameters } from '../../../shared/methods/index.ts';
import { methodParameters } from '../../../shared/methods/parameters.ts';
import type { TaskContext } from '../queue/context.ts';
import { GraphCache } from './graph-cache.ts';
import { PREPARE } from './methods/index.ts';
import type { Database, Prepare, Prepared, Queries, Ranking } from './methods/method.ts';

/** Facts about a prepared method. */
export interface PreparedFacts {
  readonly nodes: number;
  readonly edges: number;
  readonly offlineMs: number;
  /** Bytes of what a search touches: vectors, graph, eigenvectors. */
  readonly bytes: number;
  readonly eigenResidual: number | null;
  /** Share of the exact ten nearest that `ann` finds, over a sample of the database. */
  readonly recall: number | null;
}

/** A method with its offline part done, ready for queries. Close it when done. */
export class Ranker {
  readonly parameters: RankParameters;
  readonly facts: PreparedFacts;
  readonly #prepared: Prepared;

  private constructor(database: Database, parameters: RankParameters, prepared: Prepared, ms: number) {
    this.parameters = parameters;
    this.#prepared = prepared;
    const { facts = {} } = prepared;
    this.facts = {
      nodes: database.vectors.rows,
      edges: facts.edges ?? 0,
      offlineMs: ms,
      bytes: database.vectors.data.byteLength + (facts.bytes ?? 0),
      eigenResidual: facts.eigenResidual ?? null,
      recall: facts.recall ?? null,
    };
  }

  /**
   * Does what a method needs before queries: augmentation, graph, eigenvectors, an index.
   * @param parameters as `rankingParameters` gives them. @param cache shared between methods on the same vectors.
   * @param indexFile where `ann` keeps its index.
   * @throws CovisError `INPUT_INVALID` for parameters that the method does not read or outside their range, `STATE_EMPTY` for an empty database,
   * `CANCELLED`.
   */
  static async prepare(
    database: Database,
    parameters: RankParameters,
    task?: TaskContext,
    cache = new GraphCache(database.vectors),
    indexFile?: string,
  ): Promise<Ranker> {
    const { method, ...given } = parameters;
    const p = methodParameters(method, given);
    if (database.vectors.rows === 0) throw new CovisError('STATE_EMPTY', 'The database has no descriptors');
    if (database.owners !== undefined && DEFINITIONS[method].takes !== 'both')
      throw new CovisError('INPUT_INVALID', `The method ${method} ranks global descriptors, not regions`, {
        hint: `With regions use ${METHODS.filter((m) => DEFINITIONS[m].takes === 'both').join(', ')}.`,
      });
    const began = performance.now();
    const prepare = PREPARE[method] as Prepare<Method>;
    const prepared = await prepare(p, { database, cache, task, indexFile });
    return new Ranker(database, p, prepared, performance.now() - began);
  }

  /** Ranks images for each query. @throws CovisError `INPUT_INVALID` when dimensions differ, `CANCELLED`. */
  async rank(queries: Queries, top: number, task?: TaskContext): Promise<Ranking> {
    task?.step('Ranking', queries.count, 'queries');
    return this.#prepared.rank(queries, top, task);
  }

  async close(): Promise<void> {
    await this.#prepared.close();
  }
}
