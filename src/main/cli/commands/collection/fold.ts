/** `covis collection fold`: near duplicates of the library and who stands for them. */
import { z } from 'zod';
import { CovisError } from '../../../../shared/errors.ts';
import { foldOptions, type FoldReport } from '../../../../shared/facts/collection-choices.ts';
import { counted } from '../../../../shared/counted.ts';
import { foldCollection } from '../../../engine/collections/fold-collection.ts';
import { editFolds, foldGroups, proposeLibraryFolds, type FoldEdit } from '../../../engine/collections/fold-library.ts';
import type { Library } from '../../../engine/library/library.ts';
import { command } from '../../program/command.ts';
import { runJob } from '../../program/job.ts';
import { libraryWord, withLibrary } from '../../program/library.ts';
import { print } from '../../program/output.ts';
import { photosNamed } from './words.ts';

const photos = z.array(z.string().min(1));

export const collectionFold = command({
  name: 'collection fold',
  summary:
    'fold near duplicates of the library under the best shot of each, or as a person says; a collection takes them over',
  arguments: {
    ...libraryWord,
    name: z.string().min(1).max(4096).optional().meta({ help: 'a collection that is folded as the library is' }),
  },
  options: {
    propose: z.boolean().default(false).meta({ help: 'say what would be folded, and change nothing' }),
    list: z.boolean().default(false).meta({ help: 'list what is folded' }),
    ...foldOptions.shape,
    under: z.string().min(1).optional().meta({ help: 'fold --photos under this one', value: 'photo' }),
    head: z.string().min(1).optional().meta({ help: 'let this one stand for its group', value: 'photo' }),
    photos: photos.optional().meta({ help: 'photos that --under folds' }),
    unfold: photos.optional().meta({ help: 'let these photos stand for themselves, for good' }),
    forget: photos.optional().meta({ help: 'forget what was said of these photos, so that proposals decide again' }),
  },
  run: (o) =>
    withLibrary(o.library, false, async (library) => {
      const edit = editOf(library, o);
      if (edit !== undefined) {
        const done = editFolds(library, edit);
        print(o.json, done, () => [`${done.changed} ${done.changed === 1 ? 'photo' : 'photos'} changed`]);
        return;
      }
      if (o.list) {
        const report = foldGroups(library, o.weights);
        print(o.json, report, () => lines(report));
        return;
      }
      await runJob(library, 'duplicates', {});
      await runJob(library, 'quality', {});
      const { weights, bits, geometry } = o;
      const report = proposeLibraryFolds(library, { weights, bits, geometry }, !o.propose);
      const collection = o.name === undefined || o.propose ? undefined : foldCollection(library, o.name);
      print(o.json, collection === undefined ? report : { ...report, collection }, () => [
        ...lines(report),
        ...(collection === undefined ? [] : [`${counted(collection.folded, 'photo')} of ${o.name} folded now`]),
      ]);
    }),
});

function editOf(
  library: Library,
  o: {
    readonly under?: string | undefined;
    readonly head?: string | undefined;
    readonly photos?: readonly string[] | undefined;
    readonly unfold?: readonly string[] | undefined;
    readonly forget?: readonly string[] | undefined;
  },
): FoldEdit | undefined {
  const said = [o.under, o.head, o.unfold, o.forget].filter((v) => v !== undefined);
  if (said.length > 1) throw new CovisError('INPUT_INVALID', 'Say one thing: --under, --head, --unfold or --forget');
  if ((o.under === undefined) !== (o.photos === undefined))
    throw new CovisError('INPUT_INVALID', '--under takes the head, and --photos what is folded under it');
  if (o.under !== undefined)
    return { kind: 'fold', head: photosNamed(library, [o.under])[0]!, photos: photosNamed(library, o.photos!) };
  if (o.head !== undefined) return { kind: 'head', photo: photosNamed(library, [o.head])[0]! };
  if (o.unfold !== undefined) return { kind: 'unfold', photos: photosNamed(library, o.unfold) };
  return o.forget === undefined ? undefined : { kind: 'forget', photos: photosNamed(library, o.forget) };
}

function lines(r: FoldReport): string[] {
  return [
    ...r.groups.map(
      (g) =>
        `${g.head.name} (${g.head.score.toFixed(3)}${g.chosen ? ', chosen' : ''})  <  ${g.under
          .map((u) => `${u.name} (${u.score.toFixed(3)}${u.why === null ? '' : `, ${u.why}`})`)
          .join('  ')}`,
    ),
    `${counted(r.folded, 'photo is', 'photos are')} folded under ${r.groups.length}`,
    ...r.notes,
  ];
}
