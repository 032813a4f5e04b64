import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { MiningParameters, PhotoPlacement } from '../../../../shared/domain.ts';
import { defined } from '../../../../shared/defined.ts';
import { CovisError } from '../../../../shared/errors.ts';
import { retrievalSfm } from '../../../../shared/exports/retrieval-sfm.ts';
import { counted } from '../../../../shared/counted.ts';
import { writeWhole } from '../../formats/beside.ts';
import { refuseExisting, type Placing } from '../../formats/target.ts';
import { writePickle } from '../../formats/pickle-writer.ts';
import type { TaskContext } from '../../queue/context.ts';
import type { Library } from '../../library/library.ts';
import { integer, record, select } from '../../library/rows.ts';
import { idByHash, presentPhotos } from '../../library/tables/photo.ts';
import { random } from '../../library/random.ts';
import { CandidateReader, DEFAULT_MINING } from '../../mining/candidates.ts';
import { judgements } from '../../mining/decisions.ts';
import { miningRun } from '../../mining/runs.ts';
import { separation } from '../../mining/separation.ts';
import { splitPlaces } from '../../mining/split.ts';
import { imsPath, type PairList } from '../pair-list.ts';
import { readPairLists } from '../pair-readers/retrieval-sfm.ts';
import { placePhotos } from '../photo-tree.ts';
import { onlyOwnFiles } from '../used-folder.ts';
import { damaged, exporter, type Written } from './exporter.ts';

/** Negatives of a query by default in cnnimageretrieval-pytorch, each of a cluster of its own. */
const NEGATIVES = 5;

interface RetrievalSfmOptions extends Placing {
  readonly out: string;
  /** Pairs of one mining run; all that m3 may draw where left out. */
  readonly run?: number | undefined;
  /** At most so many positives of a query, drawn by m3 (about two in the published data). */
  readonly pairsPerQuery: number;
  readonly mining?: Partial<MiningParameters> | undefined;
  readonly seed: number;
  readonly photos: PhotoPlacement;
}

/**
 * Writes the library as the data set of cnnimageretrieval-pytorch: `<name>.pkl` with train and val, and `ims/`. The folder is what that
 * trainer expects at `data/train/<name>`, so its name has to begin with `retrieval-SfM`; another folder gets a file of that name.
 * Decisions hold: refused pairs are missing, chosen positives are there, and places of one object share a cluster number.
 * @throws CovisError `INPUT_INVALID` for a folder that holds anything else, `STATE_EMPTY` without pairs, `CANCELLED`.
 */
function exportRetrievalSfm(library: Library, o: RetrievalSfmOptions, task: TaskContext): Written {
  const split = splitPlaces(library, o.seed);
  const val: ReadonlySet<number> = split.separate ? split.heldOut : new Set();
  if (!split.separate) task.warn('There are too few places to hold any out: val is empty');
  const train = pairList(library, split.training, o);
  const held = pairList(library, val, { ...o, run: undefined });
  if (train.list.qidxs.length === 0)
    throw new CovisError('STATE_EMPTY', 'No two photos of the training places may be a pair', {
      hint: 'Lower --min-shared or --min-overlap, raise --max-scale, or import larger models.',
    });
  const name = basename(o.out).startsWith('retrieval-SfM') ? basename(o.out) : 'retrieval-SfM-covis';
  const file = join(o.out, `${name}.pkl`);
  const photos = [...train.photos, ...held.photos].map(({ id, hash }) => ({
    photo: id,
    path: join(o.out, 'ims', imsPath(hash)),
  }));
  onlyOwnFiles(o.out, [file, ...photos.map((p) => p.path)]);
  refuseExisting([file], o);
  for (const [half, { list }] of [
    ['train', train],
    ['val', held],
  ] as const) {
    const clusters = new Set(list.cluster).size;
    if (list.cids.length > 0 && clusters <= NEGATIVES)
      task.warn(
        `${half} has ${counted(clusters, 'cluster')}. cnnimageretrieval-pytorch takes ${NEGATIVES} negatives of other clusters for each query and ends with an IndexError below ${NEGATIVES + 1}: give it --neg-num ${Math.max(0, clusters - 1)}, or import more places`,
      );
  }
  const side = (l: PairList): Record<string, readonly (string | number)[]> => ({ ...l });
  // The lists come last: where they are, all of it is there.
  const { placed } = placePhotos(library, photos, o.photos, task, o);
  writeWhole(file, writePickle({ train: side(train.list), val: side(held.list) }), o);
  return {
    photos: placed,
    items: train.list.qidxs.length + held.list.qidxs.length,
    files: o.photos === 'none' ? [file] : [file, join(o.out, 'ims')],
  };
}

function pairList(
  library: Library,
  photos: ReadonlySet<number>,
  o: RetrievalSfmOptions,
): { list: PairList; photos: { id: number; hash: string }[] } {
  const decided = judgements(library);
  const apart = separation(library, decided);
  const rows = presentPhotos(library).filter((p) => photos.has(p.id));
  const at = new Map(rows.map((p, i) => [p.id, i]));
  const qidxs: number[] = [];
  const pidxs: number[] = [];
  const add = (query: number, positive: number): void => {
    const [q, p] = [at.get(query), at.get(positive)];
    // The published file has 47 pairs of a photo with itself; ours has none.
    if (q === undefined || p === undefined || q === p || !decided.mayMatch(query, positive)) return;
    qidxs.push(q);
    pidxs.push(p);
  };
  if (o.run !== undefined) {
    const pairs = select(
      library.db,
      'SELECT query, positive FROM tuple WHERE run_id = ? GROUP BY query, positive ORDER BY MIN(tuple_index)',
      record({ query: integer, positive: integer }),
    ).all(o.run);
    const chosen = new Set<number>();
    for (const { query, positive } of pairs) {
      const wanted = decided.chosen.get(query);
      if (wanted !== undefined && !chosen.has(query)) add(query, wanted);
      if (wanted !== undefined) chosen.add(query);
      if (wanted !== positive) add(query, positive);
    }
  } else {
    const r = random(o.seed);
    const reader = new CandidateReader(library, { ...DEFAULT_MINING, ...o.mining }, (p) => photos.has(p));
    for (const { id } of rows) {
      const { relaxed } = reader.of(id);
      const wanted = decided.chosen.get(id);
      const open = relaxed.map((c) => c.other).filter((p) => decided.mayMatch(id, p) && p !== wanted);
      const list = [...(wanted === undefined ? [] : [wanted]), ...r.shuffled(open)].slice(0, o.pairsPerQuery);
      for (const p of list) add(id, p);
    }
  }
  return {
    list: { cids: rows.map((p) => p.hash), cluster: rows.map((p) => apart.groupOf(p.id)), qidxs, pidxs },
    photos: rows,
  };
}

/** `retrieval-SfM-NAME.pkl` and `ims/`. */
export const retrievalSfmExport = exporter(retrievalSfm, {
  write: (library, out, o, task, how) =>
    exportRetrievalSfm(
      library,
      {
        ...o,
        ...how,
        out,
        run: o.run === undefined ? undefined : miningRun(library, o.run).id,
        mining: defined(o.mining ?? {}),
      },
      task,
    ),
  verify([file, ims], library) {
    const { train, val } = readPairLists(file!);
    const known = idByHash(library);
    let photos = 0;
    for (const cid of [...train.cids, ...val.cids]) {
      if (known.get(cid) === undefined) throw damaged(file!, `it names ${cid}, which is no photo of the library`);
      if (ims !== undefined && existsSync(join(ims, imsPath(cid)))) photos += 1;
    }
    for (const { cluster, qidxs, pidxs } of [train, val])
      qidxs.forEach((q, i) => {
        if (q === pidxs[i] || cluster[q] !== cluster[pidxs[i]!])
          throw damaged(file!, 'it pairs a photo with itself or with one of another cluster');
      });
    return { items: train.qidxs.length + val.qidxs.length, photos };
  },
});
