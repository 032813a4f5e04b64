/** `covis clean`: what a library takes on its disk, and removing what was named of it. */
import type { StorageReport } from '../../../shared/facts/storage.ts';
import { cleanJob } from '../../../shared/jobs/clean.ts';
import type { JobResult } from '../../../shared/jobs/index.ts';
import { folder } from '../../../shared/fields.ts';
import { bytesText } from '../../engine/formats/disk.ts';
import { WORK } from '../../engine/work/index.ts';
import { storageReport } from '../../engine/work/storage.ts';
import { command } from '../program/command.ts';
import { runJob } from '../program/job.ts';
import { withLibrary } from '../program/library.ts';
import { print, terminalContext } from '../program/output.ts';
import { refuseTogether } from '../program/together.ts';

const SHOWN = 12;

const files = (n: number): string => `${n} file${n === 1 ? '' : 's'}`;

function reportLines(r: StorageReport): string[] {
  const rows = r.parts.flatMap((p) => {
    const goes =
      p.kind === 'networks'
        ? '--network NAME'
        : !p.removable
          ? 'stays'
          : p.goes === 0
            ? `kept; --remove ${p.kind} --force`
            : p.goes === p.bytes
              ? `--remove ${p.kind}`
              : `--remove ${p.kind}: ${bytesText(p.goes)}`;
    const items = p.items.length === 1 && p.items[0]!.name === 'All' ? [] : p.items;
    return [
      `${p.title.padEnd(50)} ${bytesText(p.bytes).padStart(9)}  ${goes}`,
      `  From ${p.from}. ${p.again}`,
      ...items
        .slice(0, SHOWN)
        .map(
          (i) =>
            `  ${bytesText(i.bytes).padStart(9)}  ${i.id}  ${i.name}${i.kept === null ? '' : `  (stays: ${i.kept})`}`,
        ),
      ...(items.length > SHOWN ? [`  and ${items.length - SHOWN} more; --json lists all`] : []),
    ];
  });
  return [
    ...rows,
    `In all ${bytesText(r.bytes)}; ${bytesText(r.free)} are free on this disk.`,
    ...(r.database.free > 0
      ? [`${bytesText(r.database.free)} of the database are free pages: --vacuum gives them back.`]
      : []),
    ...(r.busy === null ? [] : [`${r.busy}: until it is done, only thumbnails and copies can be removed.`]),
    ...r.elsewhere.map((e) => `Outside the library: ${e.name}, ${bytesText(e.bytes)}, ${e.about}.`),
    'Nothing was removed. covis clean LIB --remove KIND says what would go, and --yes removes it.',
  ];
}

function resultLines(r: JobResult<'clean'>): string[] {
  return [
    ...r.removed.map((x) => `${bytesText(x.bytes).padStart(9)}  ${x.kind}  ${x.name}`),
    ...r.stays.map((s) => `     stays  ${s.kind}  ${s.name}: ${s.why}`),
    ...(r.done
      ? [
          `Removed ${files(r.files)}, ${bytesText(r.bytes)}.`,
          ...(r.compacted === null ? [] : [`The database gave ${bytesText(r.compacted)} back to the disk.`]),
        ]
      : [
          r.removed.length === 0
            ? 'Nothing of this is there to be removed.'
            : `${files(r.files)} would go, ${bytesText(r.bytes)}.`,
          'Nothing was removed. The same with --yes removes it; that cannot be undone.',
        ]),
  ];
}

export const clean = command({
  name: 'clean',
  summary: 'list what a library takes on its disk and what of it can go; remove what is named, with --yes',
  arguments: { library: folder },
  options: cleanJob.params.shape,
  run: async ({ library: at, json, ...p }) => {
    const named = p.remove.length > 0 || p.networks.length > 0 || p.allDerived || p.vacuum;
    if (!named)
      refuseTogether(
        p,
        ['olderThan', 'force', 'yes'],
        'goes with what is to be removed: --remove, --all-derived, --network',
      );
    await withLibrary(at, false, async (library) => {
      if (!named) {
        const report = await storageReport(library);
        print(json, report, () => reportLines(report));
        return;
      }
      if (p.yes) {
        const removed = await runJob(library, 'clean', p);
        print(json, removed, () => resultLines(removed));
        return;
      }
      // What would go is no event in the history of the library.
      const task = terminalContext();
      const planned = await WORK.clean.run(library, p, task).finally(() => task.finish());
      print(json, planned, () => resultLines(planned as JobResult<'clean'>));
    });
  },
});
