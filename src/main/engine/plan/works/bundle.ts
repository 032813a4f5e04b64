/** A file of named parts, as results of shards and what all shards of a plan read: a part is read without reading the others. */
import { closeSync, fstatSync, fsyncSync, openSync, readSync } from 'node:fs';
import { z } from 'zod';
import { writeAll } from '../../formats/beside.ts';
import { diskError } from '../../formats/disk.ts';
import { parseJson } from '../../formats/json-text.ts';
import { openRegular } from '../../formats/regular.ts';
import { wrongResult } from '../folder.ts';

/** Then: length of the head as u32, little-endian, the head as JSON, the parts one after another. */
const MAGIC = Buffer.from('COVISPB1');
const START = MAGIC.length + 4;
const MOST_HEAD = 1 << 28;
const MOST_PARTS = 10_000_000;
const head = z.strictObject({
  said: z.unknown(),
  parts: z.array(z.tuple([z.string().min(1).max(4096), z.int().min(0)])).max(MOST_PARTS),
});

/** A part by its name, whose length is known before it is there. */
export interface Part {
  readonly name: string;
  readonly bytes: number;
  readonly read: () => Uint8Array;
}

function headOf(said: unknown, parts: readonly (readonly [name: string, bytes: number])[]): Buffer {
  const text = Buffer.from(JSON.stringify({ said, parts }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([MAGIC, length, text]);
}

/** The bytes of a bundle. @param said what the kind of work says beside its parts, as JSON. */
export function encodeBundle(said: unknown, parts: readonly (readonly [name: string, bytes: Uint8Array])[]): Buffer {
  const sizes = parts.map(([name, bytes]) => [name, bytes.byteLength] as const);
  return Buffer.concat([headOf(said, sizes), ...parts.map(([, bytes]) => bytes)]);
}

/** Writes a bundle a part at a time. @throws CovisError `DISK_FULL`. */
export function writeBundle(to: string, said: unknown, parts: readonly Part[]): void {
  try {
    const fd = openSync(to, 'wx');
    try {
      writeAll(
        fd,
        headOf(
          said,
          parts.map((p) => [p.name, p.bytes] as const),
        ),
      );
      for (const p of parts) writeAll(fd, p.read());
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    throw diskError(cause, to);
  }
}

/** A bundle in memory. */
export interface Bundle<T> {
  readonly said: T;
  readonly parts: ReadonlyMap<string, Buffer>;
}

interface Place {
  readonly from: number;
  readonly bytes: number;
}

function placesIn<S extends z.ZodType>(
  text: Buffer,
  file: string,
  schema: S,
  size: number,
): { readonly said: z.output<S>; readonly places: ReadonlyMap<string, Place> } {
  const parsed = head.safeParse(parseJson(text.toString('utf8'), { file }, 'This is no result'));
  const said = schema.safeParse(parsed.data?.said);
  if (!parsed.success || !said.success) throw wrongResult(file, 'is not of this kind of work');
  const places = new Map<string, Place>();
  let from = START + text.length;
  for (const [name, bytes] of parsed.data.parts) {
    places.set(name, { from, bytes });
    from += bytes;
  }
  if (from !== size || places.size !== parsed.data.parts.length) throw wrongResult(file, 'is not as long as it says');
  return { said: said.data, places };
}

/** @throws CovisError `INPUT_CORRUPT` for bytes that are no bundle, or whose head is not what the kind of work says. */
export function decodeBundle<S extends z.ZodType>(bytes: Buffer, file: string, schema: S): Bundle<z.output<S>> {
  if (bytes.length < START || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw wrongResult(file, 'is of another kind of work');
  const end = START + bytes.readUInt32LE(MAGIC.length);
  if (end > bytes.length) throw wrongResult(file, 'is not as long as it says');
  const { said, places } = placesIn(bytes.subarray(START, end), file, schema, bytes.length);
  return { said, parts: new Map([...places].map(([name, p]) => [name, bytes.subarray(p.from, p.from + p.bytes)])) };
}

/** A bundle that lies on the disk. Close it when done. */
export class BundleFile<T = unknown> {
  readonly file: string;
  readonly said: T;
  readonly #fd: number;
  readonly #places: ReadonlyMap<string, Place>;

  private constructor(file: string, fd: number, said: T, places: ReadonlyMap<string, Place>) {
    this.file = file;
    this.said = said;
    this.#fd = fd;
    this.#places = places;
  }

  /** @throws CovisError `INPUT_CORRUPT` as {@link decodeBundle}. */
  static open<S extends z.ZodType>(file: string, schema: S): BundleFile<z.output<S>> {
    const { fd } = openRegular(file);
    try {
      const { size } = fstatSync(fd);
      const start = Buffer.alloc(START);
      if (readSync(fd, start, 0, START, 0) !== START || !start.subarray(0, MAGIC.length).equals(MAGIC))
        throw wrongResult(file, 'is of another kind of work');
      const length = start.readUInt32LE(MAGIC.length);
      if (length > MOST_HEAD || START + length > size) throw wrongResult(file, 'is not as long as it says');
      const text = readAt(fd, { from: START, bytes: length }, file);
      const { said, places } = placesIn(text, file, schema, size);
      return new BundleFile(file, fd, said, places);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  names(): IterableIterator<string> {
    return this.#places.keys();
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  /** Undefined for a part that it has not. */
  read(name: string): Buffer | undefined {
    const place = this.#places.get(name);
    return place === undefined ? undefined : readAt(this.#fd, place, this.file);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function readAt(fd: number, { from, bytes }: Place, file: string): Buffer {
  const out = Buffer.allocUnsafe(bytes);
  for (let done = 0; done < bytes;) {
    const n = readSync(fd, out, done, Math.min(bytes - done, 1 << 28), from + done);
    if (n === 0) throw wrongResult(file, 'became shorter while it was read');
    done += n;
  }
  return out;
}

/** Numbers as bytes, and back: a copy, so that they are aligned. */
export const bytesOf = (x: Uint32Array | Int32Array | Float32Array): Uint8Array =>
  new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
export const floatsOf = (b: Uint8Array): Float32Array => new Float32Array(Uint8Array.from(b).buffer);
export const numbersOf = (b: Uint8Array): Uint32Array => new Uint32Array(Uint8Array.from(b).buffer);
