/** What is said of a collection and its photos. */
import { z } from 'zod';
import { writeWhole } from '../../../engine/formats/beside.ts';
import { fileTarget } from '../../../engine/formats/target.ts';
import { fieldsTable, readFieldsTable } from '../../../engine/collections/fields-table.ts';
import { changeFields, fieldNotes, refuseWrongDates } from '../../../engine/collections/fields.ts';
import { fieldsInUse } from '../../../engine/collections/info.ts';
import { fieldsOf, fieldsText } from '../../../engine/collections/items.ts';
import { describePhotos } from '../../../engine/collections/fold-items.ts';
import { setCollectionFields } from '../../../engine/collections/store.ts';
import { photoNames } from '../../../engine/exchange/photo-names.ts';
import { collectionNamed } from '../../../engine/library/tables/collection.ts';
import { CovisError } from '../../../../shared/errors.ts';
import type { FieldChange } from '../../../../shared/facts/collections.ts';
import { KNOWN_FIELDS } from '../../../../shared/facts/known-fields.ts';
import { file, force } from '../../../../shared/fields.ts';
import { counted } from '../../../../shared/counted.ts';
import { command } from '../../program/command.ts';
import { withLibrary } from '../../program/library.ts';
import { print } from '../../program/output.ts';
import { from, library, membersOf, name, photosSaid, photosText, photoWord, textFrom } from './words.ts';

const SHOWN = 5;

export const collectionSet = command({
  name: 'collection set',
  summary: 'give a field of a collection, or of photos of it, values in the place of those it has; none takes it away',
  arguments: {
    library,
    name,
    field: z
      .string()
      .min(1)
      .max(100)
      .meta({ help: `${Object.keys(KNOWN_FIELDS).join(', ')}, or a name of your own` }),
    values: z.array(z.string().min(1).max(10_000)).default([]),
  },
  options: {
    photos: z
      .array(photoWord)
      .optional()
      .meta({ help: 'photos whose field it is', otherwise: 'the collection as a whole', value: 'list' }),
    from,
    all: z.boolean().default(false).meta({ help: 'of every photo of the collection' }),
    add: z.boolean().default(false).meta({ help: 'puts the values beside those that are there' }),
  },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      const c = collectionNamed(l, o.name);
      if (o.add && o.values.length === 0) throw new CovisError('INPUT_INVALID', '--add takes values to put beside');
      const values = { [o.field]: o.values };
      const change: FieldChange =
        o.values.length === 0 ? { clear: [o.field] } : o.add ? { add: values } : { set: values };
      refuseWrongDates(change);
      const notes = fieldNotes(change);
      for (const note of notes) process.stderr.write(`warning: ${note}\n`);
      if (o.photos === undefined && o.from === undefined && !o.all) {
        const action = setCollectionFields(l, o.name, changeFields(c.fields, change));
        const { fields } = collectionNamed(l, o.name);
        print(o.json, { action, changed: 0, notes, fields }, () => [
          `${c.name}: ${o.field}: ${fields[o.field]?.join('; ') ?? 'nothing'}`,
        ]);
        return;
      }
      if (o.all && (o.photos !== undefined || o.from !== undefined))
        throw new CovisError('INPUT_INVALID', 'Say either --all or which photos');
      const photos = o.all ? membersOf(l, c.id) : photosSaid(l, { photos: o.photos ?? [], from: o.from });
      const r = describePhotos(l, o.name, photos, (fields) => fieldsText(changeFields(fieldsOf(fields), change)));
      print(o.json, { ...r, notes }, () => [`${photosText(r.changed)} of ${c.name} described`]);
    }),
});

export const collectionFields = command({
  name: 'collection fields',
  summary: 'list the fields that photos of a collection have, with their most frequent values',
  arguments: { library, name },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      const all = fieldsInUse(l, o.name);
      print(o.json, all, () =>
        all.map(
          (f) =>
            `${f.field}  ${photosText(f.items)}  ${f.values
              .slice(0, SHOWN)
              .map((v) => `${v.value} (${v.items})`)
              .join(', ')}`,
        ),
      );
    }),
});

export const collectionFieldsExport = command({
  name: 'collection fields export',
  summary: 'write the fields of a collection and its photos as a table (CSV) to edit elsewhere',
  arguments: { library, name },
  options: { out: file.meta({ help: 'the table' }), force },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      const out = fileTarget(o.out, o);
      const csv = fieldsTable(l, o.name);
      writeWhole(out, csv, o);
      print(o.json, { out }, () => [`written to ${out}`]);
    }),
});

export const collectionFieldsImport = command({
  name: 'collection fields import',
  summary: 'take the fields of a table (CSV): an empty cell takes a field away, fields without a column stay',
  arguments: { library, name, table: file },
  run: (o) =>
    withLibrary(o.library, false, (l) => {
      const csv = textFrom(o.table);
      const { find } = photoNames(l);
      const r = readTable(() => readFieldsTable(l, o.name, csv, find), o.table);
      print(o.json, r, () => [
        `${photosText(r.changed)} described, ${r.same} had it already${r.unknown.length > 0 ? `, ${counted(r.unknown.length, 'row is', 'rows are')} of no photo of it: ${r.unknown.slice(0, SHOWN).join(', ')}` : ''}`,
        ...r.notes,
      ]);
    }),
});

/** Errors of a table name its file. */
function readTable<T>(read: () => T, at: string): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CovisError) || error.file !== undefined) throw error;
    throw new CovisError(error.code, error.message, {
      file: at,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}
