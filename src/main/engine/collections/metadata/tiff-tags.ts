/** The little of TIFF's directories that metadata needs, bounded, over bytes of strangers. */

/** One value of a directory. */
export interface Tag {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** Byte of the entry, and of its value, from the block's beginning. */
  readonly entry: number;
  readonly at: number;
  readonly bytes: number;
}

/** Directory: where it begins, its tags, where the next one begins (0 for none). */
export interface Directory {
  readonly at: number;
  readonly tags: readonly Tag[];
  readonly next: number;
}

const WIDTHS: Readonly<Record<number, number>> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  13: 4,
};
const MOST_DIRECTORIES = 64;

/** Numbers of a block of TIFF in its order of bytes; undefined where it is none (BigTIFF is none, either). */
export class TiffBlock {
  readonly bytes: Buffer;
  readonly #big: boolean;

  private constructor(bytes: Buffer, big: boolean) {
    this.bytes = bytes;
    this.#big = big;
  }

  static of(bytes: Buffer): TiffBlock | undefined {
    const order = bytes.toString('latin1', 0, 4);
    return order === 'II*\0' || order === 'MM\0*' ? new TiffBlock(bytes, order.startsWith('M')) : undefined;
  }

  u16(at: number): number {
    if (at + 2 > this.bytes.length) return 0;
    return this.#big ? this.bytes.readUInt16BE(at) : this.bytes.readUInt16LE(at);
  }

  u32(at: number): number {
    if (at + 4 > this.bytes.length) return 0;
    return this.#big ? this.bytes.readUInt32BE(at) : this.bytes.readUInt32LE(at);
  }

  setU16(at: number, value: number): void {
    if (this.#big) this.bytes.writeUInt16BE(value, at);
    else this.bytes.writeUInt16LE(value, at);
  }

  /** A directory; undefined where none can be. */
  directory(at: number): Directory | undefined {
    if (at < 8 || at + 6 > this.bytes.length) return undefined;
    const entries = this.u16(at);
    const end = at + 2 + 12 * entries;
    if (end > this.bytes.length) return undefined;
    const tags: Tag[] = [];
    for (let entry = at + 2; entry < end; entry += 12) {
      const [tag, type, count] = [this.u16(entry), this.u16(entry + 2), this.u32(entry + 4)];
      const bytes = (WIDTHS[type] ?? 0) * count;
      const value = bytes <= 4 ? entry + 8 : this.u32(entry + 8);
      if (value + bytes <= this.bytes.length) tags.push({ tag, type, count, entry, at: value, bytes });
    }
    return { at, tags, next: this.u32(end) };
  }

  /** The first directory and those that follow it, each once. */
  *chain(): Generator<Directory> {
    const seen = new Set<number>();
    for (let at = this.u32(4); at !== 0 && !seen.has(at) && seen.size < MOST_DIRECTORIES;) {
      seen.add(at);
      const d = this.directory(at);
      if (d === undefined) return;
      yield d;
      at = d.next;
    }
  }

  /** Bytes of a tag. */
  value(tag: Tag): Buffer {
    return this.bytes.subarray(tag.at, tag.at + tag.bytes);
  }
}
