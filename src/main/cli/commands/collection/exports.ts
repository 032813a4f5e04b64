/** Versions of collections written elsewhere, opened again, and verified. */
import { counted } from '../../../../shared/counted.ts';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { folder } from '../../../../shared/fields.ts';
import { collectionImportJob } from '../../../../shared/jobs/collection-import.ts';
import { collectionVerifyJob } from '../../../../shared/jobs/collection-verify.ts';
import { CovisError } from '../../../../shared/errors.ts';
import type { VerifyReport } from '../../../../shared/facts/verification.ts';
import { shellWord } from '../../../../shared/shell-word.ts';
import { isArchive, withTables } from '../../../engine/collections/import-archive.ts';
import { openExport } from '../../../engine/collections/import.ts';
import { shardsOf } from '../../../engine/collections/shard-photos.ts';
import { verifyFolder } from '../../../engine/collections/verify.ts';
import { bytesText } from '../../../engine/formats/disk.ts';
import { command } from '../../program/command.ts';
import { jobCommand, runJob } from '../../program/job.ts';
import { withLibrary } from '../../program/library.ts';
import { print, terminalContext } from '../../program/output.ts';
import { photosText } from './words.ts';

const SHOWN = 20;

export const collectionExport = jobCommand('collection-export', {
  name: 'collection export',
  summary: 'write a version of a collection as a folder with a gallery, a bag, a data set, tiles or tables',
  words: ['collection'],
  lines: (r) => [
    `${r.collection}@${r.version} as ${r.formats.join(', ')}: ${photosText(r.items)}, ${counted(r.files, 'file')}, ${bytesText(r.bytes)}, to ${r.out}`,
    ...(r.kept > 0 ? [`${counted(r.kept, 'file was', 'files were')} there from an attempt that was cut short.`] : []),
    `Digest ${r.digest}`,
    `Verify it anywhere, without a library: covis collection verify ${shellWord(r.out)}`,
  ],
});

/** What an export is, without a library. */
async function show(at: string, json: boolean): Promise<void> {
  // An archive says what it is by its tables, which are unpacked and gone.
  if (isArchive(at))
    return withTables(at, mkdtempSync(join(tmpdir(), 'covis-archive-')), (folder) => showFolder(folder, json, at));
  showFolder(at, json);
}

function showFolder(at: string, json: boolean, called = at): void {
  const { folder, bag, record, content, files } = openExport(at);
  const present = files.filter((f) => f.file !== null).length;
  const shards = record.photos.placed === 'inside' ? shardsOf({ folder, bag }).files.length : 0;
  const facts = { folder: resolve(called), kind: bag ? 'bag' : 'folder', ...record, here: present, shards };
  print(json, facts, () => [
    `${record.name}, version ${record.version}, by ${record.author || 'an unnamed author'}, ${record.created}`,
    `  ${photosText(content.entries.length)}${record.holds.folds === 'all' ? '' : `, of near duplicates ${record.holds.folds === 'best' ? 'the best alone' : 'none'}`}; ${present} lie here as files${present === 0 && shards > 0 ? `, all in ${shards} ${shards === 1 ? 'shard' : 'shards'}` : ''}`,
    `  Written as ${record.formats.join(', ')} by ${record.software}${bag ? ', in a bag' : ''}`,
    ...(record.photos.longSide === null ? [] : [`  Photos were made smaller, to ${record.photos.longSide} pixels`]),
    ...(record.photos.gps === 'removed' ? ['  Coordinates were removed'] : []),
    `  Digest ${record.digest}`,
    'Its tables are whole. covis collection verify looks at every file; covis collection import LIB FOLDER takes it in.',
  ]);
}

const { folder: _, ...importOptions } = collectionImportJob.params.shape;

export const collectionImport = command({
  name: 'collection import',
  summary: 'take an exported collection into a library, the same version by digest; without a library say what it is',
  arguments: {
    library: folder.meta({ help: 'the library; or the exported folder or archive alone, to say what it is' }),
    folder: folder.optional().meta({ help: 'what covis collection export wrote, or a zip archive of it' }),
  },
  options: importOptions,
  run: async ({ library: at, folder: from, json, ...o }) => {
    if (from === undefined) {
      if (o.name !== undefined || o.photos || o.unpack !== undefined)
        throw new CovisError(
          'INPUT_INVALID',
          '--name, --photos and --unpack go with a library: covis collection import LIB FOLDER',
        );
      await show(at, json);
      return;
    }
    await withLibrary(at, false, async (library) => {
      const r = await runJob(library, 'collection-import', { folder: from, ...o });
      print(json, r, () => [
        r.already
          ? `${r.collection}@${r.version} is in this library already: ${r.digest}`
          : `${r.collection}@${r.version}: ${photosText(r.items)}, ${r.digest}`,
        ...(r.imported > 0
          ? [`${photosText(r.imported)} imported from ${r.unpacked ?? 'the folder'}, which has to stay where it is.`]
          : []),
        ...(r.missingTotal > 0
          ? [
              `${photosText(r.missingTotal)} of it are not in this library${o.photos ? '' : '; --photos imports them from the folder'}.`,
            ]
          : []),
      ]);
    });
  },
});

const LEVELS = {
  presence: 'names alone: nothing was read',
  size: 'names and sizes: no byte was compared',
  full: 'every byte',
} as const;

function verifyLines(r: VerifyReport): string[] {
  const list = (what: string, paths: readonly string[]): string[] =>
    paths.length === 0
      ? []
      : [
          `${what}: ${paths.length}`,
          ...paths.slice(0, SHOWN).map((p) => `  ${p}`),
          ...(paths.length > SHOWN ? [`  and ${paths.length - SHOWN} more; --json lists all`] : []),
        ];
  const kinds = { bag: 'Bag', folder: 'Folder', shards: 'Shards' };
  return [
    ...list('Repaired', r.repaired),
    ...list(
      'Missing',
      r.missing.map((m) => `${m.path}${m.fetch ? ' (to be fetched, says fetch.txt)' : ''}`),
    ),
    ...list('Changed', r.changed),
    ...list(
      'Moved',
      r.moved.map((m) => `${m.from} is now ${m.to}`),
    ),
    ...list('Extra', r.extra),
    ...list('Unreadable', r.unreadable),
    ...list('Wrong', r.problems),
    ...(r.kept.length > 0
      ? ['Changed files were kept as they are: --force with --repair puts the right ones in their place.']
      : []),
    `${kinds[r.kind]} of ${counted(r.files, 'file')}, by ${r.manifests.join(', ')}. Checked: ${LEVELS[r.level]}${r.level === 'size' ? `; sizes are known of ${r.sized}` : ''}.`,
    r.ok ? 'It is whole.' : 'It is not whole.',
  ];
}

export const collectionVerify = command({
  name: 'collection verify',
  summary: 'verify a folder without a library: what is missing, changed, extra, moved; and repair it from elsewhere',
  arguments: { folder: collectionVerifyJob.params.shape.folder },
  options: z.object(collectionVerifyJob.params.shape).omit({ folder: true }).shape,
  run: async ({ folder: at, json, ...o }) => {
    if (o.force && o.repair === undefined) throw new CovisError('INPUT_INVALID', '--force goes with --repair');
    const task = terminalContext();
    const report = await verifyFolder(at, o, task).finally(() => task.finish());
    print(json, report, () => verifyLines(report));
    if (!report.ok) process.exitCode = 1;
  },
});

export const collectionFieldsRead = jobCommand('collection-metadata', {
  name: 'collection fields read',
  summary: 'take what photos and their sidecars say of themselves (XMP, IPTC) into the fields; photos stay as they are',
  words: ['collection'],
  lines: (r) => [
    `${photosText(r.changed)} of ${r.photos} described: ${r.from.sidecar} by sidecars, ${r.from.xmp} by XMP, ${r.from.iptc} by IPTC`,
    ...(Object.keys(r.fields).length > 0
      ? [
          Object.entries(r.fields)
            .map(([field, n]) => `${field} (${n})`)
            .join(', '),
        ]
      : []),
    ...r.notes.slice(0, SHOWN),
  ],
});
