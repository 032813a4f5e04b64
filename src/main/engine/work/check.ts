import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { JobResult } from '../../../shared/jobs/index.ts';
import { checkJob } from '../../../shared/jobs/check.ts';
import { CovisError } from '../../../shared/errors.ts';
import { readNpyRows } from '../formats/npy.ts';
import type { Library } from '../library/library.ts';
import { hashFile } from '../library/photos.ts';
import { integer, real, record, select, text } from '../library/rows.ts';
import type { TaskContext } from '../queue/context.ts';
import { work } from './work.ts';

const EXAMPLES = 10;
const ARRAYS = [
  'points',
  'colours',
  'errors',
  'tracks',
  'view_offsets',
  'observation_points',
  'observation_xy',
] as const;

type Part = JobResult<'check'>['parts'][number];
/** A file of the library: where it is, what people call it, and whether its content is what it stands for. */
interface Expected {
  readonly path: string;
  readonly name?: string;
  readonly sound: () => boolean | Promise<boolean>;
}

async function look(what: string, remedy: string, files: readonly Expected[], task: TaskContext): Promise<Part> {
  task.step(`Checking ${what}`, files.length, 'files');
  let missing = 0;
  let damaged = 0;
  const examples: string[] = [];
  for (const [i, file] of files.entries()) {
    task.check();
    const state = await stateOf(file);
    if (state === 'missing') missing += 1;
    if (state === 'damaged') damaged += 1;
    if (state !== 'sound' && examples.length < EXAMPLES) examples.push(`${file.name ?? file.path} (${state})`);
    task.progress(i + 1);
  }
  return { what, files: files.length, missing, damaged, examples, remedy };
}

async function stateOf({ path, sound }: Expected): Promise<'sound' | 'missing' | 'damaged'> {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return 'missing';
  try {
    return (await sound()) ? 'sound' : 'damaged';
  } catch (error) {
    // What cannot be read is what is looked for; anything else than the file's fault is not.
    if (error instanceof CovisError || (error as NodeJS.ErrnoException).code !== undefined) return 'damaged';
    throw error;
  }
}

/** Photos by content: those whose size and time are as they were count as unchanged unless all are read. */
function photos(library: Library, full: boolean): Expected[] {
  const rows = select(
    library.db,
    `SELECT p.hash, s.images, f.name, f.modified, f.bytes FROM photo_file f
     JOIN photo p ON p.id = f.photo_id JOIN scene s ON s.id = f.scene_id ORDER BY f.scene_id, f.name`,
    record({ hash: text, images: text, name: text, modified: real, bytes: integer }),
  ).all();
  return rows.map(({ hash, images, name, modified, bytes }) => {
    const path = join(images, name);
    const sound = async (): Promise<boolean> => {
      const now = statSync(path);
      const same = now.size === bytes && now.mtimeMs === modified;
      return (same && !full) || (await hashFile(path)) === hash;
    };
    return { path, sound };
  });
}

/** Networks are named by what they hold. */
function networks(library: Library): Expected[] {
  return select(library.db, 'SELECT uid FROM network ORDER BY id', record({ uid: text }))
    .all()
    .map(({ uid }) => {
      const path = library.file('networks', `${uid}.onnx`);
      return { path, sound: () => createHash('sha256').update(readFileSync(path)).digest('hex').startsWith(uid) };
    });
}

/** The last row of an array can be read, and there is none behind it. */
function rowsAre(path: string, count: number): boolean {
  return (count === 0 || readNpyRows(path, count - 1, 2).length > 0) && readNpyRows(path, count, 1).length === 0;
}

function models(library: Library): Expected[] {
  const clusters = select(
    library.db,
    'SELECT uid, points, observations, (SELECT COUNT(*) FROM view_all v WHERE v.cluster_id = c.id) AS views FROM cluster_all c ORDER BY id',
    record({ uid: text, points: integer, observations: integer, views: integer }),
  ).all();
  return clusters
    .filter((c) => c.points > 0)
    .flatMap((c) =>
      ARRAYS.map((name) => {
        const path = library.file('clusters', c.uid, `${name}.npy`);
        const count = name === 'view_offsets' ? c.views + 1 : name.startsWith('obs') ? c.observations : c.points;
        return { path, sound: () => rowsAre(path, count) };
      }),
    );
}

function descriptors(library: Library): Expected[] {
  const own = select(
    library.db,
    `SELECT n.uid || '-' || d.size AS key, d.rows FROM descriptor_set d JOIN network n ON n.id = d.network_id
     UNION ALL SELECT uid, rows FROM vector_set`,
    record({ key: text, rows: integer }),
  ).all();
  return own.flatMap(({ key, rows }) =>
    ['npy', 'ids.npy'].map((end) => {
      const path = library.file('descriptors', `${key}.${end}`);
      return { path, sound: () => rowsAre(path, rows) };
    }),
  );
}

export const checkWork = work(checkJob, async (library, { full }, task) => {
  task.step('Checking the database', 0, '');
  const found = select(library.db, 'PRAGMA quick_check', record({ quick_check: text }))
    .all()
    .map((r) => r.quick_check);
  return {
    database: found.filter((line) => line !== 'ok'),
    parts: [
      await look(
        'photos',
        'Put missing ones back where they were; import the folders of changed ones again.',
        photos(library, full),
        task,
      ),
      await look(
        'networks',
        'The embedded one comes back when its file is deleted; add or train the others again.',
        networks(library),
        task,
      ),
      await look('3D models', 'Import the models again.', models(library), task),
      await look(
        'descriptors',
        'Delete the damaged ones and extract again; import those of other programs again.',
        descriptors(library),
        task,
      ),
    ],
  };
});
