/** `covis rank`: every ranking method on the matrices of a researcher, without a library. */
import { writeTogether } from '../../engine/formats/beside.ts';
import { readDescriptorFile, type DescriptorFile } from '../../engine/retrieval/descriptor-files.ts';
import { rankingParameters } from '../../engine/retrieval/methods/parameters.ts';
import { Ranker } from '../../engine/retrieval/ranker.ts';
import { METHODS } from '../../../shared/domain.ts';
import { reportedParameters } from '../../../shared/methods/parameters.ts';
import { file, force } from '../../../shared/fields.ts';
import { z } from 'zod';
import { normaliseRows, type Matrix } from '../../engine/retrieval/rank.ts';
import { fillNpy, readNpy } from '../../engine/formats/npy.ts';
import { CovisError } from '../../../shared/errors.ts';
import { fileTarget, outsideLibraries } from '../../engine/formats/target.ts';
import { verifyRanks } from '../../engine/evaluation/verify-ranks.ts';
import { command, type Asked } from '../program/command.ts';
import { refuseTogether } from '../program/together.ts';
import { duration, print, terminalContext } from '../program/output.ts';
import { rankingOf, rankingOptions } from '../program/ranking.ts';

/** A ranking larger than this many numbers is cut to 1,000 a query unless --top says otherwise. */
const FULL_RANKING = 50_000_000;
const CUT = 1000;

const variable = z.string().min(1).optional();
const options = {
  database: file.meta({ help: 'descriptors: .npy with a row an image, .mat, .h5 of hloc, .jsonl' }),
  queries: file.meta({ help: 'descriptors of the queries; may be the same file' }),
  out: file.meta({ help: 'int32 .npy [queries, top]: rows of the database, best first' }),
  method: z.enum(METHODS).default('cosine'),
  scores: file.optional().meta({ help: 'float32 .npy of the same shape' }),
  force,
  variable: variable.meta({ help: 'variable of a .mat or HDF5 file that holds the database', value: 'name' }),
  queryVariable: variable.meta({ help: 'variable that holds the queries', value: 'name' }),
  distractors: file.optional().meta({ help: 'more descriptors, put behind the database' }),
  owners: file
    .optional()
    .meta({ help: '.npy with the image of each database row: rows are regions, images are ranked' }),
  queryOwners: file.optional().meta({ help: '.npy with the query of each query row' }),
  index: file.optional().meta({ help: 'where ann keeps its index: built once, opened afterwards' }),
  local: file
    .optional()
    .meta({ help: 'local features of hloc (.h5): verify the best of each ranking by their geometry' }),
  names: file.optional().meta({ help: 'name of each database row, for --local' }),
  queryNames: file.optional().meta({ help: 'name of each query row, for --local' }),
  ...rankingOptions,
  verify: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .meta({ help: 'photos that --local verifies for each query', otherwise: '100' }),
  top: z
    .int()
    .min(1)
    .optional()
    .meta({ help: 'how many to write', otherwise: 'all when that is at most 50 million numbers, else 1000' }),
};
type Given = Asked<Record<never, never>, typeof options>;

export const rank = command({
  name: 'rank',
  summary: 'rank a matrix of descriptors for each query by any method',
  options,
  run: async (o) => {
    const { method } = o;
    refuseTogether(o, o.method === 'ann' ? [] : ['index'], 'is of --method ann');
    refuseTogether(o, o.local === undefined ? ['names', 'queryNames', 'verify'] : [], 'goes with --local');
    const given = rankingOf(o, method);
    const out = fileTarget(o.out, o);
    const scores = o.scores === undefined ? undefined : fileTarget(o.scores, o);
    if (scores === out)
      throw new CovisError('INPUT_INVALID', '--scores takes another file than --out', {
        file: out,
        hint: 'Name another file with --scores.',
      });
    if (o.index !== undefined) outsideLibraries(o.index);
    const task = terminalContext();
    const database = await load(o, 'database');
    const queries = await load(o, 'queries');
    const regional = database.owners !== undefined;
    const parameters = rankingParameters(method, given, { regional });
    const ranker = await Ranker.prepare(
      { vectors: database.vectors, owners: database.owners, images: database.images },
      parameters,
      task,
      undefined,
      o.index,
    );
    try {
      const full = database.images * queries.images <= FULL_RANKING;
      const top = Math.min(o.top ?? (full ? database.images : CUT), database.images);
      const began = performance.now();
      let ranks = await ranker.rank(
        { vectors: queries.vectors, owners: queries.owners, count: queries.images },
        top,
        task,
      );
      const ms = performance.now() - began;
      let verified: { photos: number; msPerQuery: number } | undefined;
      if (o.local !== undefined) {
        const start = performance.now();
        const photos = o.verify ?? 100;
        ranks = {
          ...ranks,
          ...(await verifyRanks(
            ranks,
            namesOf(o, database, 'names'),
            namesOf(o, queries, 'queryNames'),
            o.local,
            photos,
            task,
          )),
        };
        verified = { photos, msPerQuery: (performance.now() - start) / queries.images };
      }
      task.finish();
      const shape = [queries.images, ranks.k];
      writeTogether(
        [
          [out, (t) => fillNpy(t, '<i4', shape, [Int32Array.from(ranks.ids)])],
          ...(scores === undefined ? [] : [[scores, (t: string) => fillNpy(t, '<f4', shape, [ranks.scores])] as const]),
        ],
        { ...o, bytes: 4 * queries.images * ranks.k },
      );
      const report = {
        method,
        parameters: reportedParameters(parameters),
        offlineMs: ranker.facts.offlineMs,
        msPerQuery: ms / queries.images,
        nodes: ranker.facts.nodes,
        edges: ranker.facts.edges,
        queries: queries.images,
        top: ranks.k,
        bytes: ranker.facts.bytes,
        ...(ranker.facts.eigenResidual === null ? {} : { eigenResidual: ranker.facts.eigenResidual }),
        ...(ranker.facts.recall === null ? {} : { recallAt10: ranker.facts.recall }),
        ...(ranks.outside > 0 ? { rankedByCosine: ranks.outside } : {}),
        ...(verified === undefined ? {} : { verified }),
      };
      print(o.json, report, () => [
        `${method}: ${queries.images} queries against ${database.images} images, ${report.msPerQuery.toFixed(2)} ms a query after ${duration(report.offlineMs / 1000)} of preparation`,
        ...(report.edges > 0 ? [`graph: ${report.nodes} nodes, ${report.edges} edges`] : []),
        ...(report.recallAt10 === undefined
          ? []
          : [`recall@10 ${report.recallAt10.toFixed(4)} on a sample of the database`]),
        ...(ranks.outside > 0 ? [`${ranks.outside} queries have no similar neighbour and were ranked by cosine`] : []),
        `written to ${o.out as string}`,
      ]);
    } finally {
      await ranker.close();
    }
  },
});

/** Reads one side of the command, with its distractors and owners, and normalises it. */
async function load(o: Given, role: 'database' | 'queries'): Promise<DescriptorFile> {
  const file = o[role];
  const variable = o[role === 'database' ? 'variable' : 'queryVariable'];
  const read = await readDescriptorFile(file, variable, role);
  let vectors: Matrix = normaliseRows(read.vectors, role === 'database' ? 'the database' : 'the queries', file);
  let { images } = read;
  let owners = read.owners;
  const ownersFile = o[role === 'database' ? 'owners' : 'queryOwners'];
  if (ownersFile !== undefined) ({ owners, images } = readOwners(ownersFile, vectors.rows));
  const more = role === 'database' ? o.distractors : undefined;
  if (more !== undefined) {
    if (owners !== undefined)
      throw new CovisError('INPUT_INVALID', '--distractors goes with global descriptors, not with regions');
    const extra = await readDescriptorFile(more);
    if (extra.vectors.dim !== vectors.dim)
      throw new CovisError(
        'INPUT_INVALID',
        `The distractors have ${extra.vectors.dim} dimensions and the database ${vectors.dim}`,
        {
          file: more,
          hint: 'Describe both with one network, and whiten both or neither.',
        },
      );
    const behind = normaliseRows(extra.vectors, 'the distractors', more);
    const data = new Float32Array(vectors.data.length + behind.data.length);
    data.set(vectors.data);
    data.set(behind.data, vectors.data.length);
    vectors = { data, rows: vectors.rows + behind.rows, dim: vectors.dim };
    images = vectors.rows;
  }
  return {
    vectors,
    images,
    ...(owners === undefined ? {} : { owners }),
    ...(read.names === undefined ? {} : { names: read.names }),
  };
}

function readOwners(file: string, rows: number): { owners: Uint32Array; images: number } {
  const { shape, data } = readNpy(file);
  if (shape.length !== 1 || shape[0] !== rows)
    throw new CovisError(
      'INPUT_INVALID',
      `There are ${rows} rows, and their owners have the shape (${shape.join(', ')})`,
      { file, hint: 'Owners are one number a row: the image, from 0, that the region is of.' },
    );
  let images = 0;
  for (const v of data) {
    if (!Number.isInteger(v) || v < 0 || v >= rows)
      throw new CovisError('INPUT_INVALID', `The owner ${v} is no image of these rows`, {
        file,
        hint: 'Owners are one number a row: the image, from 0, that the region is of.',
      });
    images = Math.max(images, v + 1);
  }
  return { owners: Uint32Array.from(data), images };
}

function namesOf(o: Given, side: DescriptorFile, key: 'names' | 'queryNames'): readonly string[] | string {
  return o[key] ?? side.names ?? '';
}
