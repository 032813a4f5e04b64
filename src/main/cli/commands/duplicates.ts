import { z } from 'zod';
import { DUPLICATE_BITS, duplicateGroups } from '../../engine/features/duplicates.ts';
import { command } from '../program/command.ts';
import { runJob } from '../program/job.ts';
import { libraryWord, withLibrary } from '../program/library.ts';
import { print } from '../program/output.ts';

export const duplicates = command({
  name: 'duplicates',
  summary: 'list photos of the same content, and photos that look alike',
  arguments: libraryWord,
  options: {
    bits: z
      .int()
      .min(0)
      .max(16)
      .default(DUPLICATE_BITS)
      .meta({ help: 'bits of 64 in which perceptual hashes may differ' }),
  },
  run: (o) =>
    withLibrary(o.library, false, async (library) => {
      await runJob(library, 'duplicates', {});
      const groups = duplicateGroups(library, o.bits);
      print(o.json, groups, () =>
        groups.length === 0
          ? ['No photo is there twice']
          : groups.map((g) => g.photos.map((p) => `${p.files.join(' = ')} (${p.width} x ${p.height})`).join('  ~  ')),
      );
    }),
});
