/** What the operating system and SQLite refuse, in words for a person. */
import type { ErrorCode } from './error-codes.ts';

/** Code, sentence, and what to do. */
export type Words = readonly [code: ErrorCode, message: string, hint: string];

const FORBIDDEN: Words = [
  'INPUT_INVALID',
  'The system does not permit this',
  'Give this account the permission to read it, or to write there, or name another place.',
];
const UNREADABLE: Words = [
  'INPUT_INVALID',
  'This may not be read',
  'Give this account the permission to read it, and to enter the folders above it.',
];
const NOT_THERE: Words = [
  'INPUT_MISSING',
  'This does not exist',
  'Look whether the path is right and its disk is there.',
];
const FULL: Words = ['DISK_FULL', 'The disk is full', 'Make room on it, then do this again.'];
const QUOTA: Words = [
  'DISK_FULL',
  'This account may put no more on the disk',
  'Make room, or have its quota raised, then do this again.',
];
const READ_ONLY: Words = ['READ_ONLY', 'This disk cannot be written to', 'Name a place on another disk.'];
const AWAY: Words = [
  'INPUT_MISSING',
  'The disk of this is gone, or the connection to it',
  'Connect the disk again, then do this again.',
];
const MANY: Words = [
  'STATE_CONFLICT',
  'Too many files are open',
  'Close other programs, or raise the limit with ulimit -n, then do this again.',
];
const FAILED: Words = [
  'INPUT_CORRUPT',
  'The disk fails to read or write this',
  'Look whether the disk is sound, and copy what is on it to another.',
];

const BUSY: Words = [
  'STATE_CONFLICT',
  'Another program is writing to the database',
  'Do this again when that one is done.',
];

/** What Node has no name for, by the numbers of Linux and macOS. */
const NUMBERED: Readonly<Record<string, string>> = {
  '122': 'EDQUOT',
  '69': 'EDQUOT',
  '116': 'ESTALE',
  '70': 'ESTALE',
  '123': 'ENOMEDIUM',
  '121': 'EIO',
};

/** Where it is known that a file was to be read. */
const OF_READING: Readonly<Record<string, Words>> = {
  ENOENT: ['INPUT_MISSING', 'This file does not exist', NOT_THERE[2]],
  EACCES: UNREADABLE,
  EPERM: UNREADABLE,
};

const WORDS: Readonly<Record<string, Words>> = {
  ENOENT: NOT_THERE,
  ENOTDIR: [
    'INPUT_INVALID',
    'A part of this path is a file, and a folder is wanted',
    'Look whether the path is right.',
  ],
  EISDIR: ['INPUT_INVALID', 'This is a folder, and a file is wanted', 'Name a file in it.'],
  EEXIST: ['STATE_CONFLICT', 'This exists already', 'Name another place, or take this away first.'],
  ENOTEMPTY: ['STATE_CONFLICT', 'This folder is not empty', 'Name another place, or empty this one first.'],
  EACCES: FORBIDDEN,
  EPERM: FORBIDDEN,
  EROFS: READ_ONLY,
  ENOSPC: FULL,
  EDQUOT: QUOTA,
  EFBIG: [
    'DISK_FULL',
    'The disk takes no file as large as this',
    'Name a place on another disk, or raise the limit with ulimit -f.',
  ],
  ENODEV: AWAY,
  ENXIO: AWAY,
  ENOTCONN: AWAY,
  EHOSTDOWN: AWAY,
  EHOSTUNREACH: AWAY,
  ESTALE: AWAY,
  ENOMEDIUM: AWAY,
  ETIMEDOUT: AWAY,
  EMFILE: MANY,
  ENFILE: MANY,
  ELOOP: ['INPUT_INVALID', 'This is a link that leads in a circle', 'Name the file or folder itself.'],
  ENAMETOOLONG: ['INPUT_INVALID', 'This name is longer than the disk takes', 'Name a shorter one.'],
  EBUSY: ['STATE_CONFLICT', 'Another program holds this', 'Close that one, then do this again.'],
  EIO: FAILED,
  SQLITE_FULL: ['DISK_FULL', 'The disk of the database is full', FULL[2]],
  SQLITE_BUSY: BUSY,
  SQLITE_LOCKED: BUSY,
  SQLITE_PROTOCOL: BUSY,
  SQLITE_READONLY: [
    'READ_ONLY',
    'The database cannot be written to',
    'Give this account the permission to write to its file and folder, or copy it to another disk.',
  ],
  SQLITE_CANTOPEN: [
    'INPUT_INVALID',
    'The database cannot be opened',
    'Give this account the permission to read and write its file and folder.',
  ],
  SQLITE_IOERR: FAILED,
  SQLITE_CORRUPT: ['INPUT_CORRUPT', 'The database is damaged', 'Put back a copy of it.'],
  SQLITE_NOTADB: ['INPUT_CORRUPT', 'This file is no SQLite database', 'Put back a copy of it.'],
};

/**
 * The words for what a call of the system or of SQLite threw; undefined for anything else. `file` is the path that it named.
 * @param doing where that is known.
 * Extended codes of SQLite (`SQLITE_IOERR_WRITE`) count as what they are a kind of.
 */
export function systemWords(
  error: unknown,
  doing?: 'reading',
): { readonly words: Words; readonly file: string | undefined } | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code: given, path, syscall } = error as { code?: unknown; path?: unknown; syscall?: unknown };
  if (typeof given !== 'string') return undefined;
  const code = codeOf(given, syscall);
  const words =
    (doing === undefined ? undefined : OF_READING[code]) ?? WORDS[code] ?? WORDS[code.split('_').slice(0, 2).join('_')];
  return words === undefined ? undefined : { words, file: typeof path === 'string' ? path : undefined };
}

function codeOf(given: string, syscall: unknown): string {
  // A folder is made of what is there already only where that is a file.
  if (given === 'EEXIST' && syscall === 'mkdir') return 'ENOTDIR';
  return NUMBERED[/^Unknown system error -(\d+)$/.exec(given)?.[1] ?? ''] ?? given;
}
