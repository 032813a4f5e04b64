/** Fields of a collection as a table that a person edits elsewhere, and back. */
import { CovisError } from '../../../shared/errors.ts';
import type { FieldValues, FieldsReport } from '../../../shared/facts/collections.ts';
import { KNOWN_FIELDS } from '../../../shared/facts/known-fields.ts';
import type { Library } from '../library/library.ts';
import { integer, list, nullable, select, text } from '../library/rows.ts';
import { collectionNamed } from '../library/tables/collection.ts';
import { idByHash } from '../library/tables/photo.ts';
import { durably } from '../mining/action-log.ts';
import { csvLine, csvTable } from './csv.ts';
import { changeFields, fieldName, fieldNotes, refuseWrongDates } from './fields.ts';
import { fieldsOf, fieldsText, itemOf, photoName } from './items.ts';
import { act, photosText } from './acts.ts';
import { selfRow } from './store.ts';
import { rowOf } from './items.ts';

/** Columns that say which photo a row is of. */
const OWN = ['photo', 'file'];
/** What stands for a photo in the row of the collection itself. */
const WHOLE = 'collection';
const ESCAPED = 'field ';
const SHOWN = 20;

const columnOf = (field: string): string =>
  OWN.includes(field) || field.startsWith(ESCAPED) ? ESCAPED + field : field;
const fieldOf = (column: string): string => (column.startsWith(ESCAPED) ? column.slice(ESCAPED.length) : column);

/** Values of a field in one cell: `; ` between them; `\` before a `;`, a `\` and a space at an end that belong to a value. */
export function cellOf(values: readonly string[]): string {
  return values.map((v) => v.replace(/[\\;]/g, '\\$&').replace(/^\s|\s$/gu, '\\$&')).join('; ');
}

/** What {@link cellOf} wrote; a cell without anything has no values. */
export function valuesOf(cell: string): string[] {
  const out: string[] = [];
  // Pairs of a character and whether it belongs to the value for certain.
  let value: [string, boolean][] = [];
  const end = (): void => {
    let [from, to] = [0, value.length];
    const loose = ([c, kept]: [string, boolean]): boolean => !kept && c.trim() === '';
    while (from < to && loose(value[from]!)) from += 1;
    while (to > from && loose(value[to - 1]!)) to -= 1;
    if (to > from)
      out.push(
        value
          .slice(from, to)
          .map(([c]) => c)
          .join(''),
      );
    value = [];
  };
  for (let i = 0; i < cell.length; i += 1) {
    const c = cell[i]!;
    if (c === '\\' && i + 1 < cell.length) value.push([cell[(i += 1)]!, true]);
    else if (c === ';') end();
    else value.push([c, false]);
  }
  end();
  return out;
}

/** A table of all items in their order with their fields, known ones first; its first row is of the collection itself. */
export function fieldsTable(library: Library, wanted: string): string {
  const c = collectionNamed(library, wanted);
  const nameOf = photoName(library);
  const rows = select(
    library.db,
    `SELECT p.hash, p.id, i.fields FROM collection_item i JOIN photo p ON p.id = i.photo_id WHERE i.collection_id = ? AND i.member = 1 ORDER BY i.position, i.photo_id`,
    list(text, integer, nullable(text)),
  )
    .all(c.id)
    .map(([hash, id, fields]) => ({ hash, name: nameOf(id), fields: fieldsOf(fields) }));
  const used = new Set([...Object.keys(c.fields), ...rows.flatMap((r) => Object.keys(r.fields))]);
  const known = Object.keys(KNOWN_FIELDS);
  const fields = [...known, ...[...used].filter((f) => !known.includes(f)).sort()];
  const line = (id: string, name: string, of: FieldValues): string =>
    csvLine([id, name, ...fields.map((f) => cellOf(of[f] ?? []))]);
  return [
    csvLine([...OWN, ...fields.map(columnOf)]),
    line(WHOLE, c.name, c.fields),
    ...rows.map((r) => line(r.hash, r.name, r.fields)),
  ].join('');
}

/**
 * Takes the fields of a table: an empty cell takes a field away, fields without a column stay. One action.
 * @param photoNamed a photo by a name, where a table has no content hashes; undefined where it means none or several.
 * @throws CovisError for what is no such table, naming the line.
 */
export function readFieldsTable(
  library: Library,
  wanted: string,
  csv: string,
  photoNamed: (name: string) => number | undefined,
): FieldsReport & { readonly action: number | null } {
  const [head, ...rows] = csvTable(csv);
  if (head === undefined || !head.some((h) => OWN.includes(h)))
    throw new CovisError('INPUT_INVALID', 'This table has no column "photo" or "file"', {
      hint: 'Its first line names its columns. Begin with what covis collection fields export writes.',
    });
  const columns = head.map((h) => (OWN.includes(h) ? undefined : fieldName(fieldOf(h))));
  const twice = columns.find((f, i) => f !== undefined && columns.indexOf(f) !== i);
  if (twice !== undefined) throw new CovisError('INPUT_INVALID', `This table has two columns "${twice}"`);
  const [byId, byName] = OWN.map((own) => head.indexOf(own));
  return durably(library, () => {
    const c = collectionNamed(library, wanted);
    const find = itemOf(library, c.id);
    const ids = idByHash(library);
    const notes = new Set<string>();
    const unknown: string[] = [];
    const before: ReturnType<typeof rowOf>[] = [];
    const after: ReturnType<typeof rowOf>[] = [];
    const seen = new Set<number>();
    let same = 0;
    let fields = c.fields;
    rows.forEach((cells, i) => {
      if (cells.length === 1 && cells[0] === '') return;
      const where = `Line ${i + 2}: `;
      if (cells.length !== head.length)
        throw new CovisError(
          'INPUT_CORRUPT',
          `${where}it has ${cells.length} cells, and there are ${head.length} columns`,
        );
      const change = (of: FieldValues): FieldValues => {
        const set: Record<string, string[]> = {};
        const clear: string[] = [];
        columns.forEach((f, k) => {
          if (f === undefined) return;
          const values = valuesOf(cells[k]!);
          if (values.length === 0) clear.push(f);
          else set[f] = values;
        });
        try {
          refuseWrongDates({ set });
        } catch (error) {
          if (!(error instanceof CovisError)) throw error;
          throw new CovisError(
            error.code,
            `${where}${error.message}`,
            error.hint === undefined ? {} : { hint: error.hint },
          );
        }
        for (const note of fieldNotes({ set })) notes.add(note);
        return changeFields(of, { set, clear });
      };
      const id = byId! < 0 ? '' : cells[byId!]!.trim();
      if (id === WHOLE) {
        fields = change(c.fields);
        return;
      }
      const name = byName! < 0 ? '' : cells[byName!]!;
      const photo = id === '' ? photoNamed(name) : ids.get(id.toLowerCase());
      const item = photo === undefined ? undefined : find(photo);
      if (item?.member !== 1) {
        unknown.push(id === '' ? name : id);
        return;
      }
      if (seen.has(item.photo)) throw new CovisError('INPUT_INVALID', `${where}this photo has a row already`);
      seen.add(item.photo);
      const next = fieldsText(change(fieldsOf(item.fields)));
      if (next === item.fields) {
        same += 1;
        return;
      }
      before.push(rowOf(item));
      after.push(rowOf({ ...item, fields: next }));
    });
    const own = fieldsText(fields) !== fieldsText(c.fields);
    const action = act(library, `Describe ${photosText(after.length)} of ${c.name} from a table`, [
      { collection: c.id, part: 'items', before, after },
      ...(own
        ? [{ collection: c.id, part: 'self' as const, before: [selfRow(c)], after: [selfRow(c, { fields })] }]
        : []),
    ]);
    return {
      action,
      changed: after.length,
      same,
      unknown,
      unknownTotal: unknown.length,
      notes: [...notes].slice(0, SHOWN),
    };
  });
}
