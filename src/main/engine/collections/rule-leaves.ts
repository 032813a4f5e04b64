/** What each condition of a rule is in SQL, of a photo `p` with its measures `q`: true or false, never NULL. */
import { CovisError } from '../../../shared/errors.ts';
import type { RuleLeaf } from '../../../shared/facts/collection-rules.ts';
import { DUPLICATE_BITS } from '../features/duplicates.ts';
import { QUALITY_SQL, QUALITY_VERSION } from '../features/quality-store.ts';
import { findOne } from '../library/find.ts';
import type { Library } from '../library/library.ts';
import { groupLooks } from '../library/looks.ts';
import { integer, list, record, select, text } from '../library/rows.ts';
import { collectionNamed, versionCalled } from '../library/tables/collection.ts';
import { likePhotos } from './rule-likeness.ts';
import type { Below, Compiled, RuleContext } from './rule-context.ts';
import { readRule } from './rule-tree.ts';

const ids = (photos: Iterable<number>): Compiled => ({
  sql: 'p.id IN (SELECT value FROM json_each(?))',
  values: [JSON.stringify([...photos])],
});

/** A range of an expression that may be NULL. */
function within(
  expression: string,
  r: { readonly from?: number | undefined; readonly to?: number | undefined },
): Compiled {
  const parts = [...(r.from === undefined ? [] : ['>= ?']), ...(r.to === undefined ? [] : ['<= ?'])];
  return {
    sql: `(${parts.map((p) => `${expression} ${p}`).join(' AND ')}) IS TRUE`,
    values: [r.from, r.to].filter((v) => v !== undefined),
  };
}

/** Text in which SQL's LIKE finds nothing special but what `wild` puts there. */
function escaped(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

const folding = new WeakSet<object>();

/** Text without regard to case and to how letters are composed, in JavaScript and, as `folded`, in SQL: SQLite itself knows A to Z alone. */
function foldCase(library: Library, text: string): string {
  const folded = (t: unknown): string | null => (typeof t === 'string' ? t.normalize('NFC').toLowerCase() : null);
  if (!folding.has(library)) {
    library.db.function('folded', { deterministic: true }, folded);
    folding.add(library);
  }
  return folded(text)!;
}

/** An expression is like a pattern, whatever the case. @param wild puts what is special to LIKE into the escaped text. */
function like(library: Library, expression: string, pattern: string, wild: (escapedText: string) => string): Compiled {
  return {
    sql: `(folded(${expression}) LIKE ? ESCAPE '\\') IS TRUE`,
    values: [wild(escaped(foldCase(library, pattern)))],
  };
}

/** The last part of a path in SQL. */
const baseName = (of: string): string => `substr(${of}, length(rtrim(${of}, replace(${of}, '/', ''))) + 1)`;

const SIZES: Readonly<Record<Extract<RuleLeaf, { is: 'size' }>['field'], string>> = {
  width: 'p.width',
  height: 'p.height',
  long: 'max(p.width, p.height)',
  short: 'min(p.width, p.height)',
  megapixels: 'p.width * p.height / 1e6',
  bytes: 'p.bytes',
};

/** Seconds since 1970 of the first and the last second of a year, a month, a day, a minute. @throws CovisError for no date. */
export function periodOf(text: string): { readonly first: number; readonly last: number } {
  const [year, month, day, hour, minute, second] = text.split(/[-T:]/).map(Number) as [
    number,
    ...(number | undefined)[],
  ];
  const from = new Date(Date.UTC(2000, (month ?? 1) - 1, day ?? 1, hour ?? 0, minute ?? 0, second ?? 0));
  from.setUTCFullYear(year, (month ?? 1) - 1, day ?? 1);
  const said = [month, day, hour, minute, second];
  const is = [
    from.getUTCMonth() + 1,
    from.getUTCDate(),
    from.getUTCHours(),
    from.getUTCMinutes(),
    from.getUTCSeconds(),
  ];
  if (said.some((v, i) => v !== undefined && v !== is[i]))
    throw new CovisError('INPUT_INVALID', `"${text}" is no date of the calendar`);
  const to = new Date(from);
  if (month === undefined) to.setUTCFullYear(year + 1);
  else if (day === undefined) to.setUTCMonth(from.getUTCMonth() + 1);
  else if (hour === undefined) to.setUTCDate(from.getUTCDate() + 1);
  else if (second === undefined) to.setUTCMinutes(from.getUTCMinutes() + 1);
  else to.setUTCSeconds(from.getUTCSeconds() + 1);
  return { first: from.getTime() / 1000, last: to.getTime() / 1000 - 1 };
}

/** Kilometres of the earth's mean radius. */
const EARTH_KM = 6371.0088;

/** Turns one condition into SQL. @throws CovisError `NOT_FOUND` for what it names and is not there, and as `answerRule` says. */
export async function leafSql(c: RuleContext, r: RuleLeaf, positive: boolean, below: Below): Promise<Compiled> {
  const { library } = c;
  switch (r.is) {
    case 'like':
      return ids(await likePhotos(c, r, positive));
    case 'cluster':
      return {
        sql: `p.id IN (SELECT v.photo_id FROM view v WHERE v.cluster_id IN (SELECT value FROM json_each(?)))`,
        values: [JSON.stringify(r.clusters.map((name) => clusterCalled(library, name).number))],
      };
    case 'place':
      return {
        sql: 'p.place IN (SELECT value FROM json_each(?))',
        values: [JSON.stringify(r.names.flatMap((name) => placesCalled(library, name)))],
      };
    case 'scene':
      return {
        sql: `p.id IN (SELECT f.photo_id FROM photo_file f WHERE f.scene_id IN (SELECT value FROM json_each(?)))`,
        values: [JSON.stringify(r.scenes.flatMap((name) => scenesCalled(library, name)))],
      };
    case 'taken':
      return within('p.taken', {
        from: r.from === undefined ? undefined : periodOf(r.from).first,
        to: r.to === undefined ? undefined : periodOf(r.to).last,
      });
    case 'box':
      return {
        sql: `(p.latitude BETWEEN ? AND ? AND ${r.west <= r.east ? 'p.longitude BETWEEN ? AND ?' : '(p.longitude >= ? OR p.longitude <= ?)'}) IS TRUE`,
        values: [r.south, r.north, r.west, r.east],
      };
    case 'near':
      return {
        // Haversine.
        sql: `(2 * ${EARTH_KM} * asin(min(1, sqrt(
          pow(sin(radians(p.latitude - ?) / 2), 2)
            + cos(radians(p.latitude)) * cos(radians(?)) * pow(sin(radians(p.longitude - ?) / 2), 2)))) <= ?) IS TRUE`,
        values: [r.latitude, r.latitude, r.longitude, r.km],
      };
    case 'camera':
      if (r.how === 'known') return { sql: 'p.camera IS NOT NULL', values: [] };
      if (r.text === undefined)
        throw new CovisError('INPUT_INVALID', 'A camera that is or contains something needs a text');
      return like(library, 'p.camera', r.text, r.how === 'is' ? (t) => t : (t) => `%${t}%`);
    case 'size':
      return within(SIZES[r.field], r);
    case 'quality':
      noteUnmeasured(c, r.field);
      return within(QUALITY_SQL[r.field], r);
    case 'duplicate':
      return ids(duplicates(c, r.bits ?? DUPLICATE_BITS));
    case 'folded': {
      const under = 'EXISTS (SELECT 1 FROM folded_photo o WHERE o.photo_id = p.id)';
      const head = 'EXISTS (SELECT 1 FROM folded_photo o WHERE o.head_id = p.id)';
      return { sql: r.as === 'under' ? under : r.as === 'head' ? head : `(${under} OR ${head})`, values: [] };
    }
    case 'in':
      return memberSql(c, r, positive, below);
    case 'loose':
      return {
        sql: `NOT EXISTS (SELECT 1 FROM collection_item i JOIN collection l ON l.id = i.collection_id
          WHERE i.photo_id = p.id AND i.member = 1 AND l.hidden = 0)`,
        values: [],
      };
    case 'field':
      return fieldSql(c, r);
    case 'decided': {
      const verdict = r.verdict === undefined ? '' : ' WHERE verdict = ?';
      const value = r.verdict === undefined ? [] : [r.verdict];
      return {
        sql: `p.id IN (SELECT a FROM verdict${verdict} UNION SELECT b FROM verdict${verdict})`,
        values: [...value, ...value],
      };
    }
    case 'name': {
      const path = r.pattern.includes('/');
      const { sql, values } = like(library, path ? 'f.name' : baseName('f.name'), r.pattern, (t) =>
        t.replaceAll('*', '%').replaceAll('?', '_'),
      );
      return { sql: `EXISTS (SELECT 1 FROM photo_file f WHERE f.photo_id = p.id AND ${sql})`, values };
    }
  }
}

/** By content hash or name. */
function clusterCalled(library: Library, wanted: string): { readonly number: number; readonly place: number } {
  const rows = select(
    library.db,
    'SELECT id AS number, uid AS id, name, place FROM cluster ORDER BY id',
    record({ number: integer, id: text, name: text, place: integer }),
  ).all();
  return findOne('cluster', wanted, rows, (r) => r);
}

/** Every scene of this name. @throws CovisError `NOT_FOUND`. */
function scenesCalled(library: Library, name: string): number[] {
  const found = select(library.db, 'SELECT id FROM scene WHERE name = ?', integer).all(name);
  if (found.length === 0) throw new CovisError('NOT_FOUND', `The library has no scene "${name}"`);
  return found;
}

/** Places of the scenes of this name, but of mixed folders; where there are none, of the cluster. */
function placesCalled(library: Library, name: string): number[] {
  const scenes = select(
    library.db,
    `SELECT DISTINCT p.place FROM photo p JOIN photo_file f ON f.photo_id = p.id JOIN scene s ON s.id = f.scene_id
     WHERE s.name = ? AND s.mixed = 0 ORDER BY p.place`,
    integer,
  ).all(name);
  return scenes.length > 0 ? scenes : [clusterCalled(library, name).place];
}

function noteUnmeasured(c: RuleContext, field: Extract<RuleLeaf, { is: 'quality' }>['field']): void {
  if (!QUALITY_SQL[field].startsWith('q.')) return;
  const missing = select(
    c.library.db,
    'SELECT COUNT(*) FROM present_photo p WHERE NOT EXISTS (SELECT 1 FROM photo_quality q WHERE q.photo_id = p.id AND q.version = ?)',
    integer,
  ).one(QUALITY_VERSION);
  if (missing > 0)
    c.notes.add(
      `The quality of ${missing} ${missing === 1 ? 'photo was' : 'photos was'} not measured yet: covis quality does it.`,
    );
}

/** Comparing a hundred thousand looks takes more than a second: what was found last is kept with all that it was found of. */
let alike: { readonly key: string; readonly photos: readonly number[] } | undefined;

function duplicates(c: RuleContext, bits: number): readonly number[] {
  const rows = select(
    c.library.db,
    'SELECT id, look FROM present_photo WHERE look IS NOT NULL ORDER BY id',
    list(integer, text),
  ).all();
  const missing = select(c.library.db, 'SELECT COUNT(*) FROM present_photo WHERE look IS NULL', integer).one();
  if (missing > 0)
    c.notes.add(
      `${missing} ${missing === 1 ? 'photo was' : 'photos were'} not looked at for duplicates yet: covis duplicates does it.`,
    );
  const key = `${bits} ${rows.join(' ')}`;
  if (alike?.key !== key) {
    const groups = groupLooks(
      rows.map(([, look]) => look),
      bits,
    );
    alike = { key, photos: groups.flatMap((group) => group.map((i) => rows[i]![0])) };
  }
  return alike.photos;
}

/** Chosen by a person, not by a rule. */
const BY_HAND = `NOT EXISTS (SELECT 1 FROM collection_source u WHERE u.id = i.source_id AND u.how = 'rule')`;

/**
 * What a smart collection holds by a rule of so much SQL: what the rule gives and what a person added, without what a person judged not to
 * belong.
 */
export function smartSql({ sql, values }: Compiled, collection: number): Compiled {
  return {
    sql: `((${sql}) OR EXISTS (SELECT 1 FROM collection_item i WHERE i.collection_id = ? AND i.photo_id = p.id AND i.member = 1 AND ${BY_HAND}))
      AND NOT EXISTS (SELECT 1 FROM collection_item i WHERE i.collection_id = ? AND i.photo_id = p.id AND i.member = 0)`,
    values: [...values, collection, collection],
  };
}

async function memberSql(
  c: RuleContext,
  r: Extract<RuleLeaf, { is: 'in' }>,
  positive: boolean,
  below: Below,
): Promise<Compiled> {
  const found = collectionNamed(c.library, r.collection);
  if (r.version !== undefined)
    return {
      sql: 'p.id IN (SELECT v.photo_id FROM version_item v WHERE v.version_id = ?)',
      values: [versionCalled(c.library, found, String(r.version)).id],
    };
  if (found.kind === 'manual' || found.rules === null)
    return {
      sql: 'EXISTS (SELECT 1 FROM collection_item i WHERE i.collection_id = ? AND i.photo_id = p.id AND i.member = 1)',
      values: [found.id],
    };
  if (c.within.includes(found.id))
    throw new CovisError('INPUT_INVALID', `The rule of "${found.name}" leads back to itself`, {
      hint: 'A collection cannot be part of its own rule, nor of one that its rule asks.',
    });
  const inner: RuleContext = { ...c, within: [...c.within, found.id] };
  const sql = await below(inner, readRule(JSON.parse(found.rules)), positive);
  c.scored ??= inner.scored;
  return smartSql(sql, found.id);
}

function fieldSql(c: RuleContext, r: Extract<RuleLeaf, { is: 'field' }>): Compiled {
  const of = r.collection === undefined ? undefined : collectionNamed(c.library, r.collection).id;
  const value =
    r.how === 'has'
      ? { sql: '', values: [] }
      : r.how === 'is'
        ? { sql: ' AND EXISTS (SELECT 1 FROM json_each(f.value) t WHERE t.value = ?)', values: [r.text] }
        : ((found) => ({
            sql: ` AND EXISTS (SELECT 1 FROM json_each(f.value) t WHERE ${found.sql})`,
            values: found.values,
          }))(like(c.library, 't.value', r.text ?? '', (t) => `%${t}%`));
  // What an item does not say itself, its collection says for it.
  return {
    sql: `EXISTS (SELECT 1 FROM collection_item i JOIN collection l ON l.id = i.collection_id
      WHERE i.photo_id = p.id AND i.member = 1 AND l.hidden = 0${of === undefined ? '' : ' AND l.id = ?'}
        AND EXISTS (SELECT 1 FROM json_each(
          CASE WHEN EXISTS (SELECT 1 FROM json_each(COALESCE(i.fields, '{}')) k WHERE k.key = ?) THEN i.fields ELSE l.fields END) f
          WHERE f.key = ?${value.sql}))`,
    values: [...(of === undefined ? [] : [of]), r.field, r.field, ...value.values],
  };
}
