import { counted } from '../counted.ts';
import { z } from 'zod';
import { count } from '../facts/facts.ts';
import { file, folder, force, fraction } from '../fields.ts';
import { k } from '../methods/fields.ts';
import { meanPrecision } from '../precision.ts';
import { job } from './job.ts';
import { baseName } from './sources.ts';

/** Rows of a shard unless told otherwise: of 256 dimensions, 0.7 GB while it is built. */
export const SHARD_ROWS = 1_000_000;
/** Rows that diffusion is cut to unless told otherwise; each of them asks for its own neighbours. */
export const SHORTLIST = 1000;
const inShards = (shards: number): string => (shards === 1 ? 'one shard' : `${shards} shards`);

/** Indexes descriptors beyond memory in a folder. The library has no part in it. */
export const indexBuildJob = job({
  kind: 'index-build',
  title: (p) => `Index ${baseName(p.descriptors)}`,
  startedBy: 'host',
  params: z.strictObject({
    descriptors: file.meta({
      label: 'Descriptors',
      help: '.npy of floats, row-major, a row an image; rows are normalised',
      pick: 'rows',
    }),
    out: folder.meta({ label: 'Where to', pick: 'into', made: 'index' }),
    shardRows: z.int().min(1000).max(10_000_000).default(SHARD_ROWS).meta({
      label: 'Rows of a shard',
      help: 'rows of a shard: what is in memory while it is built',
    }),
    force,
  }),
  result: z.object({
    rows: count,
    dim: count,
    shards: count,
    bytes: count,
    recallAt10: fraction,
    seconds: z.number(),
    out: z.string(),
  }),
  said: (r) => [
    `${counted(r.rows, 'descriptor')} of ${counted(r.dim, 'dimension')} in ${inShards(r.shards)}, ${(r.bytes / 1e6).toFixed(0)} MB, in ${r.seconds.toFixed(1)} s`,
    `recall@10 ${meanPrecision(r.recallAt10)} on a sample of the rows`,
    `written to ${r.out}`,
  ],
});

/** Ranks the rows of an index for each query. The library has no part in it. */
export const indexSearchJob = job({
  kind: 'index-search',
  title: (p) => `Search ${baseName(p.index)}`,
  startedBy: 'host',
  params: z.strictObject({
    index: folder.meta({ label: 'Index', help: 'folder that covis index build wrote', pick: 'index' }),
    queries: file.meta({
      label: 'Queries',
      help: 'descriptors of the queries, of the same network',
      pick: 'vectors',
    }),
    out: file.meta({
      label: 'Where to',
      help: 'int32 .npy [queries, top]: rows of the database, best first',
      pick: 'into',
      made: 'ranks.npy',
    }),
    scores: file.optional().meta({ help: 'float32 .npy of the same shape' }),
    /** As `scores`, in a file beside the ranks: for those who choose folders. */
    withScores: z
      .boolean()
      .optional()
      .meta({ label: 'Scores too', help: 'float32 .npy of the same shape, beside the ranks' }),
    top: z.int().min(1).max(10_000).default(100).meta({ label: 'Top', help: 'how many to write' }),
    method: z.enum(['cosine', 'truncated']).default('cosine').meta({
      label: 'Method',
      help: 'cosine, or truncated: diffusion among the nearest alone, on the graph of the whole index',
    }),
    shortlist: z
      .int()
      .min(1)
      .max(10_000)
      .optional()
      .meta({
        label: 'Shortlist',
        help: `truncated: nearest rows that diffusion is cut to, ${SHORTLIST}`,
      }),
    k: k.optional(),
    force,
  }),
  result: z.object({
    queries: count,
    rows: count,
    dim: count,
    shards: count,
    shardsAtOnce: count,
    method: z.enum(['cosine', 'truncated']),
    /** Of diffusion: rows that it is cut to, neighbours of a row, and queries that none carries into the graph. */
    diffusion: z.object({ shortlist: count, k: count, outside: count }).optional(),
    top: count,
    /** Of reading headers and looking at sizes, and of mapping graphs, for which their nodes are counted. */
    openMs: z.number(),
    mapMs: z.number().optional(),
    msPerQuery: z.number(),
    recallAt10: fraction,
    files: z.array(z.string()),
  }),
  said: (r) => [
    `${counted(r.queries, 'query', 'queries')} against ${counted(r.rows, 'descriptor')} in ${inShards(r.shards)}, ${r.msPerQuery.toFixed(2)} ms a query; opened in ${r.openMs.toFixed(0)} ms${r.mapMs === undefined ? '' : `, graphs mapped in ${r.mapMs.toFixed(0)} ms`}`,
    `recall@10 ${meanPrecision(r.recallAt10)}, measured when the index was built`,
    ...(r.diffusion === undefined
      ? []
      : [
          `diffusion among the ${r.diffusion.shortlist} nearest, ${r.diffusion.k} neighbours a row: weights and solution are exact, neighbours as the index finds them`,
          ...(r.diffusion.outside === 0
            ? []
            : [`${r.diffusion.outside} queries have no neighbour and are ranked by cosine`]),
        ]),
    `written to ${r.files.join(' and ')}`,
  ],
});
