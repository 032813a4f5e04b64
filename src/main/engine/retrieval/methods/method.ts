import type { Method, RankParameters } from '../../../../shared/methods/index.ts';
import type { TaskContext } from '../../queue/context.ts';
import type { GraphCache } from '../graph-cache.ts';
import type { Neighbours } from '../neighbours.ts';
import type { Matrix } from '../rank.ts';

/** What is ranked: unit vectors, one an image, or several an image when `owners` says whose region each is. */
export interface Database {
  readonly vectors: Matrix;
  readonly owners?: Uint32Array | undefined;
  /** Images; rows when there are no owners. */
  readonly images: number;
}

/** Queries alike. */
export interface Queries {
  readonly vectors: Matrix;
  readonly owners?: Uint32Array | undefined;
  readonly count: number;
}

export interface Ranking extends Neighbours {
  /** Queries that no neighbour of positive similarity carries into the graph; they are ranked by cosine. */
  readonly outside: number;
}

/** What the offline part of a method may use. */
export interface Preparation {
  readonly database: Database;
  /** Neighbours, graphs and eigenvectors of the database that others may have computed. */
  readonly cache: GraphCache;
  readonly task: TaskContext | undefined;
  /** Where an index is kept between runs. */
  readonly indexFile: string | undefined;
}

/** A method with its offline part done. */
export interface Prepared {
  readonly facts?: {
    readonly edges?: number;
    /** Beside the vectors of the database. */
    readonly bytes?: number;
    readonly eigenResidual?: number | undefined;
    readonly recall?: number;
  };
  rank(queries: Queries, top: number, task?: TaskContext): Promise<Ranking>;
  close(): Promise<void>;
}

/** The offline part of a method. A database with regions comes only where its definition takes both. */
export type Prepare<M extends Method> = (parameters: RankParameters<M>, o: Preparation) => Promise<Prepared>;
