import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { PhotoPlacement } from '../../../../shared/domain.ts';
import { CovisError } from '../../../../shared/errors.ts';
import { gnd } from '../../../../shared/exports/gnd.ts';
import { readGroundTruth } from '../../evaluation/ground-truth-files.ts';
import { geometryTruth } from '../../evaluation/geometry-protocol.ts';
import { writeWhole } from '../../formats/beside.ts';
import { refuseExisting, type Placing } from '../../formats/target.ts';
import { writePickle } from '../../formats/pickle-writer.ts';
import type { TaskContext } from '../../queue/context.ts';
import type { Library } from '../../library/library.ts';
import { allPhotos } from '../../library/tables/photo.ts';
import { splitPlaces } from '../../mining/split.ts';
import { photoNames } from '../photo-names.ts';
import { placePhotos } from '../photo-tree.ts';
import { onlyOwnFiles } from '../used-folder.ts';
import { exporter, type Written } from './exporter.ts';

/**
 * Writes the benchmark that geometry gives (held-out places) as `gnd_<name>.pkl` and `jpg/` (methods.md 9.2): labels easy, hard and junk
 * of the revisited protocols, `ok` (easy and hard) of the old ones, and the whole photo as `bbx`, in pixels of the file as stored,
 * because those who read it do not turn photos by EXIF. `<name>` is the folder's, as cirtorch and revisitop look for it. Queries stay in the database and are
 * their own junk. Names are `<scene>__<file>` without extension, in `jpg/` with `.jpg` as these tools want it, whatever the file is.
 * @throws CovisError `INPUT_INVALID` for a folder that holds anything else, `STATE_EMPTY` when no photo of the held-out places has a relevant one.
 */
function exportGroundTruth(
  library: Library,
  o: { readonly out: string; readonly seed: number; readonly photos: PhotoPlacement } & Placing,
  task: TaskContext,
): Written {
  const { truth, photos } = geometryTruth(library, splitPlaces(library, o.seed));
  if (truth.queries.length === 0)
    throw new CovisError('STATE_EMPTY', 'No photo of the held-out places shares points with another', {
      hint: 'Choose another --seed for the split, or import larger models.',
    });
  const names = photoNames(library);
  const used = new Set<string>();
  const imlist = photos.map((id) => {
    const bare = names
      .name(id)
      .replace(/\.[^./]+$/, '')
      .replace(/[\\/\s]+/g, '__');
    let own = bare;
    for (let n = 2; used.has(own); n += 1) own = `${bare}_${n}`;
    used.add(own);
    return own;
  });
  const name = basename(o.out);
  const file = join(o.out, `gnd_${name}.pkl`);
  const trees = photos.map((photo, i) => ({ photo, path: join(o.out, 'jpg', `${imlist[i]}.jpg`) }));
  onlyOwnFiles(o.out, [file, ...trees.map((t) => t.path)]);
  refuseExisting([file], o);
  if (name !== name.toLowerCase())
    task.warn(
      `The readers of such benchmarks look for data sets in lower case: rename ${name} and its file to ${name.toLowerCase()}`,
    );
  const rows = new Map(allPhotos(library).map((p) => [p.id, p]));
  const turned = photos.filter((id) => rows.get(id)!.orientation > 1).length;
  if (turned > 0)
    task.warn(
      `${turned} of ${photos.length} photos are turned by their EXIF tag, which the readers of such benchmarks ignore: boxes are of the photos as stored`,
    );
  const labels = truth.queries.map(({ row, labels: of }) => {
    const { width, height, orientation } = rows.get(photos[row!]!)!;
    const { easy = [], hard = [], junk = [] } = of;
    return {
      bbx: orientation >= 5 ? [0, 0, height, width] : [0, 0, width, height],
      ok: [...easy, ...hard].sort((a, b) => a - b),
      easy: [...easy],
      hard: [...hard],
      junk: [...new Set([row!, ...junk])].sort((a, b) => a - b),
    };
  });
  // The list comes last: where it is, all of it is there.
  const { placed } = placePhotos(library, trees, o.photos, task, o);
  writeWhole(file, writePickle({ imlist, qimlist: truth.queries.map((q) => imlist[q.row!]!), gnd: labels }), o);
  return { items: labels.length, photos: placed, files: o.photos === 'none' ? [file] : [file, join(o.out, 'jpg')] };
}

/** `gnd_NAME.pkl` and `jpg/`, NAME that of the folder. */
export const gndExport = exporter(gnd, {
  write: (library, out, o, task, how) => exportGroundTruth(library, { ...o, ...how, out }, task),
  verify([file, jpg]) {
    const truth = readGroundTruth(file!, 'medium');
    const photos = jpg === undefined ? 0 : truth.images.filter((name) => existsSync(join(jpg, `${name}.jpg`))).length;
    return { items: truth.queries.length, photos };
  },
});
