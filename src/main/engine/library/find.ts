import { CovisError } from '../../../shared/errors.ts';

/** What a person may call a thing of the library. */
export interface Called {
  /** Its content hash. */
  readonly id: string;
  readonly name: string;
}

const LISTED = 5;
/** A beginning of a content hash has at least so many digits: shorter ones are more likely words. */
const SHORTEST_BEGINNING = 4;

/**
 * The one thing that a person means: by its content hash, its exact name, or a beginning of its content hash that no other has. Nothing
 * is guessed and nothing in `wanted` is a wildcard. An exact hash counts before a name, a name before a beginning.
 * @param what as messages say it: `network`. @param hint what else would help.
 * @throws CovisError `NOT_FOUND` that lists what there is, `INPUT_INVALID` that lists what it may be.
 */
export function findOne<T>(
  what: string,
  wanted: string,
  things: readonly T[],
  called: (thing: T) => Called,
  hint?: string,
): T {
  const found = findNamed(what, wanted, things, called) ?? findBegun(what, wanted, things, called);
  if (found !== undefined) return found;
  throw new CovisError('NOT_FOUND', `The library has no ${what} ${quoted(wanted)}`, {
    hint: [listed(what, things, called), hint].filter((h) => h !== undefined).join(' '),
  });
}

/** By its whole hash or its exact name; undefined where there is none. @throws CovisError `INPUT_INVALID` where several have the name. */
export function findNamed<T>(
  what: string,
  wanted: string,
  things: readonly T[],
  called: (thing: T) => Called,
): T | undefined {
  const id = wanted.toLowerCase();
  const exact = things.find((t) => called(t).id === id);
  if (exact !== undefined) return exact;
  const name = wanted.normalize('NFC');
  return single(
    what,
    things.filter((t) => called(t).name.normalize('NFC') === name),
    called,
    `are called ${quoted(wanted)}`,
  );
}

/** By the beginning of its hash; undefined where there is none. @throws CovisError `INPUT_INVALID` where several begin so. */
export function findBegun<T>(
  what: string,
  wanted: string,
  things: readonly T[],
  called: (thing: T) => Called,
): T | undefined {
  const begin = wanted.toLowerCase();
  if (begin.length < SHORTEST_BEGINNING || !/^[0-9a-f]+(-\d+)?$/.test(begin)) return undefined;
  return single(
    what,
    things.filter((t) => called(t).id.startsWith(begin)),
    called,
    `begin with ${begin}`,
  );
}

function single<T>(what: string, found: readonly T[], called: (thing: T) => Called, how: string): T | undefined {
  if (found.length <= 1) return found[0];
  throw new CovisError('INPUT_INVALID', `${found.length} ${what}s ${how}`, {
    hint: `Name one by its hash: ${some(found, called)}.`,
  });
}

/** What there is, as a sentence: the last few, which are the newest. */
function listed<T>(what: string, things: readonly T[], called: (thing: T) => Called): string {
  return things.length === 0 ? `It has no ${what}s.` : `It has ${some(things.toReversed(), called)}.`;
}

function some<T>(things: readonly T[], called: (thing: T) => Called): string {
  const first = things.slice(0, LISTED).map((t) => `${called(t).id} (${called(t).name})`);
  return `${first.join(', ')}${things.length > LISTED ? ` and ${things.length - LISTED} more` : ''}`;
}

/** A text as messages show it: spaces at its ends can be seen. */
export function quoted(text: string): string {
  return `"${text}"`;
}

/** What numbers there are, as a sentence for a hint: `It has runs 7, 6, 5 and 4 more.` */
export function numbersThereAre(what: string, numbers: readonly number[]): string {
  if (numbers.length === 0) return `It has no ${what}s.`;
  const rest = numbers.length - LISTED;
  return `It has ${what}s ${numbers.slice(0, LISTED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}.`;
}
