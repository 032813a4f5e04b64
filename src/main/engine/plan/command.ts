import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { resourcePath } from '../environment/resources.ts';

/** How this Covis is started as a command: its Node and its command line, as words. */
export function covisCommand(): readonly string[] {
  const root = join(resourcePath(), '..');
  const source = join(root, 'src', 'main', 'cli', 'index.ts');
  const script = existsSync(source) ? source : join(root, 'out', 'engine', 'main', 'cli', 'index.js');
  return [process.execPath, '--disable-warning=ExperimentalWarning', script];
}

/** A word as a shell of Unix takes it for one. */
export function quotedWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

export const commandText = (words: readonly string[]): string => words.map(quotedWord).join(' ');

/** Words of a text as a person would write them for a shell: blanks part them, quotes keep them together. Undefined for an open quote. */
export function wordsOf(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i]!;
    if (quote !== '') {
      if (c === quote) quote = '';
      else word += c;
    } else if (c === '"' || c === "'") {
      quote = c;
      word ??= '';
    } else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + c;
  }
  if (quote !== '') return undefined;
  return word === undefined ? words : [...words, word];
}
