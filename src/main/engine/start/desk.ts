/** What an engine knows and does before a library is open: which there were, which folders may be chosen, the sample. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { RecentLibrary, StartOverview } from '../../../shared/facts/start.ts';
import { CovisError } from '../../../shared/errors.ts';
import {
  addLibraries,
  forgetLibrary,
  isSearched,
  noteSearched,
  knownLibraries,
  pictureFile,
  type KnownLibrary,
} from '../environment/known-libraries.ts';
import { damagedFiles } from '../environment/kept-file.ts';
import { settingsFile } from '../environment/settings.ts';
import { bytesOf, filesIn } from '../library/storage.ts';
import { Library } from '../library/library.ts';
import { Places, within } from './places.ts';
import { rememberLibrary } from './remember.ts';
import { sampleFolders, sampleSize } from './sample.ts';

/** How a face lets people choose. */
export interface StartOptions {
  /** Folders below which pages may choose; none where only a dialog of the desktop may. */
  readonly roots: readonly string[];
  /** Libraries that were open elsewhere are not offered, either. */
  readonly only?: boolean;
}

/** So long the size of a library's folder is waited for, and so long it holds. */
const [MEASURING_MS, HOLDS_MS] = [200, 60_000];
const SETTLING_MS = 500;
const PICTURE = /^\d{1,2}$/;

export class StartDesk {
  readonly places: Places;
  readonly #only: boolean;
  #remembering = Promise.resolve();
  /** Bytes of the folders of libraries, and when they were found; null where that is not permitted. */
  readonly #sizes = new Map<string, { readonly bytes: number | null; readonly at: number }>();
  readonly #measured: () => void;
  /** Libraries of which it was noted since this began. */
  readonly #searched = new Set<string>();

  /** @param measured is called when the size of a library was found that was not waited for. */
  constructor({ roots, only = false }: StartOptions, measured: () => void = () => undefined) {
    this.#measured = measured;
    this.places = new Places(roots);
    this.#only = only;
  }

  async overview(): Promise<StartOverview> {
    const { library } = sampleFolders();
    const recent = await Promise.all(this.#offered().map((l) => this.#recent(l)));
    return {
      recent,
      damaged: [...damagedFiles(dirname(settingsFile()))],
      sample: { ...sampleSize(), there: Library.exists(library), path: library },
      roots: await this.places.rootEntries(),
    };
  }

  /** Notes the open library, one after the other. Resolves when its photos are no longer needed. */
  remember(library: Library): Promise<void> {
    this.#remembering = this.#remembering.then(() => rememberLibrary(library));
    return this.#remembering;
  }

  /** Resolves when nothing is being noted, or soon: whoever closes a library does not wait for its pictures. */
  settled(): Promise<unknown> {
    return Promise.race([this.#remembering, new Promise((done) => setTimeout(done, SETTLING_MS).unref())]);
  }

  /** Libraries of a list that was kept elsewhere, as if they had been open long ago. */
  know(paths: readonly string[]): void {
    addLibraries(
      paths.map((path) => ({ path, opened: new Date(0).toISOString(), photos: null, clusters: null, pictures: 0 })),
    );
  }

  /** Notes that somebody searched in a library. @returns whether that is new. */
  searched(path: string): boolean {
    if (this.#searched.has(path)) return false;
    const isNew = noteSearched(path);
    if (isNew || isSearched(path)) this.#searched.add(path);
    return isNew;
  }

  forget(id: string): void {
    forgetLibrary(this.#listed(id).path);
  }

  /** @throws CovisError `NOT_FOUND` for an id of no library in the list. */
  #listed(id: string): KnownLibrary {
    const found = this.#offered().find((l) => this.places.idOf(l.path) === id);
    if (found === undefined) throw new CovisError('NOT_FOUND', 'This library is not in the list');
    return found;
  }

  /** The library of this id, as the list shows it. @throws CovisError `NOT_FOUND` for one that it does not show. */
  refuseUnlisted(id: string): KnownLibrary {
    return this.#listed(id);
  }

  isListed(id: string): boolean {
    return this.#offered().some((l) => this.places.idOf(l.path) === id);
  }

  /** A picture of a library in the list; undefined where there is none. */
  async picture(id: string, index: string): Promise<Uint8Array | undefined> {
    const library = this.#offered().find((l) => this.places.idOf(l.path) === id);
    if (library === undefined || !PICTURE.test(index) || Number(index) >= library.pictures) return undefined;
    const file = pictureFile(library.path, Number(index));
    return existsSync(file) ? readFile(file) : undefined;
  }

  #offered(): readonly KnownLibrary[] {
    const all = knownLibraries();
    if (!this.#only) return all;
    const sample = sampleFolders().library;
    return all.filter((l) => l.path === sample || this.places.roots.some((r) => within(r, l.path)));
  }

  async #recent({ path, opened, photos, clusters, pictures }: KnownLibrary): Promise<RecentLibrary> {
    const gone = !existsSync(join(path, 'library.db'));
    return {
      id: this.places.idOf(path),
      name: basename(path),
      path,
      opened,
      gone,
      photos,
      clusters,
      bytes: gone ? null : await this.#sizeOf(path),
      pictures,
    };
  }

  /** Bytes of a library's folder; where that takes long what was found last, null before, and it is told when it is found. */
  async #sizeOf(path: string): Promise<number | null> {
    const last = this.#sizes.get(path);
    if (last !== undefined && Date.now() - last.at < HOLDS_MS) return last.bytes;
    // Who asks meanwhile does not have it counted again.
    this.#sizes.set(path, { bytes: last?.bytes ?? null, at: Date.now() });
    let late = false;
    const found = filesIn(path).then(bytesOf, () => null);
    void found.then((bytes) => {
      this.#sizes.set(path, { bytes, at: Date.now() });
      if (late) this.#measured();
    });
    const waited = new Promise<'late'>((done) => setTimeout(() => done('late'), MEASURING_MS).unref());
    const bytes = await Promise.race([found, waited]);
    if (bytes !== 'late') return bytes;
    late = true;
    return last?.bytes ?? null;
  }
}
