import { MOST_IN_ADDRESS, numbersOf, numbersText } from '../../kit/short-text.ts';

const MOST_SUM = 2 ** 32;
const NUMBER = /^[0-9a-z]{1,7}$/;

/** By what rows are known again in a list: whose order or tuples are others, it is another number. @param numbers as mined, by row. */
export function sumOfRows(numbers: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const [row, number] of numbers) sum = (sum + (row + 1) * (number + 1)) % MOST_SUM;
  return sum;
}

/** Rows of a list as an address has them, by stretches, with {@link sumOfRows}; null where that is too long. */
export function rowsText(rows: Iterable<number>, sum: number): string | null {
  const stretches: number[] = [];
  let end = 0;
  for (const row of [...rows].sort((a, b) => a - b)) {
    if (stretches.length > 0 && row === end) stretches[stretches.length - 1]! += 1;
    else stretches.push(row - end, 1);
    end = row + 1;
    if (stretches.length > MOST_IN_ADDRESS) return null;
  }
  const text = `${sum.toString(36)}.${numbersText(stretches)}`;
  return text.length > MOST_IN_ADDRESS ? null : text;
}

/** What {@link rowsText} wrote of a list of so many rows; null for anything else. */
export function rowsOf(text: string, total: number): { readonly rows: readonly number[]; readonly sum: number } | null {
  const [all = '', stretches = '', ...more] = text.split('.');
  const numbers = text.length > MOST_IN_ADDRESS ? null : numbersOf(stretches);
  if (more.length > 0 || !NUMBER.test(all) || numbers === null || numbers.length < 2 || numbers.length % 2 !== 0)
    return null;
  const rows: number[] = [];
  let at = 0;
  for (let i = 0; i < numbers.length; i += 2) {
    const [gap, length] = [numbers[i]!, numbers[i + 1]!];
    if (gap < 0 || length < 1 || at + gap + length > total) return null;
    at += gap;
    for (let k = 0; k < length; k += 1) rows.push(at + k);
    at += length;
  }
  const sum = Number.parseInt(all, 36);
  return sum < MOST_SUM ? { rows, sum } : null;
}
