/** What a person chose to remove, thing by thing, and what is sent for it. */
import type { StorageItem, StoragePart, StorageReport } from '../../../shared/facts/storage.ts';
import { FILE_BY_FILE } from '../../../shared/facts/removable.ts';
import type { PageJob } from '../../../shared/jobs/index.ts';

/** One thing of a kind. */
export interface Choice {
  readonly part: StoragePart;
  readonly item: StorageItem;
}

export function keyOf(part: StoragePart, item: StorageItem): string {
  return `${part.kind}:${item.id}`;
}

/** True where a person may choose it at all. */
export function mayGo(part: StoragePart, item: StorageItem): boolean {
  return !item.firm && (part.removable || part.kind === 'networks');
}

/** True where it goes with its kind, without more being said. */
export function goesAtOnce(part: StoragePart, item: StorageItem): boolean {
  return part.removable && item.kept === null;
}

/** Those of the keys that are there. */
export function choicesOf(report: StorageReport | null, keys: ReadonlySet<string>): Choice[] {
  return (report?.parts ?? []).flatMap((part) =>
    part.items.filter((item) => keys.has(keyOf(part, item)) && mayGo(part, item)).map((item) => ({ part, item })),
  );
}

/** What was computed by networks that go, or of descriptors that go, and goes with them without being chosen. */
export function goingAlong(report: StorageReport | null, choices: readonly Choice[]): Choice[] {
  const chosen = new Set(choices.map((c) => keyOf(c.part, c.item)));
  const networks = new Set(choices.filter((c) => IS_NETWORK.has(c.part.kind)).map((c) => c.item.id));
  const sets = new Set(choices.filter((c) => IS_SET.has(c.part.kind)).map((c) => c.item.id));
  return (report?.parts ?? []).flatMap((part) =>
    part.items
      .filter(
        (item) =>
          !chosen.has(keyOf(part, item)) &&
          !IS_NETWORK.has(part.kind) &&
          ((item.network !== null && networks.has(item.network)) || (part.kind === 'maps' && sets.has(item.id))),
      )
      .map((item) => ({ part, item })),
  );
}

const IS_NETWORK: ReadonlySet<string> = new Set(['networks', 'experiments']);
const IS_SET: ReadonlySet<string> = new Set(['descriptors', 'regions']);

export function bytesOf(choices: readonly Choice[]): number {
  return choices.reduce((n, c) => n + c.item.bytes, 0);
}

/** What is called by its kind where it is the only thing of it. */
export function nameOf({ part, item }: Choice): string {
  return item.name === 'All' ? part.title : item.name;
}

/** Days that something was not written for, by how the job says them. */
export const AGES = { '1d': 1, '7d': 7, '30d': 30, '90d': 90, '365d': 365 } as const;
export type Age = keyof typeof AGES;
const DAY_MS = 86_400_000;

/**
 * Those of the choices of which something is older than that. Networks were chosen by name, and go whatever their age; what lies in the
 * database has none and stays.
 */
export function olderOf(choices: readonly Choice[], age: Age | undefined, now: number): Choice[] {
  if (age === undefined) return [...choices];
  return choices.filter((c) => c.part.kind === 'networks' || isOld(c, age, now) || isInFiles(c));
}

/** True where all of it was written before that. */
function isOld({ item }: Choice, age: Age, now: number): boolean {
  return item.written !== null && Date.parse(item.written) < now - AGES[age] * DAY_MS;
}

function isInFiles({ part, item }: Choice): boolean {
  return FILE_BY_FILE.includes(part.kind) && item.written !== null;
}

/** True where only those of its files go that are old, and how many that are is seen when they are looked at. */
export function goesInPart(c: Choice, age: Age | undefined, now: number): boolean {
  return age !== undefined && c.part.kind !== 'networks' && isInFiles(c) && !isOld(c, age, now);
}

/** The job that removes these. What is kept because records name it was chosen by itself, which is to force it. */
export function cleaning(choices: readonly Choice[], compact: boolean, olderThan?: Age): PageJob {
  return {
    kind: 'clean',
    remove: choices.filter((c) => c.part.kind !== 'networks').map((c) => keyOf(c.part, c.item)),
    networks: choices.filter((c) => c.part.kind === 'networks').map((c) => c.item.id),
    force: choices.some((c) => c.item.kept !== null),
    vacuum: compact,
    ...(olderThan === undefined ? {} : { olderThan }),
    yes: true,
  };
}
