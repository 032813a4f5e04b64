/** `covis rank`: every ranking method on the matrices of a researcher, without a library. */
import { writeNpy } from '../../engine/formats/npy.ts';
import { readDescriptorFile, type DescriptorFile } from '../../engine/retrieval/descriptor-files.ts';
import { defaultParameters, Ranker, usedParameters } from '../../engine/retrieval/methods.ts';
import { METHODS, type Method } from '../../../shared/domain.ts';
import { normaliseRows, type Matrix } from '../../engine/retrieval/rank.ts';
import { readNpy } from '../../engine/formats/npy.ts';
import { CovisError } from '../../../shared/errors.ts';
import { verifyRanks } from '../verify.ts';
import { duration, print, terminalContext } from '../output.ts';
import { action, command, number, type Options } from '../program.ts';
import { rankingOf, rankingOptions } from '../ranking-options.ts';

/** A ranking larger than this many numbers is cut to 1,000 a query unless --top says otherwise. */
const FULL_RANKING = 50_000_000;
const CUT = 1000;

/** Adds the command. */
export function addRank(): void {
  let c = command('rank', 'rank a matrix of descriptors for each query by any method')
    .requiredOption('--database <file>', 'descriptors: .npy with a row an image, .mat, .h5 of hloc, .jsonl')
    .requiredOption('--queries <file>', 'descriptors of the queries; may be the same file')
    .requiredOption('--out <file>', 'int32 .npy [queries, top]: rows of the database, best first')
    .option('--method <method>', METHODS.join(', '), 'cosine')
    .option('--scores <file>', 'float32 .npy of the same shape')
    .option('--variable <name>', 'variable of a .mat or HDF5 file that holds the database')
    .option('--query-variable <name>', 'variable that holds the queries')
    .option('--distractors <file>', 'more descriptors, put behind the database')
    .option('--owners <file>', '.npy with the image of each database row: rows are regions, images are ranked')
    .option('--query-owners <file>', '.npy with the query of each query row')
    .option('--index <file>', 'where ann keeps its index: built once, opened afterwards')
    .option('--local <file>', 'local features of hloc (.h5): verify the best of each ranking by their geometry')
    .option('--names <file>', 'name of each database row, for --local')
    .option('--query-names <file>', 'name of each query row, for --local');
  c = rankingOptions(c);
  c = number(c, '--verify', 'photos that --local verifies for each query (100)');
  c = number(c, '--top', 'how many to write; all when that is at most 50 million numbers, else 1000');

  action(c, async (o: Options) => {
    const method = o['method'] as Method;
    if (!METHODS.includes(method))
      throw new CovisError('INPUT_INVALID', `--method takes ${METHODS.join(', ')}, not "${method}"`);
    const asked = (o['top'] as number | undefined) ?? Infinity;
    if (!(asked >= 1) || (Number.isFinite(asked) && !Number.isInteger(asked)))
      throw new CovisError('INPUT_INVALID', `--top takes a whole number of at least 1, not ${asked}`);
    const task = terminalContext();
    const database = await load(o, 'database');
    const queries = await load(o, 'queries');
    const regional = database.owners !== undefined;
    const parameters = { ...defaultParameters(method, regional), ...rankingOf(o, method) };
    const ranker = await Ranker.prepare(
      { vectors: database.vectors, owners: database.owners, images: database.images },
      parameters,
      task,
      undefined,
      o['index'] as string | undefined,
    );
    try {
      const full = database.images * queries.images <= FULL_RANKING;
      const top = Math.min((o['top'] as number | undefined) ?? (full ? database.images : CUT), database.images);
      const began = performance.now();
      let ranks = await ranker.rank(
        { vectors: queries.vectors, owners: queries.owners, count: queries.images },
        top,
        task,
      );
      const ms = performance.now() - began;
      let verified: { photos: number; msPerQuery: number } | undefined;
      if (o['local'] !== undefined) {
        const start = performance.now();
        const photos = (o['verify'] as number | undefined) ?? 100;
        ranks = {
          ...ranks,
          ...(await verifyRanks(
            ranks,
            namesOf(o, database, 'names'),
            namesOf(o, queries, 'queryNames'),
            o['local'] as string,
            photos,
            task,
          )),
        };
        verified = { photos, msPerQuery: (performance.now() - start) / queries.images };
      }
      task.finish();
      writeNpy(o['out'] as string, Int32Array.from(ranks.ids), [queries.images, ranks.k]);
      if (o['scores'] !== undefined) writeNpy(o['scores'] as string, ranks.scores, [queries.images, ranks.k]);
      const report = {
        method,
        parameters: usedParameters(parameters),
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
      print(o.json === true, report, () => [
        `${method}: ${queries.images} queries against ${database.images} images, ${report.msPerQuery.toFixed(2)} ms a query after ${duration(report.offlineMs / 1000)} of preparation`,
        ...(report.edges > 0 ? [`graph: ${report.nodes} nodes, ${report.edges} edges`] : []),
        ...(report.recallAt10 === undefined
          ? []
          : [`recall@10 ${report.recallAt10.toFixed(4)} on a sample of the database`]),
        ...(ranks.outside > 0 ? [`${ranks.outside} queries have no similar neighbour and were ranked by cosine`] : []),
        `written to ${o['out'] as string}`,
      ]);
    } finally {
      await ranker.close();
    }
  });
}

/** Reads one side of the command, with its distractors and owners, and normalises it. */
async function load(o: Options, role: 'database' | 'queries'): Promise<DescriptorFile> {
  const file = o[role] as string;
  const variable = o[role === 'database' ? 'variable' : 'queryVariable'] as string | undefined;
  const read = await readDescriptorFile(file, variable, role);
  let vectors: Matrix = normaliseRows(read.vectors, role === 'database' ? 'the database' : 'the queries', file);
  let { images } = read;
  let owners = read.owners;
  const ownersFile = o[role === 'database' ? 'owners' : 'queryOwners'] as string | undefined;
  if (ownersFile !== undefined) ({ owners, images } = readOwners(ownersFile, vectors.rows));
  const more = role === 'database' ? (o['distractors'] as string | undefined) : undefined;
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
      { file },
    );
  let images = 0;
  for (const v of data) {
    if (!Number.isInteger(v) || v < 0 || v >= rows)
      throw new CovisError('INPUT_INVALID', `The owner ${v} is no image of these rows`, { file });
    images = Math.max(images, v + 1);
  }
  return { owners: Uint32Array.from(data), images };
}

function namesOf(o: Options, side: DescriptorFile, key: 'names' | 'queryNames'): readonly string[] | string {
  return (o[key] as string | undefined) ?? side.names ?? '';
}
