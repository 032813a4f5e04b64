import { readSync } from 'node:fs';
import type * as h5 from 'h5wasm';

/** What of Emscripten's file system is used; `h5wasm` types only a part of it. */
interface Disk {
  createNode(parent: Node | null, name: string, mode: number, dev: number): Node;
  mount(type: object, options: object, at: string): unknown;
  unmount(at: string): void;
  mkdir(path: string): unknown;
  rmdir(path: string): void;
  unlink(path: string): void;
  open(path: string, ...rest: unknown[]): unknown;
  readonly ErrnoError: new (code: number) => Error;
}
interface Node {
  id: number;
  mode: number;
  node_ops: object;
  stream_ops: object;
  fd: number;
  size: number;
}
interface Stream {
  readonly node: Node;
  position: number;
}

const [FOLDER, FILE] = [0o40555, 0o100444];
const [NOT_THERE, NOT_PERMITTED, INVALID] = [44, 63, 28];
const [FROM_HERE, FROM_END] = [1, 2];
const NAME = 'file.h5';
/** The library's own, in which it writes down what went wrong; this is in memory. */
const OWN = /^\/tmp\/tmpfile_/;

/**
 * The disk that the HDF5 library sees: folders with one open file each. Whatever path is written in a file, as that of an external link, of
 * external storage or of a source of a virtual dataset, there is nothing at it.
 */
export class H5Disk {
  readonly #disk: Disk;
  #next = 0;
  #opening = '';
  /** The path that was first asked for and is not there: what a file wanted from outside. */
  wanted: string | undefined;

  constructor(module: typeof h5.Module) {
    const disk = module.FS as unknown as Disk;
    this.#disk = disk;
    // Emscripten's own disk has the process's streams.
    for (const device of ['stdin', 'stdout', 'stderr', 'tty', 'tty1', 'random', 'urandom', 'null'])
      disk.unlink(`/dev/${device}`);
    const open = disk.open.bind(disk);
    disk.open = (path, ...rest) => {
      if (path !== this.#opening && !OWN.test(path)) {
        this.wanted ??= path;
        throw new disk.ErrnoError(NOT_THERE);
      }
      return open(path, ...rest);
    };
  }

  /**
   * Puts an open file of so many bytes on the disk for as long as it is opened: no other file leads to it.
   * @returns what opening gave, and how to take the file away afterwards.
   */
  put<T>(fd: number, size: number, opening: (path: string) => T): { readonly opened: T; readonly remove: () => void } {
    const disk = this.#disk;
    this.#next += 1;
    const folder = `/covis-${this.#next}`;
    disk.mkdir(folder);
    disk.mount(oneFile(disk), { fd, size }, folder);
    const remove = (): void => {
      disk.unmount(folder);
      disk.rmdir(folder);
    };
    this.#opening = `${folder}/${NAME}`;
    try {
      return { opened: opening(this.#opening), remove };
    } catch (error) {
      remove();
      throw error;
    } finally {
      this.#opening = '';
    }
  }
}

/** A file system of a folder with one file that is read from a descriptor. */
function oneFile(disk: Disk): object {
  const fails = (code: number) => (): never => {
    throw new disk.ErrnoError(code);
  };
  const refused = fails(NOT_PERMITTED);
  const never = Object.fromEntries(
    ['mknod', 'rename', 'unlink', 'rmdir', 'symlink', 'readlink', 'setattr'].map((name) => [name, refused]),
  );
  const node_ops = {
    ...never,
    getattr: (node: Node) => ({
      dev: 1,
      ino: node.id,
      mode: node.mode,
      nlink: 1,
      uid: 0,
      gid: 0,
      rdev: 0,
      size: node.size,
      atime: new Date(0),
      mtime: new Date(0),
      ctime: new Date(0),
      blksize: 4096,
      blocks: Math.ceil(node.size / 4096),
    }),
    // Its one file is found among the nodes that are there.
    lookup: fails(NOT_THERE),
    readdir: () => ['.', '..', NAME],
  };
  const stream_ops = {
    read({ node }: Stream, into: Uint8Array, at: number, count: number, position: number): number {
      const length = Math.min(count, Math.max(0, node.size - position));
      return length === 0 ? 0 : readSync(node.fd, into, at, length, position);
    },
    write: refused,
    llseek({ node, position }: Stream, offset: number, whence: number): number {
      const to = offset + (whence === FROM_HERE ? position : whence === FROM_END ? node.size : 0);
      if (to < 0) throw new disk.ErrnoError(INVALID);
      return to;
    },
  };
  return {
    mount({ opts }: { opts: { fd: number; size: number } }): Node {
      const root = disk.createNode(null, '/', FOLDER, 0);
      Object.assign(root, { node_ops, stream_ops: {}, size: 4096 });
      const file = disk.createNode(root, NAME, FILE, 0);
      Object.assign(file, { node_ops, stream_ops, ...opts });
      return root;
    },
  };
}
