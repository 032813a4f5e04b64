import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CovisError } from '../../../../shared/errors.ts';
import { readDatabaseMatches } from '../colmap-database.ts';
import { matchModels, MIN_INLIERS } from '../match-tracks.ts';
import { filesNamed } from './files.ts';
import type { ModelReader } from './reader.ts';

const NAMED = /\.db$/i;
const USUAL = 'database.db';

/** Verified matches of COLMAP's database.db: last in the list, so that it is taken only where nothing was built of it. */
export const database: ModelReader = {
  format: 'database',
  title: "COLMAP's database.db",
  at: 'file',
  usual: USUAL,
  named: NAMED,
  begins: (head) => head.toString('latin1').startsWith('SQLite format 3\0'),
  holds: 'matches',
  needsSizes: false,
  // Other programs' databases are called .db, too; where COLMAP was at work there is one of its usual name.
  find(folder) {
    const found = filesNamed(folder, NAMED);
    return found.includes(join(folder, USUAL)) ? found : [];
  },
  // COLMAP writes ahead: what it committed last may still be in the log.
  files: (path) => [path, ...[`${path}-wal`].filter((f) => existsSync(f) && statSync(f).size > 0)],
  read(path, _, warn, options) {
    const { images, pairs } = readDatabaseMatches(path, MIN_INLIERS, warn, options);
    if (pairs.length === 0)
      throw new CovisError('INPUT_INVALID', `No two images of this database have ${MIN_INLIERS} verified matches`, {
        file: path,
        hint: 'Run a matcher of COLMAP first, for example colmap exhaustive_matcher.',
      });
    return matchModels(images, pairs, path);
  },
};
