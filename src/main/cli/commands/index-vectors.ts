/** `covis index`: descriptors beyond memory, indexed on the disk and searched there. */
import { z } from 'zod';
import { file, folder, force } from '../../../shared/fields.ts';
import { k } from '../../../shared/methods/fields.ts';
import { CovisError } from '../../../shared/errors.ts';
import { writeTogether } from '../../engine/formats/beside.ts';
import { fillNpy } from '../../engine/formats/npy.ts';
import { fileTarget, outsideLibraries } from '../../engine/formats/target.ts';
import { readDescriptorFile } from '../../engine/retrieval/descriptor-files.ts';
import { diffuseShortlists, truncatedParameters } from '../../engine/retrieval/index-diffusion.ts';
import { buildIndexFolder, SHARD_ROWS } from '../../engine/retrieval/index-folder.ts';
import { IndexPool } from '../../engine/retrieval/index-pool.ts';
import { normaliseRows } from '../../engine/retrieval/rank.ts';
import { command } from '../program/command.ts';
import { duration, print, terminalContext } from '../program/output.ts';

/** Each of the shortlist asks for its own neighbours. */
const SHORTLIST = 1000;

export const indexCommand = command({
  name: 'index',
  summary: 'descriptors beyond memory: indexed in a folder, and searched where they lie',
  run: () => {
    throw new CovisError('INPUT_INVALID', 'covis index takes a second word: build or search', {
      hint: 'covis index --help',
    });
  },
});

export const indexBuild = command({
  name: 'index build',
  summary: 'index the rows of a .npy in a folder, a shard at a time, with no more in memory than a shard',
  arguments: {
    descriptors: file.meta({ help: '.npy of floats, row-major, a row an image; rows are normalised' }),
    out: folder,
  },
  options: {
    shardRows: z
      .int()
      .min(1000)
      .max(10_000_000)
      .default(SHARD_ROWS)
      .meta({ help: 'rows of a shard: what is in memory while it is built' }),
    force,
  },
  run: (o) => {
    const task = terminalContext();
    const began = performance.now();
    const built = buildIndexFolder(o.descriptors, outsideLibraries(o.out), o, task);
    task.finish();
    const seconds = (performance.now() - began) / 1000;
    print(o.json, { ...built, seconds }, () => [
      `${built.rows} descriptors of ${built.dim} dimensions in ${built.shards === 1 ? 'one shard' : `${built.shards} shards`}, ${(built.bytes / 1e6).toFixed(0)} MB, in ${duration(seconds)}`,
      `recall@10 ${built.recallAt10.toFixed(4)} on a sample of the rows`,
      `written to ${o.out}`,
    ]);
  },
});

export const indexSearch = command({
  name: 'index search',
  summary:
    'rank the rows of an index for each query: near ones as its graphs find them, scores from its rows on the disk',
  arguments: {
    index: folder.meta({ help: 'folder that covis index build wrote' }),
    queries: file.meta({ help: 'descriptors of the queries, of the same network' }),
  },
  options: {
    out: file.meta({ help: 'int32 .npy [queries, top]: rows of the database, best first' }),
    scores: file.optional().meta({ help: 'float32 .npy of the same shape' }),
    top: z.int().min(1).max(10_000).default(100).meta({ help: 'how many to write' }),
    method: z.enum(['cosine', 'truncated']).default('cosine').meta({
      help: 'cosine; truncated: diffusion among the nearest alone, on the graph of the whole index',
    }),
    shortlist: z
      .int()
      .min(1)
      .max(10_000)
      .optional()
      .meta({ help: 'truncated: nearest rows that diffusion is cut to, 1000' }),
    k: k.optional(),
    force,
  },
  run: async (o) => {
    const diffusing = o.method === 'truncated';
    if (!diffusing && (o.shortlist !== undefined || o.k !== undefined))
      throw new CovisError('INPUT_INVALID', 'cosine reads neither --shortlist nor --k', {
        hint: 'They are of diffusion: add --method truncated.',
      });
    const parameters = truncatedParameters({ shortlist: o.shortlist ?? SHORTLIST, k: o.k });
    const out = fileTarget(o.out, o);
    const scores = o.scores === undefined ? undefined : fileTarget(o.scores, o);
    if (scores === out)
      throw new CovisError('INPUT_INVALID', '--scores takes another file than --out', {
        file: out,
        hint: 'Name another file with --scores.',
      });
    const opening = performance.now();
    const pool = await IndexPool.open(o.index);
    const { index, recallAt10 } = pool;
    const openMs = performance.now() - opening;
    try {
      const read = await readDescriptorFile(o.queries, undefined, 'queries');
      const queries = normaliseRows(read.vectors, 'the queries', o.queries);
      const task = terminalContext();
      task.step('Searching', queries.rows, 'queries');
      const began = performance.now();
      const found = diffusing
        ? await diffuseShortlists(pool, queries, o.top, parameters, task)
        : { ...(await pool.search(queries, o.top, task)), outside: 0 };
      const ms = (performance.now() - began) / Math.max(1, queries.rows);
      task.finish();
      const shape = [queries.rows, found.k];
      writeTogether(
        [
          [out, (t) => fillNpy(t, '<i4', shape, [Int32Array.from(found.ids)])],
          ...(scores === undefined ? [] : [[scores, (t: string) => fillNpy(t, '<f4', shape, [found.scores])] as const]),
        ],
        { ...o, bytes: 4 * queries.rows * found.k },
      );
      const report = {
        queries: queries.rows,
        rows: index.rows,
        dim: index.dim,
        shards: index.shards,
        method: o.method,
        ...(diffusing ? { shortlist: parameters.shortlist, k: parameters.k, outside: found.outside } : {}),
        shardsAtOnce: pool.atOnce,
        top: found.k,
        openMs,
        msPerQuery: ms,
        recallAt10,
      };
      print(o.json, report, () => [
        `${queries.rows} queries against ${index.rows} descriptors in ${index.shards === 1 ? 'one shard' : `${index.shards} shards`}, ${ms.toFixed(2)} ms a query; opened in ${openMs.toFixed(0)} ms`,
        `recall@10 ${recallAt10.toFixed(4)}, measured when the index was built`,
        ...(diffusing
          ? [
              `diffusion among the ${Math.min(parameters.shortlist, index.rows)} nearest, ${parameters.k} neighbours a row; weights and solution are exact, neighbours as the index finds them`,
            ]
          : []),
        ...(found.outside > 0 ? [`${found.outside} queries have no neighbour and are ranked by cosine`] : []),
        `written to ${o.out}`,
      ]);
    } finally {
      await pool.close();
    }
  },
});
