/** Rows of a damaged SQLite file, read page by page as its file format says (sqlite.org/fileformat2.html); never written. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export type Value = null | number | bigint | string | Uint8Array;

/** A row of a table, or an entry of an index; `rowid` of a table that has one. */
export interface StoredRow {
  readonly rowid?: bigint;
  readonly values: readonly Value[];
}

/** A tree of pages: those with rows that are sound, and those that are not. */
export interface Tree {
  readonly kind: 'table' | 'index';
  readonly pages: number[];
  readonly bad: number[];
}

interface Page {
  readonly kind: 'table' | 'index';
  readonly leaf: boolean;
  readonly children: readonly number[];
  readonly rows: readonly StoredRow[];
  /** Pages that continue rows. */
  readonly more: readonly number[];
}

const HEADER = 100;
const LEAF_TABLE = 13;
const INNER_TABLE = 5;
const LEAF_INDEX = 10;
const INNER_INDEX = 2;
const KINDS = [LEAF_TABLE, INNER_TABLE, LEAF_INDEX, INNER_INDEX];
const INT_BYTES = [0, 1, 2, 3, 4, 6, 8];
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Thrown and caught here alone: a page is not what SQLite writes. */
class Unsound extends Error {}

function must(condition: boolean): asserts condition {
  if (!condition) throw new Unsound();
}

/** A database file that is read in spite of what is damaged in it. Close it when done. */
export class DatabasePages {
  readonly count: number;
  /** `user_version`. */
  readonly version: number;
  readonly #fd: number;
  readonly #size: number;
  readonly #usable: number;
  readonly #freelist: number;
  readonly #used = new Set<number>();
  #last: { readonly number: number; readonly page: Page } | undefined;

  /** @throws Error where the file's first 100 bytes are not those of a database in UTF-8. */
  constructor(file: string) {
    this.#fd = openSync(file, 'r');
    const head = Buffer.alloc(HEADER);
    const n = readSync(this.#fd, head, 0, HEADER, 0);
    const size = head.readUInt16BE(16) === 1 ? 65536 : head.readUInt16BE(16);
    const sound =
      n === HEADER &&
      head.toString('latin1', 0, 16) === 'SQLite format 3\0' &&
      size >= 512 &&
      (size & (size - 1)) === 0 &&
      head[20]! <= 32 &&
      head.readUInt32BE(56) <= 1;
    if (!sound) {
      this.close();
      throw new Error('The first bytes of the database are damaged');
    }
    this.#size = size;
    this.#usable = size - head[20]!;
    this.#freelist = head.readUInt32BE(32);
    this.version = head.readUInt32BE(60);
    this.count = Math.floor(fstatSync(this.#fd).size / size);
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** All pages of a tree. A page that two trees refer to belongs to the first that was asked for. */
  tree(root: number, kind: Tree['kind']): Tree {
    const tree: Tree = { kind, pages: [], bad: [] };
    const open = [root];
    for (let number = open.pop(); number !== undefined; number = open.pop()) {
      const page = this.#used.has(number) ? undefined : this.#page(number);
      if (page === undefined || page.kind !== kind || page.more.some((m) => this.#used.has(m))) {
        tree.bad.push(number);
        continue;
      }
      for (const used of [number, ...page.more]) this.#used.add(used);
      tree.pages.push(number);
      open.push(...page.children.toReversed());
    }
    return tree;
  }

  /** Rows of a sound page, in order. */
  rows(page: number): readonly StoredRow[] {
    return this.#page(page)!.rows;
  }

  /**
   * Sound leaves that no tree refers to and that are not free: what hung on damaged pages. To be asked for when all trees are read.
   * @returns undefined where the list of free pages is damaged, so that nobody knows.
   */
  orphans(): { readonly page: number; readonly kind: Tree['kind'] }[] | undefined {
    const free = this.#free();
    if (free === undefined) return undefined;
    const found: { page: number; kind: Tree['kind'] }[] = [];
    const continued = new Set<number>();
    for (let number = 2; number <= this.count; number += 1) {
      if (this.#used.has(number) || free.has(number)) continue;
      const page = this.#page(number);
      if (page?.leaf !== true || page.rows.length === 0 || page.more.some((m) => this.#used.has(m) || free.has(m)))
        continue;
      page.more.forEach((m) => continued.add(m));
      found.push({ page: number, kind: page.kind });
    }
    return found.filter(({ page }) => !continued.has(page));
  }

  #free(): Set<number> | undefined {
    const free = new Set<number>();
    try {
      for (let trunk = this.#freelist; trunk !== 0;) {
        const b = this.#bytes(trunk);
        must(!free.has(trunk));
        free.add(trunk);
        const n = b.readUInt32BE(4);
        must(n <= this.#usable / 4 - 2);
        for (let i = 0; i < n; i += 1) {
          const leaf = b.readUInt32BE(8 + 4 * i);
          must(leaf >= 2 && leaf <= this.count && !free.has(leaf) && !this.#used.has(leaf));
          free.add(leaf);
        }
        trunk = b.readUInt32BE(0);
      }
      return free;
    } catch (error) {
      if (error instanceof Unsound) return undefined;
      throw error;
    }
  }

  #bytes(number: number): Buffer {
    must(number >= 1 && number <= this.count);
    const page = Buffer.alloc(this.#size);
    must(readSync(this.#fd, page, 0, this.#size, (number - 1) * this.#size) === this.#size);
    return page;
  }

  #page(number: number): Page | undefined {
    if (this.#last?.number === number) return this.#last.page;
    try {
      const page = this.#parsed(number);
      this.#last = { number, page };
      return page;
    } catch (error) {
      // A number beyond the page is damage, too.
      if (error instanceof Unsound || error instanceof RangeError || error instanceof TypeError) return undefined;
      throw error;
    }
  }

  #parsed(number: number): Page {
    const b = this.#bytes(number);
    const h = number === 1 ? HEADER : 0;
    const type = b[h]!;
    must(KINDS.includes(type));
    const leaf = type === LEAF_TABLE || type === LEAF_INDEX;
    const kind = type === LEAF_TABLE || type === INNER_TABLE ? 'table' : 'index';
    const cells = b.readUInt16BE(h + 3);
    const pointers = h + (leaf ? 8 : 12);
    const begin = b.readUInt16BE(h + 5) || 65536;
    must(pointers + 2 * cells <= begin && begin <= this.#usable);
    const children: number[] = [];
    const rows: StoredRow[] = [];
    const more: number[] = [];
    const spans: [from: number, to: number][] = [];
    let before: bigint | undefined;
    for (let i = 0; i < cells; i += 1) {
      const start = b.readUInt16BE(pointers + 2 * i);
      must(start >= begin);
      let at = start;
      if (!leaf) {
        children.push(b.readUInt32BE(at));
        at += 4;
      }
      let length = 0n;
      if (type !== INNER_TABLE) [length, at] = varint(b, at);
      let rowid: bigint | undefined;
      if (kind === 'table') {
        [rowid, at] = varint(b, at);
        rowid = BigInt.asIntN(64, rowid);
        must(before === undefined || rowid > before);
        before = rowid;
      }
      if (type !== INNER_TABLE) {
        const payload = this.#payload(b, at, Number(length), kind, more);
        at = payload.end;
        const values = recordOf(payload.bytes);
        if (kind === 'index' && rows.length > 0) must(compare(rows.at(-1)!.values, values) < 0);
        rows.push(rowid === undefined ? { values } : { rowid, values });
      }
      must(at <= this.#usable);
      spans.push([start, Math.max(at, start + 4)]);
    }
    if (!leaf) children.push(b.readUInt32BE(h + 8));
    this.#filled(b, h, begin, spans);
    must(new Set(more).size === more.length);
    return { kind, leaf, children, rows, more };
  }

  /** Between its cells a page has free blocks and so many single bytes as it says, and nothing else. */
  #filled(b: Buffer, h: number, begin: number, spans: [number, number][]): void {
    for (let at = b.readUInt16BE(h + 1), last = 0; at !== 0; at = b.readUInt16BE(at)) {
      must(at > last && at >= begin && at + 4 <= this.#usable);
      last = at;
      spans.push([at, at + b.readUInt16BE(at + 2)]);
    }
    spans.sort(([x], [y]) => x - y);
    let end = begin;
    let gaps = 0;
    for (const [from, to] of spans) {
      must(from >= end);
      gaps += from - end;
      end = to;
    }
    must(end <= this.#usable && gaps + this.#usable - end === b[h + 7]!);
  }

  #payload(
    b: Buffer,
    at: number,
    length: number,
    kind: Tree['kind'],
    more: number[],
  ): { readonly bytes: Buffer; readonly end: number } {
    const u = this.#usable;
    const most = kind === 'table' ? u - 35 : Math.floor(((u - 12) * 64) / 255) - 23;
    const least = Math.floor(((u - 12) * 32) / 255) - 23;
    must(length > 0 && length <= this.count * this.#size);
    if (length <= most) {
      must(at + length <= u);
      return { bytes: b.subarray(at, at + length), end: at + length };
    }
    const fitting = least + ((length - least) % (u - 4));
    const here = fitting <= most ? fitting : least;
    must(at + here + 4 <= u);
    const parts = [b.subarray(at, at + here)];
    let next = b.readUInt32BE(at + here);
    for (let left = length - here; left > 0;) {
      const page = this.#bytes(next);
      more.push(next);
      must(more.length <= this.count);
      const taken = Math.min(left, u - 4);
      parts.push(page.subarray(4, 4 + taken));
      left -= taken;
      next = page.readUInt32BE(0);
    }
    must(next === 0);
    return { bytes: Buffer.concat(parts), end: at + here + 4 };
  }
}

function varint(b: Buffer, from: number): [bigint, number] {
  let value = 0n;
  for (let i = 0; i < 8; i += 1) {
    const byte = b[from + i]!;
    must(byte !== undefined);
    value = (value << 7n) | BigInt(byte & 127);
    if (byte < 128) return [value, from + i + 1];
  }
  must(from + 8 < b.length);
  return [(value << 8n) | BigInt(b[from + 8]!), from + 9];
}

function recordOf(b: Buffer): Value[] {
  const [size, first] = varint(b, 0);
  const head = Number(size);
  must(head >= first && head <= b.length);
  const values: Value[] = [];
  let at = head;
  for (let h = first; h < head;) {
    const [code, next] = varint(b, h);
    must(next <= head);
    h = next;
    const type = Number(code);
    must(type !== 10 && type !== 11);
    const bytes = type === 7 ? 8 : type < 7 ? INT_BYTES[type]! : type < 12 ? 0 : (type - 12) >> 1;
    must(at + bytes <= b.length);
    values.push(valueOf(b.subarray(at, at + bytes), type));
    at += bytes;
  }
  must(at === b.length);
  return values;
}

function valueOf(cell: Buffer, type: number): Value {
  if (type === 0) return null;
  if (type === 7) return cell.readDoubleBE();
  if (type === 6) return cell.readBigInt64BE();
  if (type < 6) return BigInt(cell.readIntBE(0, cell.length));
  if (type < 12) return BigInt(type - 8);
  if (type % 2 === 0) return Uint8Array.from(cell);
  try {
    return utf8.decode(cell);
  } catch {
    throw new Unsound();
  }
}

const rank = (v: Value): number =>
  v === null ? 0 : typeof v === 'bigint' || typeof v === 'number' ? 1 : typeof v === 'string' ? 2 : 3;

/** In the order of an index whose columns all ascend, texts by their bytes. */
function compare(x: readonly Value[], y: readonly Value[]): number {
  for (let i = 0; i < x.length && i < y.length; i += 1) {
    const [a, b] = [x[i]!, y[i]!];
    const by = rank(a) - rank(b);
    if (by !== 0) return by;
    if (rank(a) === 1 && a !== b) {
      if (a! < b!) return -1;
      if (a! > b!) return 1;
    } else if (rank(a) > 1) {
      const order = Buffer.compare(Buffer.from(a as string), Buffer.from(b as string));
      if (order !== 0) return order;
    }
  }
  return x.length - y.length;
}
