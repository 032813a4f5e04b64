import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { STRATEGY_BITS } from '../../../../shared/domain.ts';
import { CovisError } from '../../../../shared/errors.ts';
import { hlocPairs } from '../../../../shared/exports/hloc-pairs.ts';
import { counted } from '../../../../shared/counted.ts';
import type { TaskContext } from '../../queue/context.ts';
import { subsetOf } from '../../library/collection-subset.ts';
import type { Library } from '../../library/library.ts';
import { writeTogether } from '../../formats/beside.ts';
import { refuseExisting, type Placing } from '../../formats/target.ts';
import { firstFew } from '../../library/name-lists.ts';
import { integer, record, select, text } from '../../library/rows.ts';
import { idByHash } from '../../library/tables/photo.ts';
import { judgements } from '../../mining/decisions.ts';
import { miningRun } from '../../mining/runs.ts';
import { readHlocPairs } from '../pair-readers/hloc.ts';
import { fillLines, pages } from '../tuple-rows.ts';
import { damaged, exporter, type Written } from './exporter.ts';

/** Photos of one folder, as COLMAP and hloc know them: names below it. */
interface PhotoFolder {
  readonly images: string;
  /** What its file is called after, unique. */
  readonly label: string;
  readonly nameOf: ReadonlyMap<number, string>;
}

function photoFolders(library: Library): PhotoFolder[] {
  const rows = select(
    library.db,
    'SELECT s.name AS scene, s.images, f.name, f.photo_id AS photo FROM photo_file f JOIN scene s ON s.id = f.scene_id ORDER BY s.id, f.name',
    record({ scene: text, images: text, name: text, photo: integer }),
  ).all();
  const folders = new Map<string, { images: string; label: string; nameOf: Map<number, string> }>();
  const taken = new Set<string>();
  for (const { scene, images, name, photo } of rows) {
    let folder = folders.get(images);
    if (folder === undefined) {
      const base = scene.replace(/[^\p{L}\p{N}._-]+/gu, '_');
      let label = base;
      for (let n = 2; taken.has(label); n += 1) label = `${base}_${n}`;
      taken.add(label);
      folders.set(images, (folder = { images, label, nameOf: new Map() }));
    }
    if (!folder.nameOf.has(photo)) folder.nameOf.set(photo, name);
  }
  return [...folders.values()];
}

/**
 * Pairs of query and positive for hloc, two names a line, without what people refused. Names are those below the folder of images, as
 * the models there have them: `pairs.txt` where all photos are of one folder, `pairs-<scene>.txt` for each folder otherwise.
 * @throws CovisError `INPUT_INVALID` for names with white space, which that format cannot hold, and for a folder with lists of others.
 */
function writeHlocPairs(library: Library, run: number, out: string, task: TaskContext, how: Placing): Written {
  const id = idByHash(library);
  const decided = judgements(library);
  const folders = photoFolders(library);
  const of = new Map<PhotoFolder, Set<string>>();
  let across = 0;
  const subset = subsetOf(library)?.photos;
  const add = (query: number, positive: number): void => {
    if (subset !== undefined && !(subset.has(query) && subset.has(positive))) return;
    const folder = folders.find((f) => f.nameOf.has(query) && f.nameOf.has(positive));
    if (folder === undefined) {
      across += 1;
      return;
    }
    const names = [query, positive].map((p) => folder.nameOf.get(p)!);
    const odd = names.find((n) => /\s/.test(n));
    if (odd !== undefined)
      throw new CovisError('INPUT_INVALID', 'hloc separates names by spaces, and this photo has one in its name', {
        file: join(folder.images, odd),
        hint: 'Rename the photo and import again.',
      });
    const own = of.get(folder);
    if (own === undefined) of.set(folder, new Set([names.join(' ')]));
    else own.add(names.join(' '));
  };
  for (const page of pages(library, run, task)) {
    for (const t of page) {
      const query = id.one(t.query);
      const positives = [
        t.replacement ?? t.positive,
        ...((t.strategies & STRATEGY_BITS.manifold) === 0 ? [] : t.alternatives.map((a) => a.photo)),
      ];
      for (const p of positives) {
        const positive = id.one(p);
        if (decided.mayMatch(query, positive)) add(query, positive);
      }
    }
  }
  if (across > 0)
    task.warn(`${counted(across, 'pair')} of photos in two folders left out: hloc knows one folder of images`);
  const lists = [...of].map(([folder, pairs]) => ({
    folder,
    pairs,
    file: join(out, of.size === 1 ? 'pairs.txt' : `pairs-${folder.label}.txt`),
  }));
  if (lists.length === 0)
    throw new CovisError('STATE_EMPTY', 'No pair of this run is of photos in one folder, or all were refused');
  const stale = existsSync(out)
    ? readdirSync(out).find((f) => /^pairs.*\.txt$/.test(f) && !lists.some((l) => l.file === join(out, f)))
    : undefined;
  if (stale !== undefined)
    throw new CovisError('INPUT_INVALID', `This folder is in use: ${stale} is not of this export`, {
      file: out,
      hint: 'Name a new folder, or empty this one first.',
    });
  if (lists.length > 1)
    task.warn(
      `The photos are in ${lists.length} folders, and each has a list of its own: ${firstFew(lists.map((l) => `${basename(l.file)} of ${l.folder.images}`))}`,
    );
  refuseExisting(
    lists.map((l) => l.file),
    how,
  );
  writeTogether(
    lists.map(({ file, pairs }) => [file, (temporary: string): unknown => fillLines(temporary, pairs)] as const),
    how,
  );
  const items = lists.reduce((n, { pairs }) => n + pairs.size, 0);
  return { items, files: lists.map((l) => l.file) };
}

/** `pairs.txt`, or one for each folder of photos. */
export const hlocPairsExport = exporter(hlocPairs, {
  write: (library, out, { run }, task, how) => writeHlocPairs(library, miningRun(library, run).id, out, task, how),
  verify(files, library) {
    const folders = photoFolders(library).map((f) => new Set(f.nameOf.values()));
    let items = 0;
    for (const file of files) {
      const { cids, qidxs } = readHlocPairs(file);
      if (!folders.some((names) => cids.every((c) => names.has(c))))
        throw damaged(file, 'it names what is no photo of one folder of the library');
      items += qidxs.length;
    }
    return { items };
  },
});
