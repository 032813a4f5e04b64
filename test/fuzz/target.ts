/** What a reader is fuzzed with: files to begin from, and how one input is read. */

/** Paths below the folder of an input, with forward slashes, and what they hold. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** A sound input that mutations begin from. */
export interface Seed {
  readonly name: string;
  readonly files: Files;
}

/** Where an input lies, and room beside it. */
export interface Place {
  /** Folder of the input's files; nobody may change anything in it. */
  readonly input: string;
  /** Folder that may be written into: libraries stand here. */
  readonly room: string;
}

/** A reader of files from outside, or of the library's own. */
export interface FuzzTarget {
  /** `GROUP/FORMAT`, unique. */
  readonly name: string;
  /** Sound inputs, the same at each call. @param room an empty folder to make them in. */
  seeds(room: string): Seed[] | Promise<Seed[]>;
  /** Only these files are mutated; all of them where left out. */
  readonly mutates?: (file: string) => boolean;
  /** Another file of this name may be taken as a seed, where a person names a folder of them. */
  readonly takes?: (file: string) => boolean;
  /**
   * Reads the input. What it throws is an error that people see.
   * @returns what is wrong with what was read, such as a number that is none; undefined where nothing is.
   */
  read(place: Place): string | undefined | Promise<string | undefined>;
  /** Errors do not name a file, because what is read came as bytes. */
  readonly nameless?: boolean;
  /** Share of the usual number of mutations, for what takes long; 1 where left out. */
  readonly share?: number;
}

/** The files of a seed by name. Texts are UTF-8. */
export function seed(name: string, files: Readonly<Record<string, string | Uint8Array>>): Seed {
  return {
    name,
    files: new Map(Object.entries(files).map(([f, v]) => [f, typeof v === 'string' ? Buffer.from(v) : v])),
  };
}

/** Says which of the arrays holds a number that is not finite. */
export function notFinite(arrays: Readonly<Record<string, ArrayLike<number> | undefined>>): string | undefined {
  for (const [name, array] of Object.entries(arrays))
    for (let i = 0; i < (array?.length ?? 0); i += 1)
      if (!Number.isFinite(array![i])) return `${name}[${i}] is ${array![i]}`;
  return undefined;
}
