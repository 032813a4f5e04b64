/** Plain data that a pickle can hold. */
export type Picklable = null | boolean | number | string | readonly Picklable[] | { readonly [key: string]: Picklable };

const BATCH = 1000;

/**
 * Writes plain data as a pickle of protocol 2, which every Python since 2.3 reads: dictionaries, lists, strings, numbers.
 * Whole numbers become int, others float. Nothing in it needs an import on the reading side.
 */
export function writePickle(value: Picklable): Buffer {
  const chunks: Buffer[] = [Buffer.from([0x80, 2])];
  put(value, chunks);
  chunks.push(Buffer.from('.'));
  return Buffer.concat(chunks);
}

function put(v: Picklable, out: Buffer[]): void {
  if (v === null) out.push(Buffer.from('N'));
  else if (typeof v === 'boolean') out.push(Buffer.from(v ? [0x88] : [0x89]));
  else if (typeof v === 'number') out.push(number(v));
  else if (typeof v === 'string') {
    const text = Buffer.from(v, 'utf8');
    const head = Buffer.alloc(5);
    head.write('X');
    head.writeUInt32LE(text.length, 1);
    out.push(head, text);
  } else if (Array.isArray(v)) {
    out.push(Buffer.from(']'));
    const list = v as readonly Picklable[];
    for (let at = 0; at < list.length; at += BATCH) {
      out.push(Buffer.from('('));
      for (const item of list.slice(at, at + BATCH)) put(item, out);
      out.push(Buffer.from('e'));
    }
  } else {
    out.push(Buffer.from('}('));
    for (const [key, item] of Object.entries(v as { readonly [key: string]: Picklable })) {
      put(key, out);
      put(item, out);
    }
    out.push(Buffer.from('u'));
  }
}

function number(v: number): Buffer {
  if (Number.isInteger(v) && Math.abs(v) < 2 ** 31) {
    const b = Buffer.alloc(5);
    b.write('J');
    b.writeInt32LE(v, 1);
    return b;
  }
  if (Number.isSafeInteger(v)) {
    // LONG1: eight bytes, two's complement, little-endian.
    const b = Buffer.alloc(10);
    b[0] = 0x8a;
    b[1] = 8;
    b.writeBigInt64LE(BigInt(v), 2);
    return b;
  }
  const b = Buffer.alloc(9);
  b.write('G');
  b.writeDoubleBE(v, 1);
  return b;
}
