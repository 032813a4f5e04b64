/** What a job wrote for a page to download: in a folder of its own, sent once, and gone. */
import { randomUUID } from 'node:crypto';
import { createReadStream, existsSync, mkdtempSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative, sep } from 'node:path';
import { Readable } from 'node:stream';
import { CovisError } from '../../../shared/errors.ts';
import { freeBytes } from '../formats/disk.ts';
import { zip } from '../formats/zip.ts';

/** Something to send to a browser that keeps it as a file. */
export interface Download {
  readonly name: string;
  readonly stream: Readable;
  /** Bytes; undefined where that is not known before. */
  readonly length?: number;
  /** To be called when it was sent, or could not be. */
  done(): void;
}

interface Kept {
  readonly folder: string;
  readonly name: string;
  /** Whether the job has written it. */
  readonly ready: () => boolean;
  readonly timer: NodeJS.Timeout;
}

/** So many wait to be downloaded at most. */
const MOST = 4;
/** What nobody took goes after so long. */
const KEPT_MS = 30 * 60_000;
/** So much has to be free where they are written. */
const ROOM = 1 << 30;
const PREFIX = 'covis-download-';
const ABANDONED_MS = 24 * 3600_000;

export class Downloads {
  readonly #kept = new Map<string, Kept>();

  /**
   * Makes room for something that a job writes.
   * @param name of the archive, without ending. @param start begins the job, given where it writes; its answer says whether it is done.
   * @throws CovisError `DISK_FULL`, `STATE_CONFLICT` where too many are being written.
   */
  begin<T extends { readonly ready: () => boolean }>(
    name: string,
    start: (out: string) => T,
  ): { id: string; started: T } {
    this.#makeRoom();
    const folder = mkdtempSync(join(tmpdir(), PREFIX));
    try {
      const started = start(folder);
      const id = randomUUID().replaceAll('-', '');
      const timer = setTimeout(() => this.#remove(id), KEPT_MS).unref();
      this.#kept.set(id, { folder, name, ready: started.ready, timer });
      return { id, started };
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /**
   * Writes one file to be downloaded, and waits for it.
   * @param file its name. @param fill writes it at the path that it is given. @returns its id. @throws as {@link begin} and `fill`.
   */
  async write(file: string, fill: (path: string) => Promise<unknown>): Promise<string> {
    let written = false;
    const { id, started } = this.begin(file, (within) => ({ ready: () => written, done: fill(join(within, file)) }));
    try {
      await started.done;
    } catch (error) {
      this.#remove(id);
      throw error;
    }
    written = true;
    return id;
  }

  /** What was written, once. @throws CovisError `NOT_FOUND` for what is not there, was taken, or is not done. */
  take(id: string): Download {
    const kept = this.#kept.get(id);
    if (kept?.ready() !== true)
      throw new CovisError('NOT_FOUND', 'There is nothing to download', {
        hint: 'Each export is sent once: export it again.',
      });
    this.#kept.delete(id);
    clearTimeout(kept.timer);
    const gone = (): void => rmSync(kept.folder, { recursive: true, force: true });
    const sent = (stream: Readable): Pick<Download, 'stream' | 'done'> => ({
      stream,
      done: () => {
        stream.destroy();
        gone();
      },
    });
    const members = readdirSync(kept.folder, { recursive: true, withFileTypes: true })
      .filter((e) => e.isFile())
      .map((e) => join(e.parentPath, e.name))
      .sort()
      .map((file) => ({ file, name: relative(kept.folder, file).split(sep).join('/') }));
    const [first] = members;
    if (first === undefined) {
      gone();
      throw new CovisError('NOT_FOUND', 'Nothing was written');
    }
    if (members.length === 1)
      return {
        name: basename(first.file),
        length: statSync(first.file).size,
        // Opened now: a stream that opens later finds no file where nobody reads it.
        ...sent(createReadStream(first.file, { fd: openSync(first.file, 'r') })),
      };
    return { name: `${kept.name}.zip`, ...sent(Readable.from(zip(members))) };
  }

  /** Removes everything, as when the library is closed: jobs that wrote it are gone. */
  close(): void {
    for (const id of [...this.#kept.keys()]) this.#remove(id);
  }

  #remove(id: string): void {
    const kept = this.#kept.get(id);
    this.#kept.delete(id);
    clearTimeout(kept?.timer);
    if (kept !== undefined) rmSync(kept.folder, { recursive: true, force: true });
  }

  #makeRoom(): void {
    for (const [id, { ready }] of this.#kept) {
      if (this.#kept.size < MOST) break;
      if (ready()) this.#remove(id);
    }
    if (this.#kept.size >= MOST)
      throw new CovisError('STATE_CONFLICT', `${MOST} exports are being written already`, {
        hint: 'Wait until one is done.',
      });
    sweepAbandoned();
    if ((freeBytes(tmpdir()) ?? Infinity) < ROOM)
      throw new CovisError('DISK_FULL', 'There is too little room to write an export for download', {
        file: tmpdir(),
        hint: 'Free some, or write it where there is room: covis export',
      });
  }
}

/** Removes what programs left that were killed. */
function sweepAbandoned(): void {
  const now = Date.now();
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const folder = join(tmpdir(), name);
    try {
      if (existsSync(folder) && now - statSync(folder).mtimeMs > ABANDONED_MS)
        rmSync(folder, { recursive: true, force: true });
    } catch {
      // Another account's.
    }
  }
}
