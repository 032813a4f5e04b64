import { counted } from './counted.ts';

/** What a job warned of, for where there is room for one: the first, and how many more; nothing where it did not. */
export function warned([first = '', ...more]: readonly string[]): string {
  return more.length === 0 ? first : `${first}, and ${counted(more.length, 'more warning')}`;
}
