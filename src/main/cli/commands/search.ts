/** `covis search`: the library ranked by a photo, a part of one, or a drawing. */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { SEARCH_METHODS } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { backend, collection, file, fraction, network, numbers, precision, set, size } from '../../../shared/fields.ts';
import { edgeNetworkOf } from '../../engine/edges/library-networks.ts';
import { defaultSize } from '../../engine/inputs/inputs.ts';
import type { Library } from '../../engine/library/library.ts';
import { countPhotos } from '../../engine/library/tables/photo.ts';
import type { TaskContext } from '../../engine/queue/context.ts';
import type { Crop } from '../../engine/library/pixels.ts';
import { resolveNetwork, type NetworkRow } from '../../engine/network/networks.ts';
import { describedPhotos, extract } from '../../engine/retrieval/extract.ts';
import { SearchSession } from '../../engine/search/session.ts';
import { command } from '../program/command.ts';
import { libraryWord, withLibrary } from '../program/library.ts';
import { print, terminalContext } from '../program/output.ts';
import { rankingOf, rankingOptions } from '../program/ranking.ts';
import { refuseTogether } from '../program/together.ts';

const options = {
  query: file.optional().meta({ help: 'the photo to search with' }),
  sketch: file.optional().meta({ help: 'a drawing to search with: PNG, SVG, or QuickDraw strokes as JSON' }),
  crop: numbers(0, 1, 4)
    .length(4)
    .optional()
    .meta({ help: 'the part of it that asks, in fractions of its width and height', value: 'x,y,width,height' }),
  method: z.enum(SEARCH_METHODS).default('cosine'),
  set: set.optional().meta({ help: 'a descriptor set (covis descriptors lists them), for example of regions' }),
  network: network.optional(),
  backend: backend.optional(),
  precision: precision.optional().meta({ otherwise: 'single, or the setting' }),
  collection: collection.optional(),
  oneOfFold: z
    .boolean()
    .default(false)
    .meta({ help: 'of near duplicates that are folded together only the one that is ranked first' }),
  size: size.optional(),
  ...rankingOptions,
  top: z.int().min(1).max(1_000_000).default(20).meta({ help: 'how many results' }),
  photoWeight: fraction
    .optional()
    .meta({ help: 'with --sketch and --query: how much the photo counts', otherwise: '0.5' }),
};

export const search = command({
  name: 'search',
  summary: 'rank the library by similarity to a photo',
  arguments: libraryWord,
  options,
  run: async (o) => {
    const { method } = o;
    const ranking = rankingOf(o, method);
    if (o.query === undefined || o.sketch === undefined)
      refuseTogether(o, ['photoWeight'], 'goes with --sketch and --query together');
    await withLibrary(o.library, false, async (library) => {
      const task = terminalContext();
      const { set, network, size, query: file, sketch } = o;
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
        await describeAll(library, row, size ?? defaultSize(row.spec), task);
      }
      if (file !== undefined && set === undefined && method !== 'bow') {
        const row = await resolveNetwork(library, sketch === undefined ? network : undefined, 'default');
        await describeAll(library, row, size ?? defaultSize(row.spec), task);
      }
      const session = new SearchSession(library);
      try {
        const answer = await session.search(
          {
            bytes: file === undefined ? undefined : readFileSync(file),
            drawing: sketch === undefined ? undefined : readFileSync(sketch),
            photoWeight: file === undefined ? 0 : (o.photoWeight ?? 0.5),
            crop: cropOf(o.crop),
            set,
            network,
            size,
            method,
            ranking,
            top: o.top,
            collection: o.collection,
            oneOfFold: o.oneOfFold,
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
          ...(answer.device === undefined ? {} : { device: answer.device }),
        }));
        print(o.json, hits, () =>
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
});

/** Describes what is not described yet; where nothing can be written, what is stored is searched. */
async function describeAll(library: Library, network: NetworkRow, size: number, task: TaskContext): Promise<void> {
  if (library.readOnly === undefined) {
    await extract(library, network, size, task);
    return;
  }
  const described = describedPhotos(library, network, size) ?? 0;
  const all = countPhotos(library);
  if (described > 0 && described < all)
    task.warn(`${library.readOnly}: ${all - described} of ${all} photos have no descriptors and are not searched`);
}

/** A crop as its four numbers say. @throws CovisError `INPUT_INVALID` for one without area. */
function cropOf(numbers: readonly number[] | undefined): Crop | undefined {
  if (numbers === undefined) return undefined;
  const [x = 0, y = 0, width = 0, height = 0] = numbers;
  if (width === 0 || height === 0)
    throw new CovisError('INPUT_INVALID', `--crop takes a part with an area, not "${numbers.join(',')}"`);
  return { x, y, width, height };
}
