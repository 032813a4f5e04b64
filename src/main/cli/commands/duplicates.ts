/** `covis duplicates`: photos that are there more than once. */
import { DUPLICATE_BITS, duplicateGroups } from '../../engine/features/duplicates.ts';
import { print } from '../output.ts';
import { action, command, number, withLibrary, type Options } from '../program.ts';
import { runJob } from '../run-job.ts';

/** Adds the command. */
export function addDuplicates(): void {
  action(
    number(
      command('duplicates', 'list photos of the same content, and photos that look alike').argument('<library>'),
      '--bits',
      `bits of 64 in which perceptual hashes may differ (${DUPLICATE_BITS})`,
    ),
    async (o: Options, path: string) => {
      await withLibrary(path, false, async (library) => {
        await runJob(library, 'duplicates', {});
        const groups = duplicateGroups(library, (o['bits'] as number | undefined) ?? DUPLICATE_BITS);
        print(o.json === true, groups, () =>
          groups.length === 0
            ? ['No photo is there twice']
            : groups.map((g) => g.photos.map((p) => `${p.files.join(' = ')} (${p.width} x ${p.height})`).join('  ~  ')),
        );
      });
    },
  );
}
