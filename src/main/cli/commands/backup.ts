/** `covis backup` and `covis restore`: a copy of a library, and a library of such a copy. */
import { counted } from '../../../shared/counted.ts';
import { folder } from '../../../shared/fields.ts';
import { bytesText } from '../../engine/formats/disk.ts';
import { restoreBackup } from '../../engine/work/restore.ts';
import { command } from '../program/command.ts';
import { jobCommand } from '../program/job.ts';
import { print, terminalContext } from '../program/output.ts';

const DERIVED = 'It was taken without what can be computed again: covis extract does that.';

export const backup = jobCommand('backup', {
  name: 'backup',
  summary: 'copy a library as it is now, also while it is used; an earlier backup is brought up to date',
  words: ['out'],
  lines: (r) => [
    `Backed up ${counted(r.files, 'file')}, ${bytesText(r.bytes)}, to ${r.out}${r.reused > 0 ? `; ${r.reused} of them were there, ${bytesText(r.copiedBytes)} were copied` : ''}`,
    ...(r.without.includes('derived') ? [DERIVED] : []),
    'Photos and models lie where they were and are not in it.',
  ],
});

export const restore = command({
  name: 'restore',
  summary: 'make a library of a backup, once every file of it was verified',
  arguments: {
    backup: folder.meta({ help: 'what covis backup wrote' }),
    library: folder.meta({ help: 'a new or an empty folder' }),
  },
  run: async (o) => {
    const task = terminalContext();
    try {
      const r = await restoreBackup(o.backup, o.library, task);
      task.finish();
      print(o.json, r, () => [
        `Restored ${counted(r.files, 'file')}, ${bytesText(r.bytes)}, to ${r.library}, as of ${r.created}`,
        ...(r.without.includes('derived') ? [DERIVED] : []),
        'Photos and models are looked for where they were: covis check says which are missing.',
      ]);
    } finally {
      task.finish();
    }
  },
});
