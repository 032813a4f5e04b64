/** Versions of a collection, and what travels between curators. */
import { counted } from '../../../../shared/counted.ts';
import { z } from 'zod';
import { writeWhole } from '../../../engine/formats/beside.ts';
import { fileTarget } from '../../../engine/formats/target.ts';
import { writeBundle } from '../../../engine/collections/bundle.ts';
import { collectionDifference } from '../../../engine/collections/compare.ts';
import { listConflicts } from '../../../engine/collections/conflicts.ts';
import { missingPhotos } from '../../../engine/collections/missing.ts';
import { judgeConflict, mergeBundle } from '../../../engine/collections/merge.ts';
import { restoreVersion, tagVersion, versionHistory } from '../../../engine/collections/versions.ts';
import type { Library } from '../../../engine/library/library.ts';
import {
  collectionState,
  newestVersion,
  versionCalled,
  type CollectionRow,
  type VersionRow,
} from '../../../engine/library/tables/collection.ts';
import { CovisError } from '../../../../shared/errors.ts';
import type { ChangeCounts, CollectionConflict } from '../../../../shared/facts/collections.ts';
import { file, force } from '../../../../shared/fields.ts';
import { command } from '../../program/command.ts';
import { jobCommand } from '../../program/job.ts';
import { withLibrary } from '../../program/library.ts';
import { print, terminalContext } from '../../program/output.ts';
import { library, name, photosText, shownNames, textFrom } from './words.ts';

const version = z.string().min(1).max(200);

/** `NAME@VERSION` where a version has to be said. */
function withVersion(l: Library, wanted: string): { readonly collection: CollectionRow; readonly version: VersionRow } {
  const found = collectionState(l, wanted);
  if (found.version === undefined)
    throw new CovisError('INPUT_INVALID', `"${wanted}" names no version`, {
      hint: `Write "${found.collection.name}@3", with a number, a tag or the beginning of a digest.`,
    });
  return { collection: found.collection, version: found.version };
}

function changesText(c: ChangeCounts): string {
  const parts = (['added', 'removed', 'moved', 'described', 'folded'] as const)
    .filter((k) => c[k] > 0)
    .map((k) => `${c[k]} ${k}`);
  return [...parts, ...(c.fields ? ['fields of the collection'] : [])].join(', ') || 'nothing';
}

export const collectionCommit = jobCommand('collection-commit', {
  name: 'collection commit',
  summary: 'make a version of a collection as it is now: it never changes, and its digest is the same on any machine',
  words: ['collection'],
  lines: (r) => [`${r.collection}@${r.number}: ${photosText(r.items)}, ${r.digest}`],
});

export const collectionVersions = command({
  name: 'collection versions',
  summary: 'list the versions of a collection, newest first',
  arguments: { library, name },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      const all = versionHistory(l, o.name);
      print(o.json, all, () =>
        all.map(
          (v) =>
            `${v.number}  ${v.digest.slice(0, 12)}  ${v.created}  ${v.author}  ${photosText(v.items)} (${changesText(v.changes)})${v.tags.length > 0 ? `  [${v.tags.join(', ')}]` : ''}  ${v.message}`,
        ),
      );
    }),
});

export const collectionMissing = command({
  name: 'collection missing',
  summary: 'list the photos of a version (NAME@3; of NAME the newest) that are not in the library',
  arguments: { library, name },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      const { collection: c, version: named } = collectionState(l, o.name);
      const v = named ?? newestVersion(l, c.id);
      if (v === undefined)
        throw new CovisError('STATE_EMPTY', `${c.name} has no version yet`, { hint: 'Commit one first.' });
      const r = missingPhotos(l, v, 0, v.items);
      print(o.json, r, () => [
        ...r.photos.map((p) => `${p.sha256}  ${p.path}`),
        `${photosText(r.total)} of ${c.name}@${v.number} are not in this library`,
      ]);
    }),
});

export const collectionDiff = command({
  name: 'collection diff',
  summary: 'show how a collection differs between versions, or from what is not committed',
  arguments: { library, name },
  options: {
    from: version
      .optional()
      .meta({ help: 'version: number, tag or digest', otherwise: 'the newest', value: 'version' }),
    to: version.optional().meta({ help: 'version', otherwise: 'what is there now', value: 'version' }),
  },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      const { collection: c, version: named } = collectionState(l, o.name);
      if (named !== undefined)
        throw new CovisError('INPUT_INVALID', 'Versions are said with --from and --to here', {
          hint: `Name ${c.name} alone.`,
        });
      const from = o.from === undefined ? newestVersion(l, c.id)?.number : versionCalled(l, c, o.from).number;
      const to = o.to === undefined ? 'working' : versionCalled(l, c, o.to).number;
      const d = collectionDifference(l, c.uid, from ?? null, to);
      const names = o.json ? [] : shownNames(l, d.photos);
      print(o.json, d, () => [
        `${c.name}, ${from === undefined ? 'from nothing' : `from version ${from}`} to ${to === 'working' ? 'what is there now' : `version ${to}`}: ${changesText(d.counts)}`,
        ...d.fields.map(
          (f) => `  ${f.field}: ${f.before?.join('; ') ?? 'nothing'} -> ${f.after?.join('; ') ?? 'nothing'}`,
        ),
        ...d.photos.map((p, i) => `  ${p.kinds.join(', ')}  ${names[i]!}`),
      ]);
    }),
});

export const collectionRestore = command({
  name: 'collection restore',
  summary: 'make a collection as it was in a version (NAME@3); covis decide --undo takes it back',
  arguments: { library, name },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      const { collection: c, version: v } = withVersion(l, o.name);
      const r = restoreVersion(l, c.uid, String(v.number));
      print(o.json, r, () => [
        r.action === null ? `${c.name} is as in version ${v.number} already` : `${c.name} is as in version ${v.number}`,
        ...(r.missing.length > 0
          ? [`${photosText(r.missing.length)} of it are not in this library: ${r.missing.slice(0, 3).join(', ')}`]
          : []),
      ]);
    }),
});

export const collectionTag = command({
  name: 'collection tag',
  summary: 'give a version (NAME@3) a tag, or move the tag to it; with --remove take the tag of NAME away',
  arguments: { library, name, tag: z.string().min(1).max(100) },
  options: { remove: z.boolean().default(false).meta({ help: 'take the tag away' }) },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      if (o.remove) {
        const { collection: c } = collectionState(l, o.name);
        const action = tagVersion(l, c.uid, o.tag, null);
        print(o.json, { action, tag: o.tag, version: null }, () => [`${c.name} has no tag ${o.tag} any more`]);
        return;
      }
      const { collection: c, version: v } = withVersion(l, o.name);
      const action = tagVersion(l, c.uid, o.tag, v.number);
      print(o.json, { action, tag: o.tag, version: v.number }, () => [`${c.name}@${v.number} is tagged ${o.tag}`]);
    }),
});

export const collectionBundle = command({
  name: 'collection bundle',
  summary: 'write what a version (NAME@5) changed since another, for another curator to merge',
  arguments: { library, name },
  options: {
    base: version.meta({ help: 'version that both curators have', value: 'version' }),
    out: file.meta({ help: 'JSON Lines' }),
    author: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .meta({ help: 'who decided', otherwise: 'the author of the version', value: 'name' }),
    force,
  },
  run: (o) =>
    withLibrary(o.library, false, async (l) => {
      const { collection: c, version: v } = withVersion(l, o.name);
      const out = fileTarget(o.out, o);
      const task = terminalContext();
      const jsonl = await writeBundle(
        l,
        { collection: c.uid, version: String(v.number), base: o.base, author: o.author },
        task,
      ).finally(() => task.finish());
      writeWhole(out, jsonl, o);
      const decisions = jsonl.split('\n').length - 2;
      print(o.json, { out, decisions }, () => [`${decisions} decisions written to ${out}`]);
    }),
});

export const collectionMerge = command({
  name: 'collection merge',
  summary: 'merge the decisions of another curator three ways; what both say differently waits to be judged',
  arguments: { library, name, bundle: file },
  options: {
    author: z.string().min(1).max(200).optional().meta({
      help: 'who decided what is here and in no version yet',
      otherwise: 'who committed last since the common version, or else the name of this account',
      value: 'name',
    }),
  },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      const r = mergeBundle(l, o.name, textFrom(o.bundle), o.author);
      const { agreement: a } = r;
      print(o.json, r, () => [
        r.already
          ? `These decisions of ${r.author} were merged before; nothing is changed`
          : `Decisions of ${r.author}: ${r.added} added, ${r.removed} removed, ${r.described} described, ${r.folded} folded, ${r.conflicts} in conflict`,
        `Agreement: ${counted(a.both, 'photo')} judged by both, ${a.agreed} alike${a.kappa === null ? '' : `, kappa ${a.kappa.toFixed(3)}`}`,
        ...(r.missing.length > 0
          ? [
              `${photosText(r.missing.length)} of it are not in this library; import them and merge again: ${r.missing.slice(0, 3).join(', ')}`,
            ]
          : []),
        ...(r.conflicts > 0 ? ['Judge with: covis collection conflicts LIB NAME'] : []),
      ]);
    }),
});

/** What is said in a conflict, for people: of a fold the name of the photo. */
function shown(c: CollectionConflict, v: unknown): string {
  if (v === true || v === false) return v ? 'in' : 'out';
  if (v === null) return c.aspect === 'folded' ? 'under none' : 'nothing';
  if (Array.isArray(v)) return v.join('; ');
  return c.aspect === 'folded' ? `under ${c.heads.find((h) => h.sha256 === v)?.name ?? String(v)}` : String(v);
}

export const collectionConflicts = command({
  name: 'collection conflicts',
  summary: 'list what curators say differently, or judge one of it',
  arguments: { library, name },
  options: {
    judge: z.int().min(1).optional().meta({ help: 'number of the conflict in the list', value: 'n' }),
    take: z
      .int()
      .min(0)
      .optional()
      .meta({ help: 'with --judge: number of the proposal; 0 leaves it as the base had it', value: 'n' }),
  },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      if ((o.judge === undefined) !== (o.take === undefined))
        throw new CovisError('INPUT_INVALID', '--judge and --take go together');
      const all = listConflicts(l, o.name);
      if (o.judge !== undefined) {
        const c = all[o.judge - 1];
        if (c === undefined || o.take! > c.proposals.length)
          throw new CovisError('NOT_FOUND', `There is no such conflict or proposal`, {
            hint: `There are ${all.length} conflicts; see them without --judge.`,
          });
        const action = judgeConflict(l, o.name, c.sha256, c.aspect, o.take === 0 ? null : o.take! - 1);
        print(o.json, { action, left: all.length - 1 }, () => [`Judged; ${all.length - 1} left`]);
        return;
      }
      const names = shownNames(l, all);
      print(o.json, all, () =>
        all.length === 0
          ? ['There are no conflicts']
          : all.flatMap((c, i) => [
              `${i + 1}  ${names[i]!}  ${c.aspect}: ${shown(c, c.base)} before`,
              ...c.proposals.map((p, k) => `     ${k + 1}  ${p.author}: ${shown(c, p.value)}`),
            ]),
      );
    }),
});
