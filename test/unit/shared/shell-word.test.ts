import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { shellWord } from '../../../src/shared/shell-word.ts';

const SRC = join(import.meta.dirname, '../../../src');

it('a word that is copied into a shell arrives as it was', () => {
  for (const word of [
    '/photos/2024',
    'Schöne Bibliothek',
    'a "b" $HOME `id` \\c',
    "it's",
    '',
    ' two  blanks ',
    '(1) & more; x*',
    'Paris!now',
    "the mayor's !1",
  ])
    expect(execFileSync('sh', ['-c', `printf %s ${shellWord(word)}`], { encoding: 'utf8' }), word).toBe(word);
});

it('what an interactive shell would take from its history arrives as it was', () => {
  const word = 'Hello !echo "world"';
  // The first line is what `!echo` would bring.
  const typed = `set -o history -o histexpand\necho before\nprintf %s ${shellWord(word)}\n`;
  expect(execFileSync('bash', ['--norc'], { input: typed, encoding: 'utf8' })).toBe(`before\n${word}`);
});

it('a path of Windows stands in double quotes as it is', () => {
  expect(['C:\\Users\\a\\L', 'D:/My photos', '\\\\nas\\photos 2024', 'C:/photos'].map(shellWord)).toEqual([
    '"C:\\Users\\a\\L"',
    '"D:/My photos"',
    '"\\\\nas\\photos 2024"',
    'C:/photos',
  ]);
  expect(shellWord('C:\\my photos\\')).toBe('"C:\\my photos\\\\"');
});

it('a command that a message offers quotes the path in it', () => {
  const offered =
    /\bcovis [a-z]+(?: [a-z]+)? \$\{(?!shellWord\(|words\()(?![^}]*map\(shellWord\))[^}]*(?:path|folder|root|library|file|name\)|\.out)\b[^}]*\}/;
  const bare = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|vue)$/.test(file))
    .flatMap((file) =>
      readFileSync(join(SRC, file), 'utf8')
        .split('\n')
        .filter((line) => offered.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    );
  expect(bare).toEqual([]);
});
