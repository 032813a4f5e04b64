/** `covis search` and `covis descriptors`: searching a library, and the descriptor sets that it is searched by. */
import { existsSync, readFileSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';
import { readNames } from '../../engine/evaluation/ground-truth-files.ts';
import type { Crop } from '../../engine/library/pixels.ts';
import { defaultSize } from '../../engine/inputs/inputs.ts';
import { edgeNetworkOf } from '../../engine/edges/library-networks.ts';
import { extract } from '../../engine/retrieval/extract.ts';
import { resolveNetwork } from '../../engine/network/networks.ts';
import { SEARCH_METHODS, type SearchMethod } from '../../../shared/domain.ts';
import { listSets, removeSet, type ImportVectorsReport } from '../../engine/retrieval/vector-sets.ts';
import { SearchSession } from '../../engine/search/session.ts';
import { print, terminalContext } from '../output.ts';
import { action, command, number, withLibrary, type Options } from '../program.ts';
import { rankingOf, rankingOptions } from '../ranking-options.ts';
import { common, params, runJob } from '../run-job.ts';

/** Adds the commands. */
export function addSearch(): void {
  action(
    number(
      number(
        rankingOptions(
          common(
            command('search', 'rank the library by similarity to a photo')
              .argument('<library>')
              .option('--query <file>', 'the photo to search with')
              .option('--sketch <file>', 'a drawing to search with: PNG, SVG, or QuickDraw strokes as JSON')
              .option('--crop <x,y,width,height>', 'the part of it that asks, in fractions of its width and height')
              .option('--method <method>', SEARCH_METHODS.join(', '), 'cosine')
              .option('--set <set>', 'a descriptor set (covis descriptors lists them), for example of regions'),
          ),
        ),
        '--top',
        'how many results (20)',
      ),
      '--photo-weight',
      'with --sketch and --query: how much the photo counts, 0 to 1 (0.5)',
    ),
    async (o: Options, path: string) => {
      const method = o['method'] as SearchMethod;
      if (!SEARCH_METHODS.includes(method))
        throw new CovisError('INPUT_INVALID', `--method takes ${SEARCH_METHODS.join(', ')}, not "${method}"`);
      await withLibrary(path, false, async (library) => {
        const task = terminalContext();
        const set = o['set'] as string | undefined;
        const network = o['network'] as string | undefined;
        const size = params(o).size;
        const file = o['query'] as string | undefined;
        const sketch = o['sketch'] as string | undefined;
        if (file === undefined && sketch === undefined)
          throw new CovisError('INPUT_INVALID', 'Nothing to search with was given', {
            hint: 'Name a photo with --query or a drawing with --sketch.',
          });
        if (method === 'bow' && sketch !== undefined)
          throw new CovisError('INPUT_INVALID', 'Visual words are of photos; a drawing has none');
        for (const f of [file, sketch])
          if (f !== undefined && !existsSync(f))
            throw new CovisError('INPUT_MISSING', `This ${f === file ? 'photo' : 'drawing'} does not exist`, {
              file: f,
            });
        if (sketch !== undefined && set === undefined) {
          const row = await edgeNetworkOf(library, network);
          await extract(library, row, size ?? defaultSize(row.spec), task);
        }
        if (file !== undefined && set === undefined && method !== 'bow') {
          const row = await resolveNetwork(library, sketch === undefined ? network : undefined, 'latest');
          await extract(library, row, size ?? defaultSize(row.spec), task);
        }
        const session = new SearchSession(library);
        try {
          const answer = await session.search(
            {
              bytes: file === undefined ? undefined : readFileSync(file),
              drawing: sketch === undefined ? undefined : readFileSync(sketch),
              photoWeight: file === undefined ? 0 : ((o['photoWeight'] as number | undefined) ?? 0.5),
              crop: cropOf(o),
              set,
              network,
              size,
              method,
              ranking: method === 'bow' ? undefined : rankingOf(o, method),
              top: (o['top'] as number | undefined) ?? 20,
            },
            task,
          );
          task.finish();
          const hits = answer.hits.map((h) => ({
            photo: h.name,
            id: h.photo,
            cluster: h.clusters[0]?.name ?? null,
            score: h.score,
            ...(h.box === undefined ? {} : { box: h.box }),
            ...(h.inliers === undefined ? {} : { inliers: h.inliers }),
          }));
          print(o.json === true, hits, () =>
            hits.map((h, i) => `${String(i + 1).padStart(4)}  ${h.score.toFixed(4)}  ${h.photo}  ${h.cluster ?? ''}`),
          );
        } catch (error) {
          const asked = sketch ?? file;
          if (error instanceof CovisError && error.file === undefined && error.code.startsWith('INPUT'))
            throw new CovisError(error.code, error.message, {
              ...(asked === undefined ? {} : { file: asked }),
              ...(error.hint === undefined ? {} : { hint: error.hint }),
              cause: error,
            });
          throw error;
        } finally {
          await session.close();
        }
      });
    },
  );

  action(
    common(
      command('descriptors', "list a library's descriptor sets, import one of another program, or describe regions")
        .argument('<library>')
        .argument('[file]', '.npy with names beside it, .mat, .h5 of hloc, .jsonl')
        .option('--names <file>', 'photo of each row, one a line')
        .option('--variable <name>', 'variable of a .mat or HDF5 file')
        .option('--name <name>', 'what to call the set')
        .option('--half', 'keep it as float16')
        .option('--regions', "describe R-MAC's regions of every photo")
        .option('--remove <set>', 'take an imported set out of the library'),
    ),
    async (o: Options, path: string, file: string | undefined) => {
      await withLibrary(path, false, async (library) => {
        if (o['remove'] !== undefined) {
          removeSet(library, o['remove'] as string);
          print(o.json === true, { removed: o['remove'] }, () => [`Removed ${o['remove'] as string}`]);
          return;
        }
        if (o['regions'] === true) {
          const r = await runJob<{ set: string; photos: number; rows: number; dim: number }>(library, 'regions', {
            ...params(o),
            half: o['half'] === true,
          });
          print(o.json === true, r, () => [
            `Set ${r.set}: ${r.rows} regions of ${r.photos} photos, ${r.dim} dimensions`,
          ]);
          return;
        }
        if (file !== undefined) {
          const beside = file.replace(/\.[^.]*$/, '.txt');
          const list = (o['names'] as string | undefined) ?? (existsSync(beside) ? beside : undefined);
          const r = await runJob<ImportVectorsReport>(library, 'vectors', {
            vectors: {
              file,
              variable: o['variable'] as string | undefined,
              names: list === undefined ? undefined : readNames(list),
              name: o['name'] as string | undefined,
              half: o['half'] === true,
            },
          });
          print(o.json === true, r, () => [
            `Set ${r.set}: ${r.rows} descriptors of ${r.photos} photos, ${r.dim} dimensions${r.unknown > 0 ? `; ${r.unknown} images are no photos of this library` : ''}`,
          ]);
          return;
        }
        const sets = await listSets(library);
        print(o.json === true, sets, () =>
          sets.length === 0
            ? ['No descriptors yet: covis extract']
            : sets.map(
                (s) =>
                  `${s.key}  ${s.name}  ${s.rows} x ${s.dim}${s.regional ? ', regions' : ''}${s.half ? ', float16' : ''}${s.stale === null ? '' : `  (${s.stale})`}`,
              ),
        );
      });
    },
  );
}

function cropOf(o: Options): Crop | undefined {
  const text = o['crop'] as string | undefined;
  if (text === undefined) return undefined;
  const [x, y, width, height] = text.split(',').map(Number);
  const inside = (v: number | undefined): v is number => v !== undefined && v >= 0 && v <= 1;
  if (!inside(x) || !inside(y) || !inside(width) || !inside(height) || width === 0 || height === 0)
    throw new CovisError('INPUT_INVALID', `--crop takes four fractions, x,y,width,height, not "${text}"`);
  return { x, y, width, height };
}
