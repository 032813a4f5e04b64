/** What the desktop keeps between two runs: the libraries that were open and where the window was. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { changeKept, listOf, readKept, type KeptShape } from '../engine/environment/kept-file.ts';

/** So many libraries are remembered. */
const REMEMBERED = 10;

const bounds = z.object({
  x: z.int(),
  y: z.int(),
  width: z.int().min(1),
  height: z.int().min(1),
  maximized: z.boolean(),
});
/** Where the window was, in pixels of the desktop, before it was maximised. */
export type Bounds = z.infer<typeof bounds>;

interface Stored {
  readonly libraries: readonly string[];
  readonly bounds?: Bounds | undefined;
}

/** Each part that is not as it should be counts as not there, and costs none of the others. */
const SHAPE: KeptShape<Stored> = {
  none: { libraries: [] },
  read(json) {
    const { libraries = [], library, bounds: kept } = z.record(z.string(), z.unknown()).parse(json);
    const list = Array.isArray(libraries) ? listOf(z.string()).read(libraries) : { value: [], wrong: 1 };
    // The only one, as it was kept at first.
    const first = z.string().optional().safeParse(library);
    const where = bounds.optional().safeParse(kept);
    const all = first.data === undefined ? list.value : [first.data, ...list.value];
    return {
      value: { libraries: [...new Set(all)], bounds: where.data },
      wrong: list.wrong + (first.success ? 0 : 1) + (where.success ? 0 : 1),
    };
  },
};

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export class DesktopState {
  readonly #file: string;
  #libraries: readonly string[];
  #bounds: Bounds | undefined;

  /** What cannot be read of a file that is there is left out, which `onDamage` says; the file is kept beside when it is written anew. */
  constructor(file: string) {
    this.#file = file;
    ({ libraries: this.#libraries, bounds: this.#bounds } = readKept(file, SHAPE));
  }

  /** Folders of libraries that are there, the last one first. */
  get libraries(): readonly string[] {
    return this.#libraries.filter((l) => existsSync(join(l, 'library.db')));
  }

  get bounds(): Bounds | undefined {
    return this.#bounds;
  }

  /** Puts a library first. @throws what writing throws. */
  opened(library: string): void {
    this.#libraries = [library, ...this.#libraries.filter((l) => l !== library)].slice(0, REMEMBERED);
    this.#write();
  }

  /** Keeps those libraries that pass. @throws what writing throws. */
  keep(passes: (library: string) => boolean): void {
    const kept = this.#libraries.filter(passes);
    if (kept.length === this.#libraries.length) return;
    this.#libraries = kept;
    this.#write();
  }

  /** @throws what writing throws. */
  forgetLibraries(): void {
    this.#libraries = [];
    this.#write();
  }

  /** @throws what writing throws. */
  moved(to: Bounds): void {
    this.#bounds = to;
    this.#write();
  }

  #write(): void {
    changeKept(this.#file, SHAPE, () => ({ libraries: this.#libraries, bounds: this.#bounds }), 0o666);
  }
}

/** Width of a piece of the window's title that must be on a screen, so that it can be taken hold of. */
const GRIP = 80;

/** The kept place, where enough of its upper edge still lies on one of the screens; undefined where the window would be lost. */
export function visible(kept: Bounds | undefined, screens: readonly Rectangle[]): Bounds | undefined {
  if (kept === undefined) return undefined;
  const held = screens.some((s) => {
    const across = Math.min(kept.x + kept.width, s.x + s.width) - Math.max(kept.x, s.x);
    return across >= Math.min(GRIP, kept.width) && kept.y >= s.y && kept.y <= s.y + s.height - GRIP / 2;
  });
  return held ? kept : undefined;
}
