/** The one log of a person's Covis: a file that all processes and threads add whole entries to, rotated by size. */
import { appendFileSync, closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { threadId } from 'node:worker_threads';
import { userFolder } from './user-folder.ts';
import { makeFolder } from './folders.ts';

/** From the worst to the most talkative. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One entry as it stands in the file; `text` has a line for every line of a stack. */
export interface LogEntry {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly level: LogLevel;
  /** What part of Covis wrote it: `server`, `queue`, `page`, … */
  readonly component: string;
  /** Process id, with `.thread` where a thread wrote it. */
  readonly process: string;
  readonly text: string;
}

/** How large the file may become, and how many older ones are kept. */
export interface Rotation {
  readonly maxBytes: number;
  readonly kept: number;
}

const ROTATION: Rotation = { maxBytes: 2 << 20, kept: 4 };
const ENTRY_CHARACTERS = 16_384;
/** A lock older than this belongs to a process that died while it rotated. */
const LOCK_MS = 10_000;
const INDENT = '    ';
const ENTRY = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (error|warn|info|debug) +(\S+) \[([\d.]+)\] (.*)$/;

/** Folder of the logs: `COVIS_LOGS`, else `logs` in the person's own folder. */
export function logFolder(): string {
  const given = process.env['COVIS_LOGS'];
  return given !== undefined && given !== '' ? given : join(userFolder(), 'logs');
}

export function logFile(folder = logFolder()): string {
  return join(folder, 'covis.log');
}

/** The level named by `COVIS_LOG`; `info` where none is, or one that is not known. */
export function logLevel(): LogLevel {
  const given = process.env['COVIS_LOG'];
  return LOG_LEVELS.find((l) => l === given) ?? 'info';
}

/** Whether an entry of this level is wanted where `wanted` is asked for. */
export function atLeast(level: LogLevel, wanted: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(wanted);
}

const secrets = new Set<string>();

/** Keeps a word, such as a token, out of this process's log. */
export function hush(secret: string): void {
  if (secret !== '') secrets.add(secret);
}

/** Text without tokens: those that were {@link hush}ed, and what looks like one in an address, a header or a cookie. */
export function withoutSecrets(text: string): string {
  let out = text
    .replace(/([?&]token=)[^\s&"'#]+/g, '$1***')
    .replace(/(\bBearer )\S+/gi, '$1***')
    .replace(/(\bcovis_\w+=)[^\s;"']+/g, '$1***');
  for (const s of secrets) out = out.replaceAll(s, '***');
  return out;
}

/** What was handed to the logger as text: errors with stack, causes and their own properties. */
export function textOf(data: readonly unknown[]): string {
  return data.map((d) => (typeof d === 'string' ? d : inspect(d, { depth: 4, maxArrayLength: 20 }))).join(' ');
}

/** An entry as lines. Further lines of its text are indented, so that no text can pass for an entry of its own. */
export function formatEntry(e: Omit<LogEntry, 'process'>): string {
  // eslint-disable-next-line no-control-regex -- what a terminal would obey does not belong into a log
  const clean = withoutSecrets(e.text).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
  const cut = clean.length > ENTRY_CHARACTERS ? `${clean.slice(0, ENTRY_CHARACTERS)} … (cut)` : clean;
  const thread = threadId === 0 ? '' : `.${threadId}`;
  return `${e.time} ${e.level.padEnd(5)} ${e.component} [${process.pid}${thread}] ${cut.replaceAll('\n', `\n${INDENT}`)}\n`;
}

let failed = false;

/** Adds whole lines to the log and rotates it when it is full. Never throws: a log is not worth an error. */
export function appendEntry(lines: string, folder = logFolder(), rotation = ROTATION): void {
  const file = logFile(folder);
  try {
    makeFolder(folder);
    if (sizeOf(file) + lines.length > rotation.maxBytes) rotate(folder, lines.length, rotation);
    appendFileSync(file, lines, { mode: 0o600 });
  } catch (error) {
    if (!failed) process.stderr.write(`The log cannot be written: ${file}: ${String(error)}\n`);
    failed = true;
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function older(folder: string, n: number): string {
  return n === 0 ? logFile(folder) : join(folder, `covis.${n}.log`);
}

/** One process rotates; others go on writing to the file that is there, under whatever name. */
function rotate(folder: string, coming: number, { maxBytes, kept }: Rotation): void {
  const lock = join(folder, 'covis.log.lock');
  if (Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > LOCK_MS)
    rmSync(lock, { force: true });
  try {
    closeSync(openSync(lock, 'wx'));
  } catch {
    return;
  }
  try {
    // Another may have done it between our look and the lock.
    if (sizeOf(logFile(folder)) + coming <= maxBytes) return;
    rmSync(older(folder, kept), { force: true });
    for (let n = kept - 1; n >= 0; n -= 1)
      if (existsSync(older(folder, n))) renameSync(older(folder, n), older(folder, n + 1));
  } finally {
    rmSync(lock, { force: true });
  }
}

/** What a logger hands over for writing. */
export interface LogMessage {
  readonly data: readonly unknown[];
  readonly date: Date;
  readonly level: string;
  readonly scope?: string | undefined;
}

/** Writes a message of at least the level asked for to the log, and to standard error where `COVIS_VERBOSE` is 1. */
export function writeMessage(message: LogMessage): void {
  const level = LOG_LEVELS.find((l) => l === message.level) ?? 'info';
  if (!atLeast(level, logLevel())) return;
  const lines = formatEntry({
    time: message.date.toISOString(),
    level,
    component: message.scope ?? 'covis',
    text: textOf(message.data),
  });
  appendEntry(lines);
  if (process.env['COVIS_VERBOSE'] === '1') process.stderr.write(lines);
}

/** The entries in a piece of a log; lines before the first whole entry are passed over. */
export function parseLog(text: string): LogEntry[] {
  const out: LogEntry[] = [];
  for (const line of text.split('\n')) {
    const m = ENTRY.exec(line);
    if (m !== null) {
      const [, time, level, component, process, first] = m as unknown as [
        string,
        string,
        LogLevel,
        string,
        string,
        string,
      ];
      out.push({ time, level, component, process, text: first });
    } else if (out.length > 0 && line.startsWith(INDENT)) {
      const last = out.pop()!;
      out.push({ ...last, text: `${last.text}\n${line.slice(INDENT.length)}` });
    }
  }
  return out;
}

/** The last `count` entries of a level, older files included where the newest has too few. */
export function lastEntries(count: number, level: LogLevel, folder = logFolder()): LogEntry[] {
  let out: LogEntry[] = [];
  for (let n = 0; out.length < count; n += 1) {
    if (!existsSync(older(folder, n))) break;
    const entries = parseLog(readFileSync(older(folder, n), 'utf8')).filter((e) => atLeast(e.level, level));
    out = [...entries, ...out];
  }
  return count === 0 ? [] : out.slice(-count);
}
