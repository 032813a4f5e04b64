import { pick, type Mutator } from './bytes.ts';

const WORDS: readonly string[] = [
  '',
  ' ',
  '0',
  '-0',
  '-1',
  '1',
  '2',
  '255',
  '256',
  '2147483647',
  '2147483648',
  '4294967295',
  '4294967296',
  '9007199254740993',
  '18446744073709551615',
  '99999999999999999999999999',
  '1e9',
  '1e308',
  '1e999',
  '-1e999',
  '5e-324',
  'NaN',
  'nan',
  'inf',
  'Infinity',
  '-inf',
  '0x10',
  '1,5',
  '1_000',
  '+1',
  '.',
  '-',
  '1.2.3',
  '"',
  '""',
  "'",
  'null',
  'true',
  '[]',
  '{}',
  '#',
  '%s%n',
  '../../../../elsewhere',
  '/etc/hostname',
  'C:\\elsewhere',
  '\\\\server\\elsewhere',
  'a\0b',
  '\ufeff',
  '\u202e',
  '\ud83d\ude00',
  'e\u0301',
  '__proto__',
  'constructor',
  'toString',
  'x'.repeat(300),
];
/** Rarely wanted, for they take long to go through. */
const LONG = ['x'.repeat(70_000), '1 '.repeat(40_000), '9'.repeat(5000)];
/** What is no UTF-8: a lone continuation, a cut sequence, an overlong one, a surrogate, Latin-1. */
const BROKEN = ['\x80', '\xc3', '\xc0\xaf', '\xed\xa0\x80', '\xff\xfe', 'caf\xe9', '\xf4\x90\x80\x80'];

const text = (bytes: Buffer): string => bytes.toString('latin1');
const raw = (s: string): Buffer => Buffer.from(s, 'latin1');
/** A word as the bytes of its UTF-8. */
const utf8 = (s: string): string => Buffer.from(s).toString('latin1');

const line: Mutator = (r, bytes) => {
  const lines = text(bytes).split('\n');
  const at = r.below(lines.length);
  const [from, to] = [r.below(lines.length), r.below(lines.length)];
  switch (r.below(8)) {
    case 0:
      lines.splice(at, 1 + r.below(3));
      break;
    case 1:
      lines.splice(at, 0, ...Array<string>(r.next() < 0.9 ? 1 : 50).fill(lines[from]!));
      break;
    case 2:
      [lines[from], lines[to]] = [lines[to]!, lines[from]!];
      break;
    case 3:
      lines[at] = '';
      break;
    case 4:
      lines.splice(at, 2, `${lines[at]!}${pick(r, ['', ' ', '\r'])}${lines[at + 1] ?? ''}`);
      break;
    case 5:
      lines.length = at;
      break;
    case 6:
      return raw(lines.join(pick(r, ['\r\n', '\r', '\n\n', ' ', ''])));
    default:
      lines[at] = lines[at]!.slice(0, r.below(lines[at]!.length + 1));
  }
  return raw(lines.join('\n'));
};

/** A field between white space, commas and brackets becomes another. */
const field: Mutator = (r, bytes, other) => {
  const all = text(bytes);
  const fields = [...all.matchAll(/[^\s,;:[\]{}()"]+/g)];
  if (fields.length === 0) return bytes;
  const at = pick(r, fields);
  const own = at[0];
  const number = Number(own);
  const theirs = text(other).match(/[^\s,;:[\]{}()"]+/g);
  const near = Number.isFinite(number)
    ? [number + 1, number - 1, -number, number * 10, number * 1e30, number / 3, Math.trunc(number)].map(String)
    : [own + own, own.slice(1), own.toUpperCase(), `/${own}`, `${own} ${own}`];
  const word = r.next() < 0.02 ? pick(r, LONG) : r.next() < 0.4 ? pick(r, near) : pick(r, WORDS);
  const by = r.next() < 0.2 && theirs !== null ? pick(r, theirs) : utf8(word);
  return raw(all.slice(0, at.index) + by + all.slice(at.index + own.length));
};

const insert: Mutator = (r, bytes) => {
  const all = text(bytes);
  const at = r.below(all.length + 1);
  const what = pick(r, [
    '"',
    "'",
    '\n',
    '\r',
    '\r\n',
    '\t',
    ',',
    ';',
    ':',
    '[',
    ']',
    '{',
    '}',
    '(',
    ')',
    '\\',
    '\0',
    '#',
    '<',
    '>',
    '&',
    ' ',
    '-',
    '.',
    'e',
    utf8('\u00e9'),
    ...BROKEN,
    utf8('\ufeff'),
  ]);
  return raw(all.slice(0, at) + what + all.slice(at + (r.next() < 0.5 ? 0 : 1)));
};

/** As many programs of Windows write it. */
const encoded: Mutator = (r, bytes) => {
  const all = bytes.toString('utf8');
  const wide = Buffer.from(`\ufeff${all}`, 'utf16le');
  return pick(r, [wide, wide.subarray(0, wide.length - 1), Buffer.from(`\ufeff${all}`), Buffer.from(all, 'latin1')]);
};

/** Many of what is there once. */
const many: Mutator = (r, bytes) => {
  const lines = text(bytes).split('\n');
  const at = r.below(lines.length);
  return raw([...lines.slice(0, at), ...Array<string>(2000).fill(lines[at]!), ...lines.slice(at)].join('\n'));
};

/** What can be done to a text with lines and fields. */
export const TEXT_MUTATORS: readonly Mutator[] = [
  line,
  line,
  line,
  field,
  field,
  field,
  field,
  insert,
  insert,
  encoded,
];
export const RARE_TEXT_MUTATORS: readonly Mutator[] = [many];
