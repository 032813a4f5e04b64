/** What is in a collection, in which order, and what is folded. */
import { z } from 'zod';
import { SEARCH_METHODS } from '../../../../shared/domain.ts';
import { CovisError } from '../../../../shared/errors.ts';
import { network, size } from '../../../../shared/fields.ts';
import { foldPhotos, unfoldPhotos } from '../../../engine/collections/fold-items.ts';
import { addPhotos, movePhotos, removePhotos, type Addition, type From } from '../../../engine/collections/gather.ts';
import { defaultSize } from '../../../engine/inputs/inputs.ts';
import { findOne, numbersThereAre } from '../../../engine/library/find.ts';
import type { Library } from '../../../engine/library/library.ts';
import { integer, record, select, text } from '../../../engine/library/rows.ts';
import { collectionNamed } from '../../../engine/library/tables/collection.ts';
import { idByHash, photoHash, presentPhotos } from '../../../engine/library/tables/photo.ts';
import { resolveNetwork } from '../../../engine/network/networks.ts';
import { extract } from '../../../engine/retrieval/extract.ts';
import { SearchSession } from '../../../engine/search/session.ts';
import { command, type Asked } from '../../program/command.ts';
import { withLibrary } from '../../program/library.ts';
import { print, terminalContext } from '../../program/output.ts';
import { refuseTogether } from '../../program/together.ts';
import {
  from,
  library,
  linesFrom,
  membersOf,
  name,
  photosNamed,
  photosSaid,
  photosText,
  photoWord,
  photoWords,
  refuseNone,
} from './words.ts';

const before = photoWord
  .optional()
  .meta({ help: 'photo of the collection before which they come', otherwise: 'at the end', value: 'photo' });

const addWords = { library, name, photos: photoWords };
const addOptions = {
  from,
  all: z.boolean().default(false).meta({ help: 'every photo of the library' }),
  cluster: z.string().min(1).max(4096).optional().meta({ help: 'the photos of this cluster', value: 'cluster' }),
  place: z.int().min(0).optional().meta({ help: 'the photos of this place, by its number', value: 'n' }),
  scene: z.string().min(1).max(4096).optional().meta({ help: 'the photos of this scene', value: 'scene' }),
  search: photoWord.optional().meta({ help: 'the photos most similar to this one of the library', value: 'photo' }),
  network: network.optional(),
  size: size.optional(),
  method: z.enum(SEARCH_METHODS).optional().meta({ help: 'how --search ranks', otherwise: 'cosine' }),
  top: z.int().min(1).max(1_000_000).optional().meta({ help: 'how many results of --search', otherwise: '20' }),
  before,
};
type AddGiven = Asked<typeof addWords, typeof addOptions>;

/** Photos that a person asked for, and where they come from. */
async function asked(l: Library, o: AddGiven): Promise<{ readonly photos: readonly Addition[]; readonly from: From }> {
  const ways = [
    o.photos.length > 0,
    o.from !== undefined,
    o.all,
    o.cluster !== undefined,
    o.place !== undefined,
    o.scene !== undefined,
    o.search !== undefined,
  ];
  if (ways.filter(Boolean).length !== 1)
    throw new CovisError(
      'INPUT_INVALID',
      'Say one thing: photos, --from, --all, --cluster, --place, --scene or --search',
    );
  if (o.search === undefined) refuseTogether(o, ['network', 'size', 'method', 'top'], 'goes with --search');
  const plain = (photos: readonly number[], how: From): { photos: Addition[]; from: From } => ({
    photos: photos.map((photo) => ({ photo })),
    from: how,
  });
  if (o.photos.length > 0) return plain(photosNamed(l, o.photos), { how: 'hand' });
  if (o.from !== undefined) return plain(photosNamed(l, linesFrom(o.from), o.from), { how: 'import', query: o.from });
  if (o.all)
    return plain(
      presentPhotos(l).map((p) => p.id),
      { how: 'hand' },
    );
  if (o.cluster !== undefined) {
    const clusters = select(
      l.db,
      'SELECT id, uid, name FROM cluster ORDER BY id',
      record({ id: integer, uid: text, name: text }),
    ).all();
    const cluster = findOne('cluster', o.cluster, clusters, (c) => ({ id: c.uid, name: c.name }));
    const photos = select(
      l.db,
      'SELECT DISTINCT photo_id FROM view WHERE cluster_id = ? AND photo_id IS NOT NULL ORDER BY view_index',
      integer,
    ).all(cluster.id);
    return plain(photos, { how: 'cluster', query: cluster.uid });
  }
  if (o.place !== undefined) {
    const photos = select(l.db, 'SELECT id FROM photo WHERE place = ? ORDER BY id', integer).all(o.place);
    if (photos.length === 0) {
      const places = select(l.db, 'SELECT DISTINCT place FROM photo ORDER BY place', integer).all();
      throw new CovisError('NOT_FOUND', `The library has no place ${o.place}`, {
        hint: numbersThereAre('place', places),
      });
    }
    return plain(photos, { how: 'cluster', query: `place ${o.place}` });
  }
  if (o.scene !== undefined) {
    const scenes = select(l.db, 'SELECT id, name FROM scene ORDER BY id', record({ id: integer, name: text })).all();
    const named = scenes.filter((s) => s.name === o.scene);
    if (named.length !== 1)
      throw new CovisError(
        named.length === 0 ? 'NOT_FOUND' : 'INPUT_INVALID',
        named.length === 0 ? `The library has no scene "${o.scene}"` : `${named.length} scenes are called "${o.scene}"`,
        {
          hint: `It has ${scenes
            .map((s) => s.name)
            .slice(0, 8)
            .join(', ')}${scenes.length > 8 ? ', …' : ''}.`,
        },
      );
    const photos = select(
      l.db,
      'SELECT DISTINCT photo_id FROM photo_file WHERE scene_id = ? ORDER BY name',
      integer,
    ).all(named[0]!.id);
    return plain(photos, { how: 'cluster', query: `scene ${o.scene}` });
  }
  return searched(l, o, o.search!);
}

async function searched(
  l: Library,
  o: AddGiven,
  wanted: string,
): Promise<{ readonly photos: readonly Addition[]; readonly from: From }> {
  const method = o.method ?? 'cosine';
  const task = terminalContext();
  const query = photoHash(l, photosNamed(l, [wanted])[0]!);
  const row = method === 'bow' ? undefined : await resolveNetwork(l, o.network, 'default');
  const pixels = row === undefined ? undefined : (o.size ?? defaultSize(row.spec));
  if (row !== undefined && l.readOnly === undefined) await extract(l, row, pixels!, task);
  const session = new SearchSession(l);
  try {
    const { hits } = await session.search(
      { photo: query, network: row?.uid, size: pixels, method, top: o.top ?? 20 },
      task,
    );
    const ids = idByHash(l);
    return {
      photos: hits.map((h, i) => ({ photo: ids.one(h.photo), score: h.score, rank: i + 1 })),
      from: { how: 'search', query, method, network: row?.uid ?? null },
    };
  } finally {
    task.finish();
    await session.close();
  }
}

export const collectionAdd = command({
  name: 'collection add',
  summary: 'add photos to a collection, with where they come from',
  arguments: addWords,
  options: addOptions,
  run: (o) =>
    withLibrary(o.library, false, async (l) => {
      const { name: called } = collectionNamed(l, o.name);
      const { photos, from: source } = await asked(l, o);
      const place = o.before === undefined ? undefined : photosNamed(l, [o.before])[0];
      const r = addPhotos(l, o.name, photos, source, place);
      print(o.json, r, () => [
        `${photosText(r.added)} added to ${called}${r.already > 0 ? `, ${r.already} were in already` : ''}`,
      ]);
    }),
});

export const collectionRemove = command({
  name: 'collection remove',
  summary: 'take photos out of a collection',
  arguments: addWords,
  options: {
    from,
    all: z.boolean().default(false).meta({ help: 'everything' }),
    gone: z.boolean().default(false).meta({ help: 'those of which no file is there any more' }),
    judge: z.boolean().default(false).meta({ help: 'note also of photos that are not in that they do not belong' }),
  },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      const c = collectionNamed(l, o.name);
      const given = [o.photos.length > 0 || o.from !== undefined, o.all, o.gone].filter(Boolean).length;
      refuseNone(given > 0);
      if (given > 1) throw new CovisError('INPUT_INVALID', 'Say one of photos, --all and --gone');
      const photos = o.all || o.gone ? membersOf(l, c.id, o.gone) : photosSaid(l, o);
      const r = removePhotos(l, o.name, photos, o.judge);
      print(o.json, r, () => [`${photosText(r.removed)} taken out of ${c.name}`]);
    }),
});

export const collectionMove = command({
  name: 'collection move',
  summary: 'put photos of a collection before another, or at the end',
  arguments: addWords,
  options: { from, before },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      const c = collectionNamed(l, o.name);
      refuseNone(o.photos.length > 0 || o.from !== undefined);
      const place = o.before === undefined ? undefined : photosNamed(l, [o.before])[0];
      const r = movePhotos(l, o.name, photosSaid(l, o), place);
      print(o.json, r, () => [`${photosText(r.moved)} of ${c.name} moved`]);
    }),
});

export const collectionUnfold = command({
  name: 'collection unfold',
  summary: 'let folded photos stand for themselves again; of a head, all that is folded under it',
  arguments: addWords,
  options: { from, all: z.boolean().default(false).meta({ help: 'everything' }) },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      const c = collectionNamed(l, o.name);
      refuseNone(o.all || o.photos.length > 0 || o.from !== undefined);
      const r = unfoldPhotos(l, o.name, o.all ? membersOf(l, c.id) : photosSaid(l, o));
      print(o.json, r, () => [`${photosText(r.unfolded)} of ${c.name} unfolded`]);
    }),
});

/** Folds what a person names; `covis collection fold` finds groups by itself. */
export const collectionFoldUnder = command({
  name: 'collection fold-under',
  summary: 'fold photos of a collection under another one of it',
  arguments: { library, name, head: photoWord, photos: photoWords },
  options: { from },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      const c = collectionNamed(l, o.name);
      refuseNone(o.photos.length > 0 || o.from !== undefined);
      const [head] = photosNamed(l, [o.head]);
      const r = foldPhotos(l, o.name, [{ head: head!, photos: photosSaid(l, o) }]);
      print(o.json, r, () => [`${photosText(r.folded)} of ${c.name} folded`]);
    }),
});
