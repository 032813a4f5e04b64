/** Numbers and ids as a part of an address: few characters, none of which a browser writes otherwise. */

/** Characters of an address that say what is chosen, at most: mail programs and servers cut what is much longer. */
export const MOST_IN_ADDRESS = 2000;

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const VALUES: ReadonlyMap<string, number> = new Map([...DIGITS].map((d, i) => [d, i]));
const HALF = 2 ** 31;
/** Values of a digit, of which the upper half says that the number goes on. */
const BASE = 32;
/** Digits of an id in hexadecimal that are said, by threes in two characters: of a million photos two begin alike in 1 of 500 libraries. */
const BEGINNING = 12;
const BEGINS = /^[0-9a-f]{12}/;
const CHARACTERS = (BEGINNING / 3) * 2;

/** As many photos can be said at most. */
export const MOST_SAID = Math.floor(MOST_IN_ADDRESS / CHARACTERS);

/** @param numbers whole, from -2³¹ on and below 2³¹; small ones take one character. @throws RangeError where one is not. */
export function numbersText(numbers: Iterable<number>): string {
  let text = '';
  for (const n of numbers) {
    if (!Number.isInteger(n) || n < -HALF || n >= HALF) throw new RangeError(`${n} is no number of 32 bits`);
    let rest = n < 0 ? -2 * n - 1 : 2 * n;
    for (; rest >= BASE; rest = Math.floor(rest / BASE)) text += DIGITS[BASE + (rest % BASE)]!;
    text += DIGITS[rest]!;
  }
  return text;
}

/** What {@link numbersText} wrote; null for anything else. */
export function numbersOf(text: string): number[] | null {
  const numbers: number[] = [];
  let sum = 0;
  let unit = 1;
  for (const character of text) {
    const value = VALUES.get(character);
    if (value === undefined) return null;
    sum += (value % BASE) * unit;
    if (value >= BASE) {
      unit *= BASE;
      if (unit > HALF * 2) return null;
      continue;
    }
    // A number has one way to be written, and its last digit counts.
    if ((unit > 1 && value === 0) || sum >= 2 * HALF) return null;
    numbers.push(sum % 2 === 0 ? sum / 2 : -(sum + 1) / 2);
    sum = 0;
    unit = 1;
  }
  return unit === 1 ? numbers : null;
}

/** Photos by the beginnings of their ids, in their order; null where they are too many, or one has no id of a photo. */
export function photosText(ids: { readonly size: number } & Iterable<string>): string | null {
  if (ids.size > MOST_SAID) return null;
  let text = '';
  for (const id of ids) {
    if (!BEGINS.test(id)) return null;
    for (let i = 0; i < BEGINNING; i += 3) {
      const n = Number.parseInt(id.slice(i, i + 3), 16);
      text += DIGITS[n >> 6]! + DIGITS[n & 63]!;
    }
  }
  return text;
}

/** The beginnings of ids that {@link photosText} wrote, each once; null for anything else, and for none. */
export function beginningsOf(text: string): string[] | null {
  if (text === '' || text.length % CHARACTERS !== 0 || text.length > MOST_SAID * CHARACTERS) return null;
  const found = new Set<string>();
  let begin = '';
  for (let i = 0; i < text.length; i += 2) {
    const [high, low] = [VALUES.get(text[i]!), VALUES.get(text[i + 1]!)];
    if (high === undefined || low === undefined) return null;
    begin += (high * 64 + low).toString(16).padStart(3, '0');
    if (begin.length < BEGINNING) continue;
    found.add(begin);
    begin = '';
  }
  return [...found];
}
