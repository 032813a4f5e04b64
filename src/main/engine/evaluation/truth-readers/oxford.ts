import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CovisError, unreadable } from '../../../../shared/errors.ts';
import type { GroundTruth } from '../ground-truth.ts';
import { withoutEnding } from '../../library/names.ts';
import { readNames } from './names.ts';
import type { TruthReader } from './reader.ts';
import { fromRecord } from './record.ts';

/** Oxford5k's and Paris6k's folder of text files. */
export const oxford: TruthReader = {
  format: 'oxford',
  title: "a folder of Oxford5k's text files",
  at: 'folder',
  named: /./,
  read: (folder, { imageList }) => fromOxfordText(folder, imageList),
};

const NUMBER = String.raw`([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)`;
/** What lists the images of a query. */
const LIST = /_(good|ok|junk)\.txt$/;
/** A name, which may have spaces, and four numbers. */
const QUERY = new RegExp(String.raw`^(.*\S)\s+${NUMBER}\s+${NUMBER}\s+${NUMBER}\s+${NUMBER}\s*$`, 'i');

/** Oxford5k's and Paris6k's own files: NAME_query.txt, NAME_good.txt, NAME_ok.txt, NAME_junk.txt. */
function fromOxfordText(folder: string, imageList: string | undefined): GroundTruth {
  const names = namesIn(folder);
  const queries = names.filter((n) => n.endsWith('_query.txt')).sort();
  if (queries.length === 0)
    throw new CovisError('INPUT_CORRUPT', 'This folder has no files that end in _query.txt', {
      file: folder,
      hint: "A folder is a ground truth of Oxford5k's text files; name the file of any other.",
    });
  if (imageList === undefined) {
    throw new CovisError('INPUT_INVALID', 'These text files do not list the database', {
      file: folder,
      hint: 'Say with --imlist FILE which image each row is, one name a line.',
    });
  }
  const orphan = names.find((n) => LIST.test(n) && !queries.includes(n.replace(LIST, '_query.txt')));
  if (orphan !== undefined)
    throw new CovisError('INPUT_MISSING', 'This query is missing, and lists of its images are here', {
      file: join(folder, orphan.replace(LIST, '_query.txt')),
      hint: 'Copy the whole folder again, or take its lists away.',
    });
  // A list that a query of the set has not is one that was not copied: taken as empty it would change the score.
  const there = new Set(names);
  for (const kind of ['good', 'ok', 'junk']) {
    const lacking = queries.map((q) => q.replace(/_query\.txt$/, `_${kind}.txt`)).filter((n) => !there.has(n));
    if (lacking.length > 0 && lacking.length < queries.length)
      throw new CovisError('INPUT_MISSING', 'This list of a query is missing, and other queries have theirs', {
        file: join(folder, lacking[0]!),
        hint: 'Copy the whole folder again; a list of no image is an empty file.',
      });
  }
  const images = readNames(imageList);
  const listed = new Set(images.map(withoutEnding));
  const gnd = queries.map((name) => {
    const stem = name.slice(0, -'_query.txt'.length);
    const list = (kind: string): string[] => {
      const file = join(folder, `${stem}_${kind}.txt`);
      return existsSync(file) ? readNames(file) : [];
    };
    const line = readNames(join(folder, name))[0] ?? '';
    const [, image = line, ...box] = QUERY.exec(line) ?? [];
    // Oxford5k's own query files put a collection's short name before the photo's.
    const photo = listed.has(withoutEnding(image)) ? image : image.replace(/^oxc1_/, '');
    if (box.length === 0 && !listed.has(withoutEnding(photo)))
      throw new CovisError('INPUT_CORRUPT', 'This is no query: a name and its box, left top right bottom', {
        file: join(folder, name),
      });
    return {
      photo,
      bbx: box.length === 0 ? null : box.map(Number),
      ok: [...list('good'), ...list('ok')],
      junk: list('junk'),
    };
  });
  const record = { imlist: images, qimlist: gnd.map((g) => g.photo), gnd: gnd.map(({ photo: _, ...g }) => g) };
  return fromRecord(record, folder, 0);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    throw unreadable(cause, folder);
  }
}
