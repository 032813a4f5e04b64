import { counted } from '../counted.ts';
import { z } from 'zod';
import { METHODS } from '../domain.ts';
import { count } from '../facts/facts.ts';
import { file, force, ranking } from '../fields.ts';
import { rankingFits } from '../methods/parameters.ts';
import { meanPrecision } from '../precision.ts';
import { job } from './job.ts';
import { baseName } from './sources.ts';

const variable = z.string().min(1).max(1000).optional();

/** Ranks a matrix of descriptors for each query by any method. The library has no part in it. */
export const rankJob = job({
  kind: 'rank',
  title: (p) => `Rank ${baseName(p.database)}`,
  startedBy: 'host',
  params: z
    .strictObject({
      database: file.meta({
        label: 'Database',
        help: 'descriptors: .npy with a row an image, .mat, .h5 of hloc, .jsonl',
        pick: 'vectors',
      }),
      queries: file.meta({
        label: 'Queries',
        help: 'descriptors of the queries; may be the same file',
        pick: 'vectors',
      }),
      out: file.meta({
        label: 'Where to',
        help: 'int32 .npy [queries, top]: rows of the database, best first',
        pick: 'into',
        made: 'ranks.npy',
      }),
      method: z.enum(METHODS).default('cosine').meta({ label: 'Method' }),
      scores: file.optional().meta({ help: 'float32 .npy of the same shape' }),
      /** As `scores`, in a file beside the ranks: for those who choose folders. */
      withScores: z
        .boolean()
        .optional()
        .meta({ label: 'Scores too', help: 'float32 .npy of the same shape, beside the ranks' }),
      force,
      variable: variable.meta({
        label: 'Variable',
        help: 'variable of a .mat or HDF5 file that holds the database',
        value: 'name',
      }),
      queryVariable: variable.meta({
        label: 'Variable of the queries',
        help: 'variable that holds the queries',
        value: 'name',
      }),
      distractors: file
        .optional()
        .meta({ label: 'Distractors', help: 'more descriptors, put behind the database', pick: 'vectors' }),
      owners: file.optional().meta({
        label: 'Owners',
        help: '.npy with the image of each database row: rows are regions, images are ranked',
        pick: 'rows',
      }),
      queryOwners: file
        .optional()
        .meta({ label: 'Owners of the queries', help: '.npy with the query of each query row', pick: 'rows' }),
      index: file.optional().meta({
        label: 'Index of neighbours',
        help: 'where ann keeps its index: built once, opened afterwards',
        otherwise: 'built anew',
        pick: 'neighbour-index',
      }),
      /** As `index`, in a file beside the ranks: for those who choose folders. */
      keepIndex: z
        .boolean()
        .optional()
        .meta({ label: 'Keep the index', help: 'of ann, beside the ranks, to be chosen another time' }),
      local: file.optional().meta({
        label: 'Local features',
        help: 'local features of hloc (.h5): verify the best of each ranking by their geometry',
        pick: 'local',
      }),
      names: file
        .optional()
        .meta({ label: 'Names', help: 'name of each database row, for local features', pick: 'names' }),
      queryNames: file
        .optional()
        .meta({ label: 'Names of the queries', help: 'name of each query row, for local features', pick: 'names' }),
      ranking: ranking.optional().meta({ label: 'Parameters of the method' }),
      verify: z
        .int()
        .min(1)
        .max(1_000_000)
        .optional()
        .meta({ label: 'Verified', help: 'photos whose local features are verified for each query', otherwise: '100' }),
      top: z.int().min(1).optional().meta({
        label: 'Top',
        help: 'how many to write',
        otherwise: 'all when that is at most 50 million numbers, else 1000',
      }),
    })
    .check(rankingFits)
    .check(({ value, issues }) => {
      const refuse = (
        keys: readonly ('index' | 'keepIndex' | 'names' | 'queryNames' | 'verify')[],
        message: string,
      ): void => {
        for (const key of keys)
          if (value[key] !== undefined && value[key] !== false)
            issues.push({ code: 'custom', path: [key], input: value[key], message });
      };
      if (value.method !== 'ann') refuse(['index', 'keepIndex'], 'is of the method ann');
      if (value.index !== undefined) refuse(['keepIndex'], 'is of an index that is built anew');
      if (value.local === undefined) refuse(['names', 'queryNames', 'verify'], 'goes with local features');
      if (value.scores !== undefined && value.withScores === true)
        issues.push({ code: 'custom', path: ['withScores'], input: true, message: 'Scores go to one place' });
    }),
  result: z.object({
    method: z.enum(METHODS),
    parameters: z.record(z.string(), z.number()),
    offlineMs: z.number(),
    msPerQuery: z.number(),
    nodes: count,
    edges: count,
    queries: count,
    top: count,
    bytes: count,
    eigenResidual: z.number().optional(),
    recallAt10: z.number().optional(),
    /** Queries without a similar neighbour, which were ranked by cosine. */
    rankedByCosine: count.optional(),
    verified: z.object({ photos: count, msPerQuery: z.number() }).optional(),
    database: count,
    files: z.array(z.string()),
  }),
  said: (r) => [
    `${r.method}: ${counted(r.queries, 'query', 'queries')} against ${counted(r.database, 'image')}, ${r.msPerQuery.toFixed(2)} ms a query after ${(r.offlineMs / 1000).toFixed(1)} s of preparation`,
    ...(r.edges > 0 ? [`graph: ${r.nodes} nodes, ${counted(r.edges, 'edge')}`] : []),
    ...(r.recallAt10 === undefined ? [] : [`recall@10 ${meanPrecision(r.recallAt10)} on a sample of the database`]),
    ...(r.rankedByCosine === undefined
      ? []
      : [`${r.rankedByCosine} queries have no similar neighbour and were ranked by cosine`]),
    `written to ${r.files.join(' and ')}`,
  ],
});
