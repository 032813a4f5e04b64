import { closeSync, lstatSync, readSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CovisError, unreadable } from '../../../../shared/errors.ts';
import { inWords, LIMITS } from '../../formats/budget.ts';
import { openRegular, type RegularFile } from '../../formats/regular.ts';

const BLOCK = 1 << 28;

/**
 * Weights that lie in files beside an ONNX file, as its tensors name them: a plain file name of the same folder, an offset and a length.
 * Nothing else is opened: no other folder, no absolute path, no link that leads elsewhere. Close it when done.
 */
export class ExternalData {
  readonly #file: string;
  readonly #opened = new Map<string, RegularFile>();
  #bytes = 0;

  /** @param file the ONNX file. */
  constructor(file: string) {
    this.#file = file;
  }

  /** Names of the files that were read so far. */
  get names(): string[] {
    return [...this.#opened.keys()];
  }

  /** @throws CovisError `INPUT_*` naming the file that is missing, lies elsewhere, or does not hold what is asked for. */
  read(tensor: string, location: string, offset: number, length: number): Uint8Array<ArrayBuffer> {
    this.#bytes += length;
    if (this.#bytes > LIMITS.whole.network)
      throw new CovisError('INPUT_UNSUPPORTED', `The weights of this network are more than ${inWords(2 ** 31)}`, {
        file: this.#file,
      });
    const { fd, stats } = this.#open(tensor, location);
    const path = join(dirname(this.#file), location);
    if (offset + length > stats.size)
      throw new CovisError(
        'INPUT_TRUNCATED',
        `Tensor ${tensor} lies at bytes ${offset} to ${offset + length} of ${location}, which has ${stats.size}`,
        { file: path, hint: `It is cut short, or belongs to another file than ${this.#file}.` },
      );
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length;) {
      let n: number;
      try {
        n = readSync(fd, bytes, done, Math.min(length - done, BLOCK), offset + done);
      } catch (cause) {
        throw unreadable(cause, path);
      }
      if (n === 0)
        throw new CovisError('INPUT_TRUNCATED', `${location} became shorter while it was read`, { file: path });
      done += n;
    }
    return bytes;
  }

  #open(tensor: string, location: string): RegularFile {
    const known = this.#opened.get(location);
    if (known !== undefined) return known;
    const folder = dirname(this.#file);
    const path = join(folder, location);
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there === undefined)
      throw new CovisError(
        'INPUT_MISSING',
        `The weights of this network lie in ${location}, which is not beside it (tensor ${tensor})`,
        {
          file: path,
          hint: 'Put both files into one folder under the names they were exported with, or save the network as one file.',
        },
      );
    if (there.isSymbolicLink() && dirname(realpathSync(path)) !== realpathSync(folder))
      throw new CovisError('INPUT_INVALID', `${location} is a link that leads out of the folder of the network`, {
        file: path,
        hint: 'Copy the file itself beside the network.',
      });
    const opened = openRegular(path);
    this.#opened.set(location, opened);
    return opened;
  }

  close(): void {
    for (const { fd } of this.#opened.values()) closeSync(fd);
  }
}

/** The bytes of a tensor that lies beside its file. @param wanted bytes that its shape needs. */
export function beside(
  external: ExternalData | undefined,
  tensor: string,
  entries: readonly { key?: string; value?: string }[],
  wanted: number,
  file: string,
): Uint8Array<ArrayBuffer> {
  if (external === undefined)
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `Tensor ${tensor} is stored in another file; save the network as one file`,
      { file },
    );
  const said = new Map(entries.map((e) => [e.key, e.value ?? '']));
  const location = (said.get('location') ?? '').replace(/^\.\//, '');
  if (!/^[^/\\:\0]+$/.test(location) || location === '.' || location === '..')
    throw new CovisError(
      'INPUT_INVALID',
      `Tensor ${tensor} names ${JSON.stringify(said.get('location') ?? '')} as the place of its values, and only a file beside the network is read`,
      { file, hint: 'Save the network as one file, or with its weights in a file beside it.' },
    );
  const number = (key: string, otherwise: number): number => {
    const text = said.get(key);
    const value = text === undefined ? otherwise : /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (Number.isNaN(value))
      throw new CovisError('INPUT_CORRUPT', `Tensor ${tensor} has the impossible ${key} ${JSON.stringify(text)}`, {
        file,
      });
    return value;
  };
  const offset = number('offset', 0);
  const length = number('length', wanted);
  if (length !== wanted)
    throw new CovisError(
      'INPUT_CORRUPT',
      `Tensor ${tensor} has ${length} bytes in ${location} where its shape needs ${wanted}`,
      { file },
    );
  return external.read(tensor, location, offset, length);
}
