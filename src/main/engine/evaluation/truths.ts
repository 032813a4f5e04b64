import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import type { Protocol, TruthInfo } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { now, type Library } from '../library/library.ts';
import { bareName, type GroundTruth } from './ground-truth.ts';
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
export function importTruth(library: Library, file: string, protocol: Protocol, imageList?: string): TruthInfo {
  return storeTruth(library, readGroundTruth(file, protocol, imageList), basename(file));
}

/** As {@link importTruth}, from bytes that a page sent. @param name the file's name, of which only the ending matters. */
export function importTruthBytes(library: Library, bytes: Uint8Array, name: string, protocol: Protocol): TruthInfo {
  const ending = /\.(pkl|pickle|mat|json|txt|dat|csv)$/i.exec(name)?.[0] ?? '.txt';
  const folder = mkdtempSync(library.file('staging', 'truth-'));
  try {
    const file = join(folder, `truth${ending}`);
    writeFileSync(file, bytes);
    return storeTruth(library, readGroundTruth(file, protocol), basename(name));
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

function storeTruth(library: Library, truth: GroundTruth, name: string): TruthInfo {
  const content = JSON.stringify({ images: truth.images, queries: truth.queries });
  const id = createHash('sha256').update(content).digest('hex').slice(0, 32);
  library.db
    .prepare(
      'INSERT INTO truth (uid, name, images, queries, content, created) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(uid) DO NOTHING',
    )
    .run(id, name, truth.images.length, truth.queries.length, content, now());
  return listTruths(library).find((t) => t.id === id)!;
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

/** @throws CovisError `NOT_FOUND`. */
export function loadTruth(library: Library, id: string): GroundTruth {
  const row = select(
    library.db,
    'SELECT name, content FROM truth WHERE uid = ?',
    record({ name: text, content: json(storedTruth) }),
  ).get(id);
  if (row === undefined) throw new CovisError('NOT_FOUND', `The library has no ground truth ${id}`);
  return { name: row.name, ...row.content };
}

/** A ground truth on the photos of a library. */
export interface MatchedTruth {
  readonly truth: GroundTruth;
  /** Photo of each image of the list; undefined where the library lacks it. */
  readonly photos: readonly (number | undefined)[];
  /** Photo of each query. */
  readonly queries: readonly (number | undefined)[];
}

/** Finds a ground truth's images among the library's photos by name, without folders and endings. */
export function matchTruth(library: Library, truth: GroundTruth): MatchedTruth {
  const byName = new Map<string, number>();
  const rows = select(
    library.db,
    'SELECT photo_id AS id, name FROM photo_file ORDER BY photo_id',
    record({ id: integer, name: text }),
  ).iterate();
  for (const r of rows) if (!byName.has(bareName(r.name))) byName.set(bareName(r.name), r.id);
  return {
    truth,
    photos: truth.images.map((n) => byName.get(bareName(n))),
    queries: truth.queries.map((q) => byName.get(bareName(q.name))),
  };
}
