/** The folder of an export in the making: beside its place, whole or not there, and gone on with after a kill. */
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { CovisError } from '../../../../shared/errors.ts';
import { sha256 } from '../../../../shared/facts/collections.ts';
import { count } from '../../../../shared/facts/facts.ts';
import { makeFolder } from '../../environment/folders.ts';
import { diskError } from '../../formats/disk.ts';
import { refuseDevice, type Placing } from '../../formats/target.ts';
import { ownFile } from '../../library/file-owner.ts';
import { isSystemName } from '../../library/photo-kinds.ts';
import { looksOwn } from './own-exports.ts';
import type { FileDigest } from './digests.ts';

/** What an unfinished export has finished, a line a file; it marks the folder as ours. */
const JOURNAL = 'covis-unfinished';
const line = z.object({ path: z.string(), sha256, bytes: count });
const first = z.object({ key: z.string() });

/** An export in the making. */
export interface Making {
  /** Where it is made: `<place>.partial`. */
  readonly path: string;
  /** Files that an earlier attempt at the same finished. */
  readonly finished: ReadonlyMap<string, FileDigest>;
  /** Notes a file that is whole. */
  note(path: string, file: FileDigest): void;
  /** Puts the folder in its place. */
  finish(): void;
  /** To be called at the end in any case. @param keep leaves what is unfinished, so that the next attempt goes on from it. */
  release(keep: boolean): void;
}

/**
 * Begins an export, or goes on with one that was cut short.
 * @param place absolute path, outside of libraries. @param key of what is exported and how: what another one left is thrown away.
 * @throws CovisError `STATE_CONFLICT` while another program writes there, for a folder that is there, without `force`, and for one that holds
 * anything but an export, with it.
 */
export function beginExport(place: string, key: string, how: Placing): Making {
  const path = `${place}.partial`;
  const before = `${place}.before`;
  const journal = join(path, JOURNAL);
  refuseDevice(place);
  try {
    makeFolder(dirname(place));
  } catch (cause) {
    throw diskError(cause);
  }
  const release = ownFile(path, {
    taken: 'An export to this folder is under way',
    hint: 'Wait until that one is done, or name another folder.',
    refused: 'This folder cannot be written',
  });
  let finished: ReadonlyMap<string, FileDigest> = new Map();
  try {
    // Killed between two renames.
    if (existsSync(before) && !existsSync(place) && looksOwn(before)) renameSync(before, place);
    refuseTaken(place, how);
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
      if (!existsSync(journal))
        throw new CovisError('STATE_CONFLICT', 'Something that is not of Covis lies where this export would be made', {
          file: path,
          hint: 'Move it away, or name another folder.',
        });
      const left = readJournal(journal, key);
      if (left === undefined) rmSync(path, { recursive: true, force: true });
      else finished = left;
    }
    if (finished.size === 0) {
      rmSync(path, { recursive: true, force: true });
      mkdirSync(path);
    }
    // What a kill cut short at the end of the journal goes.
    const lines = [JSON.stringify({ key }), ...[...finished].map(([p, f]) => JSON.stringify({ path: p, ...f }))];
    writeFileSync(`${journal}.new`, `${lines.join('\n')}\n`);
    renameSync(`${journal}.new`, journal);
  } catch (error) {
    release();
    throw diskError(error);
  }
  let done = false;
  let noted: number | undefined;
  const closeJournal = (): void => {
    if (noted !== undefined) closeSync(noted);
    noted = undefined;
  };
  return {
    path,
    finished,
    note(file, digest) {
      noted ??= openSync(journal, 'a');
      writeSync(noted, `${JSON.stringify({ path: file, ...digest })}\n`);
    },
    finish() {
      closeJournal();
      rmSync(journal);
      done = true;
      if (statSync(place, { throwIfNoEntry: false }) !== undefined) {
        refuseTaken(place, how);
        if (readdirSync(place).length === 0) rmdirSync(place);
        else renameSync(place, before);
      }
      renameSync(path, place);
      if (existsSync(before) && looksOwn(before)) rmSync(before, { recursive: true, force: true });
    },
    release(keep) {
      closeJournal();
      if (!keep && !done) rmSync(path, { recursive: true, force: true });
      release();
    },
  };
}

function readJournal(file: string, key: string): Map<string, FileDigest> | undefined {
  const lines = readFileSync(file, 'utf8').split('\n');
  const parsed = (text: string | undefined): unknown => {
    try {
      return JSON.parse(text ?? '');
    } catch {
      // The line that was being written.
      return undefined;
    }
  };
  const head = first.safeParse(parsed(lines[0]));
  if (!head.success || head.data.key !== key) return undefined;
  const found = new Map<string, FileDigest>();
  for (const text of lines.slice(1)) {
    const one = line.safeParse(parsed(text));
    if (one.success) found.set(one.data.path, { sha256: one.data.sha256, bytes: one.data.bytes });
  }
  return found;
}

function refuseTaken(place: string, { force }: Placing): void {
  const there = statSync(place, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isDirectory())
    throw new CovisError('INPUT_INVALID', 'This is a file, and the export is a folder', {
      file: place,
      hint: 'Name a new or an empty folder.',
    });
  const names = readdirSync(place);
  if (names.length === 0) return;
  if (force !== true)
    throw new CovisError('STATE_CONFLICT', 'This folder is there already', {
      file: place,
      hint: 'Name another folder, or replace the export that lies there with --force.',
    });
  const foreign = looksOwn(place) ? undefined : (names.find((n) => !isSystemName(n)) ?? names[0]);
  if (foreign !== undefined)
    throw new CovisError('STATE_CONFLICT', `This folder holds what is not of an export, like ${foreign}`, {
      file: place,
      hint: 'Name a new folder: --force replaces exports alone.',
    });
}
