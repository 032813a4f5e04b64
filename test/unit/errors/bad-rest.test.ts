import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { recoverDatabase } from '../../../src/main/engine/library/recovery.ts';
import { readDescriptorFile } from '../../../src/main/engine/retrieval/descriptor-files.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { CovisError } from '../../../src/shared/errors.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { put, type BadInput } from './made.ts';
import { expectPlain, saidOf, type Said } from './said.ts';

const folder = temporaryFolder();
const PRUNED =
  'If another program has pruned this model, --skip-damaged takes the rest and says how much was left out.';
const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 9\n`;
const CAMERA = '90 0 0\n1 0 0\n0 1 0\n0 0 1\n0 0 0\n';

const from =
  (name: string): BadInput['ask'] =>
  (at, library) =>
    importSources(library, { sources: [join(at, name)] }, silentContext());
const vectors =
  (name: string): BadInput['ask'] =>
  (at) =>
    readDescriptorFile(join(at, name));

const KINDS: readonly (BadInput & { readonly said: Said })[] = [
  {
    name: 'photos that are pointers of Git LFS and empty files alone',
    files: { 'p/a.jpg': POINTER, 'p/b.jpg': POINTER, 'p/c.png': '' },
    ask: from('p'),
    said: [
      'INPUT_CORRUPT',
      'No photo here can be read: 2 Git LFS pointers, 1 empty file',
      'IN/p',
      'Run git lfs pull in their repository, and import again. The first of them is IN/p/a.jpg.',
    ],
  },
  {
    name: 'a photo that is damaged alone',
    files: { 'p/a.jpg': [0xff, 0xd8, 0xff, 1, 2, 3] },
    ask: from('p'),
    said: [
      'INPUT_CORRUPT',
      'No photo here can be read: 1 damaged file',
      'IN/p',
      'Copy the photos again from where they came from, and import again. The first of them is IN/p/a.jpg.',
    ],
  },
  {
    name: 'an NVM file of no model',
    files: { 'm.nvm': 'NVM_V3\n\n0\n' },
    ask: from('m.nvm'),
    said: [
      'INPUT_INVALID',
      'This file holds no model',
      'IN/m.nvm',
      'Its first model has no cameras: reconstruct in VisualSFM, and save the model again.',
    ],
  },
  {
    name: 'an NVM file of an image that is not there',
    files: { 'm.nvm': 'NVM_V3\n\n1\na.jpg 90 1 0 0 0 0 0 0 0 0\n\n1\n0 0 5 1 2 3 1 4 0 1 2\n' },
    ask: from('m.nvm'),
    said: ['INPUT_CORRUPT', 'A point is seen in image 4, and the model has 1', 'IN/m.nvm at 40', PRUNED],
  },
  {
    name: 'a Bundler file of a camera that is not there',
    files: { 'b.out': `# Bundle file v0.3\n1 1\n${CAMERA}0 0 5\n1 2 3\n1 7 0 1 2\n`, 'list.txt': 'a.jpg\n' },
    ask: from('b.out'),
    said: ['INPUT_CORRUPT', 'A point is seen by camera 7, and the model has 1', 'IN/b.out at 66', PRUNED],
  },
  {
    name: 'nerfstudio poses of a photo that is not there, without a size',
    files: { 'transforms.json': '{"camera_angle_x": 0.8, "frames": [{"file_path": "a.jpg", "transform_matrix": []}]}' },
    ask: from('transforms.json'),
    said: [
      'INPUT_CORRUPT',
      'Its frames[0] has no size (w, h), and its photo is not at hand',
      'IN/transforms.json',
      PRUNED,
    ],
  },
  {
    name: 'JSON Lines of which one has no name',
    files: { 'x.jsonl': '{"name": "a", "vector": [1, 0]}\n{"vector": [1, 0]}\n' },
    ask: vectors('x.jsonl'),
    said: [
      'INPUT_INVALID',
      'Line 2 has no name, and others have',
      'IN/x.jsonl',
      'Give every line a name, or none of them.',
    ],
  },
  {
    name: 'a database to recover whose beginning is damaged',
    files: { 'l/library.db': 'SQLite format 2' },
    ask: (at) => recoverDatabase(join(at, 'l')),
    said: [
      'INPUT_CORRUPT',
      'The beginning of this database is damaged, which says where everything is',
      'IN/l/library.db',
      'Nothing was changed. Put back a copy of this file, or make a new library of the same photos and models.',
    ],
  },
  {
    name: 'a database to recover that is a pointer of Git LFS',
    files: { 'l/library.db': POINTER },
    ask: (at) => recoverDatabase(join(at, 'l')),
    said: [
      'INPUT_UNSUPPORTED',
      'This is a Git LFS pointer, not the file itself',
      'IN/l/library.db',
      'Run git lfs pull in its repository.',
    ],
  },
];

describe('what is left of bad input is refused with what it is, which file, and what to do', () => {
  it.each(KINDS.map((kind, i) => [kind.name, kind, i] as const))('%s', async (_, kind, i) => {
    const at = join(folder, String(i));
    put(at, kind.files);
    const library = Library.create(join(folder, `library-${i}`));
    const error = await (async () => kind.ask(at, library))().then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(CovisError);
    expect(saidOf(error, { IN: at })).toEqual(kind.said);
    expectPlain(saidOf(error, { IN: at }));
    expect(library.db.prepare('SELECT COUNT(*) FROM photo').pluck().get()).toBe(0);
    library.close();
  });
});
