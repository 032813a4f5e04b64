/** `covis logs`: what Covis wrote into its log. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { z } from 'zod';
import {
  atLeast,
  lastEntries,
  LOG_LEVELS,
  logFile,
  parseLog,
  type LogEntry,
  type LogLevel,
} from '../../engine/environment/log-file.ts';
import { command } from '../program/command.ts';
import { print } from '../program/output.ts';

const LOOK_MS = 200;

export const logs = command({
  name: 'logs',
  summary: 'show what Covis wrote into its log, of every process',
  options: {
    follow: z.boolean().default(false).meta({ help: 'go on until Ctrl C' }),
    level: z.enum(LOG_LEVELS).default('debug').meta({ help: 'only this and worse' }),
    lines: z.int().min(0).max(1_000_000).default(50).meta({ help: 'so many of the last entries' }),
    path: z.boolean().default(false).meta({ help: 'print only where the log is' }),
  },
  run: async ({ json, level, lines, ...o }) => {
    const file = logFile();
    if (o.path) return print(json, { path: file }, () => [file]);
    if (!o.follow) {
      const entries = lastEntries(lines, level);
      print(json, { path: file, entries }, () => entries.map(entryLines));
      return;
    }
    const show = (e: LogEntry): void => print(json, e, () => [entryLines(e)]);
    const from = statSync(file, { throwIfNoEntry: false });
    lastEntries(lines, level).forEach(show);
    await follow(file, level, from?.size ?? 0, from?.ino, show);
  },
});

function entryLines(e: LogEntry): string {
  return `${e.time} ${e.level.padEnd(5)} ${e.component} [${e.process}] ${e.text.replaceAll('\n', '\n    ')}`;
}

/** Shows what is added from byte `at` on until the process is asked to end; goes on in the new file when the log is rotated. */
async function follow(
  file: string,
  level: LogLevel,
  at: number,
  inode: number | undefined,
  show: (e: LogEntry) => void,
): Promise<void> {
  let ended = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (ended = true));
  let fd: number | undefined;
  const rest = (): void => {
    if (fd === undefined) return;
    const parts: Buffer[] = [];
    const buffer = Buffer.alloc(1 << 16);
    for (let n = readSync(fd, buffer, 0, buffer.length, at); n > 0; n = readSync(fd, buffer, 0, buffer.length, at)) {
      parts.push(Buffer.from(buffer.subarray(0, n)));
      at += n;
    }
    for (const e of parseLog(Buffer.concat(parts).toString('utf8'))) if (atLeast(e.level, level)) show(e);
  };
  while (!ended) {
    const now = statSync(file, { throwIfNoEntry: false });
    if (now !== undefined && (fd === undefined || now.ino !== inode)) {
      // The old file may have got its last lines after we looked.
      rest();
      if (fd !== undefined) closeSync(fd);
      if (now.ino !== inode) at = 0;
      inode = now.ino;
      fd = openSync(file, 'r');
    }
    rest();
    await new Promise((r) => setTimeout(r, LOOK_MS));
  }
  if (fd !== undefined) closeSync(fd);
}
