/** Collections as a whole: made, renamed, deleted, listed, shown, chosen. */
import { z } from 'zod';
import type { CollectionInfo } from '../../../../shared/facts/collections.ts';
import { collectionInfo, listCollections } from '../../../engine/collections/info.ts';
import {
  createCollection,
  deleteCollection,
  duplicateCollection,
  renameCollection,
  setCurrentCollection,
} from '../../../engine/collections/store.ts';
import { versionContent } from '../../../engine/collections/versions.ts';
import { photoLists } from '../../../engine/collections/lists.ts';
import { collectionState, tagsOf } from '../../../engine/library/tables/collection.ts';
import { command, type CommandDefinition } from '../../program/command.ts';
import { withLibrary } from '../../program/library.ts';
import { print } from '../../program/output.ts';
import { library, name, photosText, shownNames } from './words.ts';

const fresh = z.string().min(1).max(200);

function stateOf(c: CollectionInfo): string {
  if (c.version === null) return 'never committed';
  return `version ${c.version.number}${c.version.tags.length > 0 ? ` (${c.version.tags.join(', ')})` : ''}${c.uncommitted ? ', changed since' : ''}`;
}

async function list(at: string, json: boolean): Promise<void> {
  await withLibrary(at, false, (l) => {
    const all = listCollections(l);
    print(json, all, () =>
      all.length === 0
        ? ['This library has no collections. Make one with: covis collection create LIB NAME']
        : all.map((c) => `${c.current ? '*' : ' '} ${c.name}  ${photosText(c.items)}  ${c.kind}  ${stateOf(c)}`),
    );
  });
}

export const collection: CommandDefinition = command({
  name: 'collection',
  summary: 'collections of photos: gathered, described, kept by version, used as subsets',
  arguments: { library },
  run: (o) => list(o.library, o.json),
});

export const collectionList = command({
  name: 'collection list',
  summary: 'list collections with their photos, versions and what is not committed',
  arguments: { library },
  run: (o) => list(o.library, o.json),
});

export const collectionCreate = command({
  name: 'collection create',
  summary: 'make a collection',
  arguments: { library, name: fresh },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      const { action, collection: c } = createCollection(l, o.name);
      print(o.json, { action, id: c.uid, name: c.name }, () => [`${c.name}: ${c.uid}`]);
    }),
});

export const collectionRename = command({
  name: 'collection rename',
  summary: 'give a collection another name',
  arguments: { library, name, to: fresh },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      const { id, name: was } = collectionInfo(l, o.name);
      const action = renameCollection(l, id, o.to);
      const { name: is } = collectionInfo(l, id);
      print(o.json, { action, id, name: is }, () => [`${was} is called ${is}`]);
    }),
});

export const collectionDelete = command({
  name: 'collection delete',
  summary: 'delete a collection; covis decide --undo brings it back with its versions',
  arguments: { library, name },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      const c = collectionInfo(l, o.name);
      const action = deleteCollection(l, c.id);
      print(o.json, { action, id: c.id, name: c.name }, () => [
        `${c.name} is deleted; covis decide --undo brings it back`,
      ]);
    }),
});

export const collectionDuplicate = command({
  name: 'collection duplicate',
  summary: 'make a collection with what another has now, without its versions',
  arguments: { library, name, to: fresh },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      const { action, collection: c } = duplicateCollection(l, o.name, o.to);
      print(o.json, { action, id: c.uid, name: c.name }, () => [`${c.name}: ${c.uid}`]);
    }),
});

export const collectionUse = command({
  name: 'collection use',
  summary: 'choose the collection that keys of the studio add to',
  arguments: { library, name },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      const c = collectionInfo(l, o.name);
      setCurrentCollection(l, c.id);
      print(o.json, { id: c.id, name: c.name }, () => [`${c.name} is the current collection`]);
    }),
});

export const collectionShow = command({
  name: 'collection show',
  summary: 'show a collection and its photos as it is now (NAME) or in a version (NAME@3, NAME@tag, NAME@digest)',
  arguments: { library, name },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      const { collection: c, version } = collectionState(l, o.name);
      if (version !== undefined) {
        const content = versionContent(l, c, version);
        const { version: v, entries } = content;
        print(o.json, content, () => [
          `${v.collection}@${v.number}  ${v.digest}`,
          `${v.created}  ${v.author}  ${v.message}`,
          ...entries.map((e) => `${e.sha256}  ${e.path}${e.foldedUnder === null ? '' : '  (folded)'}`),
        ]);
        return;
      }
      const info = collectionInfo(l, c.uid);
      const { list: opened, total } = photoLists(l).open({
        collection: c.uid,
        filter: {},
        sort: 'order',
        descending: false,
      });
      const photos = photoLists(l).page(opened, 0, total);
      const { changes: d } = info;
      const names = o.json ? [] : shownNames(l, photos);
      print(o.json, { ...info, tags: Object.fromEntries(tagsOf(l, c.id)), photos }, () => [
        `${info.name}  ${photosText(info.items)}, ${info.folded} folded  ${info.kind}  ${stateOf(info)}`,
        ...(info.uncommitted
          ? [
              `not committed: ${d.added} added, ${d.removed} removed, ${d.moved} moved, ${d.described} described, ${d.folded} folded or unfolded${d.fields ? ', fields of the collection' : ''}`,
            ]
          : []),
        ...(info.conflicts > 0 ? [`${info.conflicts} conflicts to judge: covis collection conflicts LIB NAME`] : []),
        ...Object.entries(info.fields).map(([field, values]) => `${field}: ${values.join('; ')}`),
        ...photos.map(
          (p, i) => `${p.photo}  ${names[i]!}${p.gone ? '  (gone)' : ''}${p.foldedUnder === null ? '' : '  (folded)'}`,
        ),
      ]);
    }),
});
