/** Decision bundles: what a version of a collection changed since another, as JSON Lines, for another curator. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { CovisError } from '../../../shared/errors.ts';
import { fieldValues, provenance as provenanceSchema, sha256 } from '../../../shared/facts/collections.ts';
import type { FieldValues } from '../../../shared/facts/collections.ts';
import type { TaskContext } from '../queue/context.ts';
import { now, type Library } from '../library/library.ts';
import { nullable, select, text } from '../library/rows.ts';
import { collectionNamed, versionCalled } from '../library/tables/collection.ts';
import { differences, fieldDifferences } from './difference.ts';
import { fieldsOf, itemsOf } from './items.ts';
import { computeDigests, ownName } from './commit.ts';
import { versionContent, versionState } from './versions.ts';

const KIND = 'covis collection decisions';

const values = fieldValues.valueType.nullable();
const headLine = z.strictObject({
  kind: z.literal(KIND),
  format: z.literal(1),
  collection: z.string(),
  /** Digest of the version that the decisions are about. */
  base: sha256,
  /** Digest of the version that they lead to. */
  head: sha256,
  author: z.string().min(1).max(200),
  created: z.string(),
});
const fieldsLine = z.record(z.string().min(1).max(100), values);
const photoLine = z.strictObject({
  photo: sha256,
  path: z.string(),
  /** What the author decided: in, or out. Left out where that was not judged. */
  in: z.boolean().optional(),
  /** Values of fields that changed; null for one that was taken away. */
  fields: fieldsLine.optional(),
  /** SHA-256 of the photo that it is folded under now, null for none; left out where that did not change. */
  foldedUnder: sha256.nullable().optional(),
  provenance: provenanceSchema.optional(),
});
const wholeLine = z.strictObject({ collection: fieldsLine });

export type PhotoDecision = z.output<typeof photoLine>;

/** What a bundle says. */
export interface Bundle {
  readonly base: string;
  readonly head: string;
  readonly author: string;
  readonly collection: string;
  /** Fields of the collection itself that changed. */
  readonly fields: Readonly<Record<string, readonly string[] | null>>;
  readonly photos: readonly PhotoDecision[];
  /** SHA-256 of what it says, whenever it was written. */
  readonly id: string;
  /** As it is kept, to know later who said what. */
  readonly content: string;
}

/** Fields that differ, as a bundle says them. */
function changed(before: FieldValues, after: FieldValues): Record<string, readonly string[] | null> | undefined {
  const all = fieldDifferences(before, after);
  return all.length === 0 ? undefined : Object.fromEntries(all.map((f) => [f.field, f.after]));
}

/**
 * What a version changed since another, and which photos were judged not to belong.
 * @throws CovisError `NOT_FOUND`, `INPUT_INVALID` where both are one version.
 */
export async function writeBundle(
  library: Library,
  o: {
    readonly collection: string;
    readonly version: string;
    readonly base: string;
    readonly author?: string | undefined;
  },
  task: TaskContext,
): Promise<string> {
  const collection = collectionNamed(library, o.collection);
  const [base, head] = [o.base, o.version].map((v) => versionCalled(library, collection, v)) as [
    ReturnType<typeof versionCalled>,
    ReturnType<typeof versionCalled>,
  ];
  if (base.digest === head.digest)
    throw new CovisError(
      'INPUT_INVALID',
      `Versions ${base.number} and ${head.number} of ${collection.name} hold the same`,
      {
        hint: 'A bundle says what changed from one version to a later one.',
      },
    );
  const [before, after] = [versionState(library, base), versionState(library, head)];
  const content = versionContent(library, collection, head);
  const shaOf = new Map([...before.items, ...after.items].map((i) => [i.key, i.sha256!]));
  const lines: object[] = [
    {
      kind: KIND,
      format: 1,
      collection: collection.name,
      base: base.digest,
      head: head.digest,
      author: o.author ?? head.author,
      created: now(),
    } satisfies z.input<typeof headLine>,
  ];
  const whole = changed(before.fields, after.fields);
  if (whole !== undefined) lines.push({ collection: whole });
  for (const { was, is, kinds } of differences(before.items, after.items)) {
    const old = was === null ? undefined : before.items[was]!;
    if (is === null) {
      lines.push({ photo: old!.sha256, path: old!.path, in: false });
      continue;
    }
    const item = after.items[is]!;
    const entry = content.entries[is]!;
    const fields = changed(fieldsOf(old?.fields ?? null), fieldsOf(item.fields));
    const folded = (old?.head ?? null) !== item.head;
    if (kinds.length === 1 && kinds[0] === 'moved') continue;
    lines.push({
      photo: item.sha256,
      path: item.path,
      ...(old === undefined ? { in: true } : {}),
      ...(fields === undefined ? {} : { fields }),
      ...(folded ? { foldedUnder: item.head === null ? null : shaOf.get(item.head)! } : {}),
      ...(old === undefined && entry.provenance !== null ? { provenance: entry.provenance } : {}),
    });
  }
  lines.push(...(await judgedOut(library, collection.id, new Set(shaOf.keys()), task)));
  return lines.map((l) => `${JSON.stringify(l)}\n`).join('');
}

/** Photos of neither version that were judged not to belong. */
async function judgedOut(
  library: Library,
  collection: number,
  known: ReadonlySet<string>,
  task: TaskContext,
): Promise<PhotoDecision[]> {
  const out = itemsOf(library, collection).filter((i) => i.member === 0);
  const gone = new Set(
    await computeDigests(
      library,
      out.map((i) => i.photo),
      task,
    ),
  );
  const hash = select(library.db, 'SELECT hash FROM photo WHERE id = ?', text);
  const digest = select(library.db, 'SELECT sha256 FROM photo WHERE id = ?', nullable(text));
  return out.flatMap(({ photo }) => {
    const sha = digest.one(photo);
    if (gone.has(photo) || sha === null || known.has(hash.one(photo))) return [];
    return [{ photo: sha, path: '', in: false }];
  });
}

/** @throws CovisError `INPUT_CORRUPT`, naming the line, for what is no bundle. */
export function readBundle(jsonl: string): Bundle {
  const rows = jsonl.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    try {
      return [{ number: i + 1, value: JSON.parse(line) as unknown }];
    } catch (cause) {
      throw new CovisError('INPUT_CORRUPT', `Line ${i + 1} of this bundle is not JSON`, { cause });
    }
  });
  const [first, ...rest] = rows;
  const head = headLine.safeParse(first?.value);
  if (!head.success)
    throw new CovisError('INPUT_CORRUPT', 'This is no bundle of decisions', {
      hint: 'Its first line says what it is; covis collection bundle writes one.',
    });
  const { base, head: theirs, author, collection } = head.data;
  const fields: Record<string, readonly string[] | null> = {};
  const photos = new Map<string, PhotoDecision>();
  for (const { number, value } of rest) {
    const whole = wholeLine.safeParse(value);
    if (whole.success) {
      Object.assign(fields, whole.data.collection);
      continue;
    }
    const photo = photoLine.safeParse(value);
    if (!photo.success) {
      const [issue] = photo.error.issues;
      throw new CovisError(
        'INPUT_CORRUPT',
        `Line ${number} of this bundle is no decision: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
      );
    }
    if (photos.has(photo.data.photo))
      throw new CovisError('INPUT_CORRUPT', `Line ${number} of this bundle is of a photo that has a line already`);
    photos.set(photo.data.photo, photo.data);
  }
  const content = JSON.stringify({ author, base, head: theirs, fields, photos: [...photos.values()] });
  const id = createHash('sha256').update(content).digest('hex');
  return { base, head: theirs, author, collection, fields, photos: [...photos.values()], id, content };
}

const kept = z.object({
  author: z.string(),
  fields: fieldsLine,
  photos: z.array(photoLine),
});

/** What a bundle said that was merged before, as it was kept. */
export function keptBundle(content: string): Pick<Bundle, 'author' | 'fields' | 'photos'> {
  return kept.parse(JSON.parse(content));
}

export { ownName };
