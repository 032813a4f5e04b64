/** What actions of the log did to collections: written, undone and done again. */
import { z } from 'zod';
import type { Library } from './library.ts';
import { integer, json, oneOf, record, select } from './rows.ts';

const cell = z.union([z.string(), z.number(), z.null()]);
/** A row of a part: its columns in their order. */
export type PartRow = readonly z.infer<typeof cell>[];

/** The parts of a collection that actions change: their tables (without the collection's number), key first. */
const PARTS = {
  items: {
    table: 'collection_item',
    key: ['photo_id'],
    columns: ['photo_id', 'member', 'position', 'head', 'source_id', 'score', 'rank', 'fields'],
  },
  tags: { table: 'collection_tag', key: ['tag'], columns: ['tag', 'version_id'] },
  merges: {
    table: 'collection_merge',
    key: ['bundle'],
    columns: ['bundle', 'author', 'base', 'theirs', 'created', 'content'],
  },
  conflicts: {
    table: 'collection_conflict',
    key: ['photo', 'aspect'],
    columns: ['photo', 'aspect', 'base', 'proposals'],
  },
} as const;

/** `self`: the collection's own row. */
export type CollectionPart = 'self' | keyof typeof PARTS;
const PART_NAMES = ['self', ...(Object.keys(PARTS) as (keyof typeof PARTS)[])] as const;

/** Columns of `self` in their order. */
const SELF = ['name', 'kind', 'hidden', 'fields', 'rules'] as const;

/** Rows of a part that go, and rows that come in their place. */
export interface CollectionChange {
  readonly collection: number;
  readonly part: CollectionPart;
  readonly before: readonly PartRow[];
  readonly after: readonly PartRow[];
}

const rows = z.array(z.array(cell));

/** Notes changes under an action and brings them into force. Runs inside a transaction. */
export function changeCollections(library: Library, action: number, changes: readonly CollectionChange[]): void {
  const insert = library.db.prepare(
    'INSERT INTO collection_change (action_id, collection_id, part, before, after) VALUES (?, ?, ?, ?, ?)',
  );
  for (const c of changes) {
    insert.run(action, c.collection, c.part, JSON.stringify(c.before), JSON.stringify(c.after));
    turn(library, c);
  }
}

/** Brings what an action did to collections into force, or what was before it. Runs inside a transaction. */
export function turnCollections(library: Library, action: number, to: 'before' | 'after'): void {
  const changes = select(
    library.db,
    'SELECT collection_id AS collection, part, before, after FROM collection_change WHERE action_id = ? ORDER BY id',
    record({ collection: integer, part: oneOf(PART_NAMES), before: json(rows), after: json(rows) }),
  ).all(action);
  for (const c of to === 'before' ? changes.toReversed() : changes)
    turn(library, to === 'after' ? c : { ...c, before: c.after, after: c.before });
}

/** Puts the rows after in the place of the rows before. */
function turn({ db }: Library, { collection, part, before, after }: CollectionChange): void {
  if (part === 'self') {
    const set = db.prepare(`UPDATE collection SET ${SELF.map((c) => `${c} = ?`).join(', ')} WHERE id = ?`);
    for (const row of after) set.run(...row, collection);
    return;
  }
  const { table, key, columns } = PARTS[part];
  const remove = db.prepare(
    `DELETE FROM ${table} WHERE collection_id = ? AND ${key.map((k) => `${k} = ?`).join(' AND ')}`,
  );
  for (const row of before) remove.run(collection, ...row.slice(0, key.length));
  const insert = db.prepare(
    `INSERT INTO ${table} (collection_id, ${columns.join(', ')}) VALUES (?, ${columns.map(() => '?').join(', ')})`,
  );
  for (const row of after) insert.run(collection, ...row);
}
