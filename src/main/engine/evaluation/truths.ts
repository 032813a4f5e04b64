import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import type { Protocol, TruthInfo, TruthNames, TruthReport } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { findOne } from '../library/find.ts';
import { now, type Library } from '../library/library.ts';
import { refuseWriting } from '../library/read-only.ts';
import { libraryNames } from '../library/library-names.ts';
import { LABELS, type GroundTruth, type TruthQuery } from './ground-truth.ts';
import { readGroundTruth } from './ground-truth-files.ts';
import { flag, integer, json, record, select, text } from '../library/rows.ts';

const labelled = z.array(z.int());
const storedTruth = z.object({
  images: z.array(z.string()),
  queries: z.array(
    z.object({
      name: z.string(),
      bbx: z.tuple([z.number(), z.number(), z.number(), z.number()]).nullable(),
      row: z.int().nullable(),
      labels: z.object({
        ok: z.exactOptional(labelled),
        easy: z.exactOptional(labelled),
        hard: z.exactOptional(labelled),
        junk: z.exactOptional(labelled),
      }),
    }),
  ),
});

/** Keeps a ground truth in the library; the same one twice is one. @throws CovisError `INPUT_*` as {@link readGroundTruth}. */
export function importTruth(library: Library, file: string, protocol: Protocol, imageList?: string): TruthReport {
  return storeTruth(library, readGroundTruth(file, protocol, imageList), basename(file));
}

/**
 * As {@link importTruth}, from bytes that a page sent.
 * @param name the file's name, of which only the ending matters. @param imageList bytes of the list that {@link importTruth} takes as a file.
 */
export function importTruthBytes(
  library: Library,
  bytes: Uint8Array,
  name: string,
  protocol: Protocol,
  imageList?: Uint8Array,
): TruthReport {
  refuseWriting(library);
  const ending = /\.(pkl|pickle|mat|json|txt|dat|csv)$/i.exec(name)?.[0] ?? '.txt';
  const folder = library.staging();
  try {
    const file = join(folder, `truth${ending}`);
    writeFileSync(file, bytes);
    const list = imageList === undefined ? undefined : join(folder, 'imlist.txt');
    if (list !== undefined) writeFileSync(list, imageList!);
    return storeTruth(library, readGroundTruth(file, protocol, list), basename(name));
  } catch (error) {
    if (error instanceof CovisError)
      throw new CovisError(error.code, error.message, {
        file: name,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function storeTruth(library: Library, truth: GroundTruth, name: string): TruthReport {
  const content = JSON.stringify({ images: truth.images, queries: truth.queries });
  const id = createHash('sha256').update(content).digest('hex').slice(0, 32);
  library.db
    .prepare(
      'INSERT INTO truth (uid, name, images, queries, content, created) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(uid) DO NOTHING',
    )
    .run(id, name, truth.images.length, truth.queries.length, content, now());
  return { ...listTruths(library).find((t) => t.id === id)!, ...truthNames(matchTruth(library, truth)) };
}

/** Ground truths of the library, newest first, with the protocols that their labels allow. */
export function listTruths(library: Library): TruthInfo[] {
  const rows = select(
    library.db,
    `SELECT uid AS id, name, images, queries, created, instr(content, '"easy":') + instr(content, '"hard":') > 0 AS revisited FROM truth ORDER BY truth.id DESC`,
    record({ id: text, name: text, images: integer, queries: integer, created: text, revisited: flag }),
  ).all();
  return rows.map(({ revisited, ...t }) => ({
    ...t,
    protocols: revisited ? ['medium', 'hard', 'easy'] : ['oxford', 'holidays', 'instre', 'ukbench', 'recall', 'acc'],
  }));
}

/** By hash, exact name or the beginning of a hash. @throws CovisError `NOT_FOUND`, `INPUT_INVALID` where several may be meant. */
export function loadTruth(library: Library, id: string): GroundTruth {
  const known = select(
    library.db,
    'SELECT uid AS id, name FROM truth ORDER BY id',
    record({ id: text, name: text }),
  ).all();
  const { id: uid } = findOne('ground truth', id, known, (t) => t);
  const row = select(
    library.db,
    'SELECT name, content FROM truth WHERE uid = ?',
    record({ name: text, content: json(storedTruth) }),
  ).one(uid);
  return { name: row.name, ...row.content };
}

/** A ground truth on the photos of a library. */
export interface MatchedTruth {
  /** With one row for each photo: labels of another row of the same content are those of the first. */
  readonly truth: GroundTruth;
  /** Photo of each image of the list; undefined where the library lacks it, and for rows whose content an earlier one has. */
  readonly photos: readonly (number | undefined)[];
  /** Photo of each query. */
  readonly queries: readonly (number | undefined)[];
  /** How many images of the list and queries outside it are photos of the library. */
  readonly bound: number;
  /** Names that are no photo of the library. */
  readonly missing: readonly string[];
  /** Names that fit several photos, or share one with a name of another folder. */
  readonly ambiguous: TruthNames['ambiguous'];
  /** Names of images with the content of an earlier image. */
  readonly repeated: readonly string[];
}

/**
 * Finds a ground truth's images among the library's photos by the one rule of names (library/names.ts): endings may be left out, folders
 * that both sides know agree. Nothing is guessed; what is not found, and why, is in the result.
 * @throws CovisError `INPUT_INVALID` where a query labels one content in two ways.
 */
export function matchTruth(library: Library, truth: GroundTruth): MatchedTruth {
  const outside = truth.queries.flatMap((q) => (q.row === null ? [q.name] : []));
  const names = libraryNames(library, [...truth.images, ...outside]);
  const photos = truth.images.map((n) => names.of(n)?.photo);
  const firstRow = new Map<number, number>();
  const rowOf = photos.map((p, i) => {
    if (p === undefined) return i;
    const first = firstRow.get(p) ?? i;
    firstRow.set(p, first);
    return first;
  });
  const queries = truth.queries.map((q) => (q.row === null ? names.of(q.name)?.photo : photos[q.row]));
  return {
    truth:
      firstRow.size === photos.length
        ? truth
        : { ...truth, queries: truth.queries.map((q) => merged(q, rowOf, truth)) },
    photos: photos.map((p, i) => (rowOf[i] === i ? p : undefined)),
    queries,
    bound:
      photos.filter((p) => p !== undefined).length + new Set(outside.filter((n) => names.of(n) !== undefined)).size,
    missing: names.bound.missing,
    ambiguous: names.bound.ambiguous,
    repeated: truth.images.filter((_, i) => rowOf[i] !== i),
  };
}

/** A query whose labels name the first row of each content. */
function merged(q: TruthQuery, rowOf: readonly number[], truth: GroundTruth): TruthQuery {
  const ownLabels = new Map<number, string>();
  for (const l of LABELS) for (const i of new Set(q.labels[l])) ownLabels.set(i, `${ownLabels.get(i) ?? ''} ${l}`);
  const first = new Map<number, number>();
  for (const [i, as] of ownLabels) {
    const other = first.get(rowOf[i]!);
    if (other !== undefined && ownLabels.get(other) !== as)
      throw new CovisError(
        'INPUT_INVALID',
        `${truth.images[other]!} and ${truth.images[i]!} are one photo in the library, and ${q.name} has them as${ownLabels.get(other)!} and as${as}`,
        { file: truth.name, hint: 'One content cannot be both: mend the ground truth.' },
      );
    first.set(rowOf[i]!, i);
  }
  const labels = Object.fromEntries(
    LABELS.flatMap((l) => (q.labels[l] === undefined ? [] : [[l, [...new Set(q.labels[l].map((i) => rowOf[i]!))]]])),
  ) as TruthQuery['labels'];
  return { ...q, labels, row: q.row === null ? null : rowOf[q.row]! };
}

/** What a ground truth's names are in a library, as reports have it. */
export function truthNames({ bound, missing, ambiguous }: MatchedTruth): TruthNames {
  return { bound, missing: [...missing], ambiguous: ambiguous.map(({ name, among }) => ({ name, among: [...among] })) };
}
