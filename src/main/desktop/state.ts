/** What the desktop keeps between two runs: the libraries that were open and where the window was. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

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

/** Each part that is not as it should be counts as not there, and costs none of the others. */
const stored = z.object({
  libraries: z.array(z.string()).catch([]),
  /** The only one, as it was kept at first. */
  library: z.string().optional().catch(undefined),
  bounds: bounds.optional().catch(undefined),
});

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export class DesktopState {
  readonly #file: string;
  #libraries: readonly string[] = [];
  #bounds: Bounds | undefined;

  /** @param failed is told why a file that is there cannot be read; the state is then empty. */
  constructor(file: string, failed: (error: unknown) => void) {
    this.#file = file;
    try {
      if (!existsSync(file)) return;
      const s = stored.parse(JSON.parse(readFileSync(file, 'utf8')));
      this.#libraries = [...new Set(s.library === undefined ? s.libraries : [s.library, ...s.libraries])];
      this.#bounds = s.bounds;
    } catch (error) {
      failed(error);
    }
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
    mkdirSync(dirname(this.#file), { recursive: true });
    const temporary = `${this.#file}.${process.pid}.tmp`;
    writeFileSync(temporary, JSON.stringify({ libraries: this.#libraries, bounds: this.#bounds }));
    renameSync(temporary, this.#file);
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
