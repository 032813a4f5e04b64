/** The report of what a library takes, and the part of it that was named to be removed. */
import type { JobParams, JobResult } from '../../../shared/jobs/index.ts';
import type { StorageReport } from '../../../shared/facts/storage.ts';
import { DERIVED, FILE_BY_FILE } from '../../../shared/facts/removable.ts';
import { CovisError } from '../../../shared/errors.ts';
import { logFolder } from '../environment/log-file.ts';
import type { Library } from '../library/library.ts';
import { ageInMs, bytesOf, filesIn, roomAt, freePages } from '../library/storage.ts';
import { networkRow } from '../network/networks.ts';
import { networkStore } from '../network/zoo.ts';
import { busyWith, networksOf } from './storage-networks.ts';
import {
  databaseBytes,
  isRemovable,
  leftOut,
  partInfo,
  storageParts,
  type Kind,
  type Part,
  type Thing,
} from './storage-parts.ts';

/** What takes how much. Looks at every file of the library; with `few` only at what is known at once, and says what that leaves out. */
export async function storageReport(library: Library, look: 'all' | 'few' = 'all'): Promise<StorageReport> {
  const parts = (await storageParts(library, look)).map(partInfo);
  const elsewhere = [
    { name: 'Downloaded networks', folder: networkStore(), about: 'of all libraries; delete what is not needed there' },
    { name: 'Log', folder: logFolder(), about: 'of all libraries; old entries go by themselves' },
  ];
  return {
    parts,
    uncounted: look === 'few' ? leftOut() : [],
    // Matches lie in the database, whose bytes count once.
    bytes: parts.reduce((n, p) => n + (p.kind === 'matches' ? 0 : p.bytes), 0),
    database: { bytes: await databaseBytes(library), free: freePages(library) },
    free: roomAt(library.path),
    busy: busyWith(library),
    elsewhere: await Promise.all(
      elsewhere.map(async ({ name, folder, about }) => ({ name, about, bytes: bytesOf(await filesIn(folder)) })),
    ),
  };
}

type Asked = Pick<JobParams<'clean'>, 'remove' | 'allDerived' | 'networks' | 'olderThan' | 'force'>;

/** Something that goes: a thing, or those of its files that are old enough. */
export interface Going {
  readonly kind: Kind;
  readonly title: string;
  readonly thing: Thing;
}

/** What goes of a library, and what was named and stays. */
export interface Plan {
  readonly going: readonly Going[];
  readonly stays: JobResult<'clean'>['stays'];
}

/** That part of a thing that is old enough; undefined for none. */
function oldPart(kind: Kind, thing: Thing, before: number | undefined): Thing | undefined {
  if (before === undefined) return thing;
  if (FILE_BY_FILE.includes(kind)) {
    const files = thing.files.filter((f) => f.modified < before);
    return files.length === 0 ? undefined : { ...thing, files };
  }
  // What lies in the database has no age.
  if (thing.files.length === 0) return undefined;
  return thing.files.every((f) => f.modified < before) ? thing : undefined;
}

/**
 * What goes where this is asked for.
 * @throws CovisError `INPUT_INVALID` for a kind without such a thing, `NOT_FOUND` for a network that is not there, `STATE_CONFLICT` for a
 * network that something needs or names, saying what.
 */
export async function planCleaning(library: Library, asked: Asked, now = Date.now()): Promise<Plan> {
  const parts = await storageParts(library, 'all', now);
  const before = asked.olderThan === undefined ? undefined : now - ageInMs(asked.olderThan);
  const going = new Map<string, Going>();
  const stays: { kind: string; name: string; why: string }[] = [];
  const put = (part: Part, thing: Thing): void => {
    if (thing.kept != null && (thing.firm === true || !asked.force)) {
      stays.push({ kind: part.kind, name: nameOf(part, thing), why: thing.kept });
      return;
    }
    const old = oldPart(part.kind, thing, before);
    if (old !== undefined) going.set(keyOf(part, thing), { kind: part.kind, title: part.title, thing: old });
  };
  const kinds = [...(asked.allDerived ? DERIVED : []), ...asked.remove];
  for (const wanted of new Set(kinds)) {
    const [kind, id] = split(wanted);
    const part = parts.find((p) => p.kind === kind);
    if (id === undefined) {
      if (part !== undefined && isRemovable(part.kind)) for (const thing of part.things) put(part, thing);
      continue;
    }
    const thing = part?.things.find((t) => t.id === id);
    if (part === undefined || thing === undefined)
      throw new CovisError('INPUT_INVALID', `The library has no ${wanted}`, {
        hint:
          part === undefined
            ? `It has nothing of the kind ${kind}.`
            : `Of the kind ${kind} it has ${part.things
                .map((t) => t.id)
                .slice(0, 8)
                .join(', ')}.`,
      });
    put(part, thing);
  }
  for (const uid of networksToGo(library, asked)) {
    const [part, thing] = find(parts, (k, t) => (k === 'networks' || k === 'experiments') && t.network === uid)[0]!;
    going.set(keyOf(part, thing), { kind: part.kind, title: part.title, thing });
  }
  // What was computed by a network, or of a set, goes with it.
  for (const { kind, thing } of [...going.values()]) {
    const goesWith = find(parts, (k, t) =>
      kind === 'networks' || kind === 'experiments'
        ? t.network === thing.network && k !== kind
        : (kind === 'descriptors' || kind === 'regions') && k === 'maps' && t.id === thing.id,
    );
    for (const [part, t] of goesWith) going.set(keyOf(part, t), { kind: part.kind, title: part.title, thing: t });
  }
  return { going: [...going.values()], stays };
}

const keyOf = (part: Part, thing: Thing): string => `${part.kind}:${thing.id}`;

function find(parts: readonly Part[], test: (kind: Kind, thing: Thing) => boolean): [Part, Thing][] {
  return parts.flatMap((part) => part.things.filter((t) => test(part.kind, t)).map((t): [Part, Thing] => [part, t]));
}

const nameOf = (part: Part, thing: Thing): string => (thing.name === 'All' ? part.title : thing.name);

function split(wanted: string): [string, string | undefined] {
  const at = wanted.indexOf(':');
  return at < 0 ? [wanted, undefined] : [wanted.slice(0, at), wanted.slice(at + 1)];
}

/** Content hashes of the networks that were named. @throws CovisError `STATE_CONFLICT` for one that stays. */
function networksToGo(library: Library, asked: Asked): string[] {
  if (asked.networks.length === 0) return [];
  return asked.networks.map((wanted) => {
    const { uid } = networkRow(library, wanted);
    refuseNeeded(library, uid, asked.force);
    return uid;
  });
}

/** @throws CovisError `STATE_CONFLICT` for a network that something needs, or names where that is not overruled; it says what. */
export function refuseNeeded(library: Library, uid: string, force: boolean): void {
  const use = networksOf(library).find((u) => u.uid === uid);
  if (use?.kept == null || (force && !use.firm)) return;
  throw new CovisError('STATE_CONFLICT', `The network ${use.name} (${uid}) stays: ${use.kept}`, {
    hint: use.firm
      ? 'Let go of what needs it first.'
      : 'With --force it is removed all the same: the records stay, and name it as one that was removed.',
  });
}
