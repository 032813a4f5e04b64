import { gunzipSync } from 'node:zlib';
import { CovisError } from '../../../shared/errors.ts';
import { Budget, LIMITS } from './budget.ts';
import { ArrayShell, decodeArray, Dtype, rowMajor, type Pickled } from './pickle-arrays.ts';
import { readRegular } from './regular.ts';

export type { Pickled, PickledArray } from './pickle-arrays.ts';

/** As many as NumPy has. */
const MOST_DIMENSIONS = 64;
const MAX_BYTES = LIMITS.whole.pickle;

/** The only callables that are understood, and never called: their effect is imitated on plain data. */
const ALLOWED = new Set([
  'numpy dtype',
  'numpy ndarray',
  'numpy.core.multiarray _reconstruct',
  'numpy._core.multiarray _reconstruct',
  'numpy.core.numeric _frombuffer',
  'numpy._core.numeric _frombuffer',
  'numpy.core.multiarray scalar',
  'numpy._core.multiarray scalar',
  '_codecs encode',
  'collections OrderedDict',
]);

class Callable {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

type Item = Pickled | Callable | Dtype | ArrayShell | Item[] | Map<Item, Item>;
const MARK = Symbol('mark');

/**
 * Reads a pickle of plain data (protocols 0 to 5): dictionaries, lists, tuples, strings, numbers, numpy arrays and scalars.
 * Nothing is ever executed; every other opcode or global is refused by name (methods.md 9.1).
 * @throws CovisError `INPUT_UNSUPPORTED` for a global or opcode outside the list, `INPUT_CORRUPT` or `INPUT_TRUNCATED`, with file and offset.
 */
export function readPickle(file: string): Pickled {
  const bytes = readRegular(file, MAX_BYTES, 'pickle');
  const budget = new Budget(file, bytes.length);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return parsePickle(unpacked(bytes, file, budget), file, budget);
  if (bytes.toString('latin1', 0, 3) === 'BZh')
    throw new CovisError('INPUT_UNSUPPORTED', 'This pickle is packed by bzip2', {
      file,
      hint: 'Unpack it with bunzip2.',
    });
  return parsePickle(bytes, file);
}

function unpacked(bytes: Buffer, file: string, budget: Budget): Buffer {
  let out: Buffer;
  try {
    out = gunzipSync(bytes, { maxOutputLength: Math.min(MAX_BYTES, budget.left + 1) });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE')
      throw new CovisError('INPUT_CORRUPT', 'This pickle is packed by gzip and cannot be unpacked', { file, cause });
    if (budget.left < MAX_BYTES) throw budget.tooLarge(cause);
    throw new CovisError('INPUT_UNSUPPORTED', 'This pickle is larger than 1 GiB once it is unpacked', { file, cause });
  }
  budget.bytes(out.length);
  return out;
}

/** As {@link readPickle}, from bytes. @param file what errors name. */
export function parsePickle(bytes: Uint8Array, file: string, budget = new Budget(file, bytes.length)): Pickled {
  return new Unpickler(bytes, file, budget).run();
}

class Unpickler {
  readonly #bytes: Buffer;
  readonly #file: string;
  readonly #stack: (Item | typeof MARK)[] = [];
  readonly #memo = new Map<number, Item>();
  readonly #budget: Budget;
  #at = 0;

  constructor(bytes: Uint8Array, file: string, budget: Budget) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#file = file;
    this.#budget = budget;
  }

  #fail(code: 'INPUT_CORRUPT' | 'INPUT_TRUNCATED' | 'INPUT_UNSUPPORTED', message: string): CovisError {
    return new CovisError(code, message, { file: this.#file, offset: this.#at });
  }

  #take(n: number): Buffer {
    if (!Number.isSafeInteger(n) || n < 0 || this.#at + n > this.#bytes.length)
      throw this.#fail('INPUT_TRUNCATED', `The pickle ends ${n} bytes too early`);
    this.#at += n;
    return this.#bytes.subarray(this.#at - n, this.#at);
  }

  #line(): string {
    const end = this.#bytes.indexOf(10, this.#at);
    if (end < 0) throw this.#fail('INPUT_TRUNCATED', 'The pickle ends inside a line');
    const text = this.#bytes.toString('latin1', this.#at, end);
    this.#at = end + 1;
    return text;
  }

  #pop(): Item {
    const x = this.#stack.pop();
    if (x === undefined || x === MARK) throw this.#fail('INPUT_CORRUPT', 'The pickle takes more than it put');
    return x;
  }

  #top(): Item {
    const x = this.#stack.at(-1);
    if (x === undefined || x === MARK) throw this.#fail('INPUT_CORRUPT', 'The pickle takes more than it put');
    return x;
  }

  #sinceMark(): Item[] {
    const at = this.#stack.lastIndexOf(MARK);
    if (at < 0) throw this.#fail('INPUT_CORRUPT', 'The pickle has no mark');
    return this.#stack.splice(at).slice(1) as Item[];
  }

  run(): Pickled {
    const limit = this.#bytes.length;
    while (this.#at < limit) {
      const op = this.#bytes[this.#at++]!;
      if (op === 0x2e) return plain(this.#pop(), (m) => this.#fail('INPUT_UNSUPPORTED', m), this.#budget);
      this.#budget.items();
      this.#step(op);
    }
    throw this.#fail('INPUT_TRUNCATED', 'The pickle ends without its STOP');
  }

  #step(op: number): void {
    const s = this.#stack;
    switch (String.fromCharCode(op)) {
      case '\x80':
        if (this.#take(1)[0]! > 5) throw this.#fail('INPUT_UNSUPPORTED', 'This pickle has an unknown protocol');
        break;
      case '\x95':
        this.#take(8);
        break;
      case '(':
        s.push(MARK);
        break;
      case '0':
        if (s.pop() === undefined) throw this.#fail('INPUT_CORRUPT', 'The pickle takes more than it put');
        break;
      case '1':
        this.#sinceMark();
        break;
      case '2':
        s.push(this.#top());
        break;
      case 'N':
        s.push(null);
        break;
      case '\x88':
        s.push(true);
        break;
      case '\x89':
        s.push(false);
        break;
      case 'I': {
        const text = this.#line();
        s.push(text === '01' ? true : text === '00' ? false : this.#number(text));
        break;
      }
      case 'L':
        s.push(this.#number(this.#line().replace(/L$/, '')));
        break;
      case 'F':
        s.push(this.#number(this.#line()));
        break;
      case 'J':
        s.push(this.#take(4).readInt32LE());
        break;
      case 'K':
        s.push(this.#take(1)[0]!);
        break;
      case 'M':
        s.push(this.#take(2).readUInt16LE());
        break;
      case 'G':
        s.push(this.#take(8).readDoubleBE());
        break;
      case '\x8a':
        s.push(longOf(this.#take(this.#take(1)[0]!)));
        break;
      case 'S':
        s.push(unescaped(this.#line().replace(/^(['"])(.*)\1$/s, '$2')));
        break;
      case 'V':
        s.push(
          this.#line().replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (_, u?: string, w?: string) =>
            codePoint(u ?? w ?? ''),
          ),
        );
        break;
      case 'X':
        s.push(this.#take(this.#take(4).readUInt32LE()).toString('utf8'));
        break;
      case '\x8c':
        s.push(this.#take(this.#take(1)[0]!).toString('utf8'));
        break;
      case '\x8d':
        s.push(this.#take(this.#long8()).toString('utf8'));
        break;
      case 'U':
        s.push(this.#take(this.#take(1)[0]!).toString('latin1'));
        break;
      case 'T':
        s.push(this.#take(this.#take(4).readInt32LE()).toString('latin1'));
        break;
      case 'C':
        s.push(new Uint8Array(this.#take(this.#take(1)[0]!)));
        break;
      case 'B':
        s.push(new Uint8Array(this.#take(this.#take(4).readUInt32LE())));
        break;
      case '\x8e':
      case '\x96':
        s.push(new Uint8Array(this.#take(this.#long8())));
        break;
      case ']':
        s.push([]);
        break;
      case ')':
        s.push([]);
        break;
      case '}':
        s.push(new Map());
        break;
      case 'l':
      case 't':
        s.push(this.#sinceMark());
        break;
      case 'd':
        s.push(this.#toMap(this.#sinceMark(), new Map()));
        break;
      case '\x85':
        s.push([this.#pop()]);
        break;
      case '\x86': {
        const b = this.#pop();
        s.push([this.#pop(), b]);
        break;
      }
      case '\x87': {
        const c = this.#pop();
        const b = this.#pop();
        s.push([this.#pop(), b, c]);
        break;
      }
      case 'a': {
        const x = this.#pop();
        this.#list().push(x);
        break;
      }
      case 'e': {
        const items = this.#sinceMark();
        const list = this.#list();
        for (const x of items) list.push(x);
        break;
      }
      case 's': {
        const value = this.#pop();
        const key = this.#pop();
        this.#map().set(key, value);
        break;
      }
      case 'u': {
        const items = this.#sinceMark();
        this.#toMap(items, this.#map());
        break;
      }
      case 'q':
        this.#memo.set(this.#take(1)[0]!, this.#top());
        break;
      case 'r':
        this.#memo.set(this.#take(4).readUInt32LE(), this.#top());
        break;
      case 'p':
        this.#memo.set(Number(this.#line()), this.#top());
        break;
      case '\x94':
        this.#memo.set(this.#memo.size, this.#top());
        break;
      case 'h':
        s.push(this.#remembered(this.#take(1)[0]!));
        break;
      case 'j':
        s.push(this.#remembered(this.#take(4).readUInt32LE()));
        break;
      case 'g':
        s.push(this.#remembered(Number(this.#line())));
        break;
      case 'c': {
        const module = this.#line();
        s.push(this.#callable(module, this.#line()));
        break;
      }
      case '\x93': {
        const name = this.#pop();
        const module = this.#pop();
        if (typeof module !== 'string' || typeof name !== 'string')
          throw this.#fail('INPUT_CORRUPT', 'The pickle names a callable by what is no text');
        s.push(this.#callable(module, name));
        break;
      }
      case 'R': {
        const args = this.#pop();
        s.push(this.#reduce(this.#pop(), args));
        break;
      }
      case 'b': {
        const state = this.#pop();
        this.#build(this.#top(), state);
        break;
      }
      default:
        this.#at -= 1;
        throw this.#fail(
          'INPUT_UNSUPPORTED',
          `This pickle uses the opcode 0x${op.toString(16)}, which plain data does not need; it was not read`,
        );
    }
  }

  #long8(): number {
    const n = this.#take(8).readBigUInt64LE();
    if (n > BigInt(MAX_BYTES)) throw this.#fail('INPUT_TRUNCATED', 'The pickle claims more bytes than it can have');
    return Number(n);
  }

  #number(text: string): number {
    const value = Number(text);
    if (text.trim() === '' || Number.isNaN(value)) throw this.#fail('INPUT_CORRUPT', `"${text}" is not a number`);
    return value;
  }

  #remembered(key: number): Item {
    const x = this.#memo.get(key);
    if (x === undefined)
      throw this.#fail('INPUT_CORRUPT', `The pickle refers to its object ${key}, which it never made`);
    return x;
  }

  #list(): Item[] {
    const x = this.#top();
    if (!Array.isArray(x)) throw this.#fail('INPUT_CORRUPT', 'The pickle appends to something that is no list');
    return x;
  }

  #map(): Map<Item, Item> {
    const x = this.#top();
    if (!(x instanceof Map))
      throw this.#fail('INPUT_CORRUPT', 'The pickle sets an item of something that is no dictionary');
    return x;
  }

  #toMap(items: readonly Item[], map: Map<Item, Item>): Map<Item, Item> {
    if (items.length % 2 !== 0)
      throw this.#fail('INPUT_CORRUPT', 'A dictionary of the pickle has a key without a value');
    for (let i = 0; i < items.length; i += 2) map.set(items[i]!, items[i + 1]!);
    return map;
  }

  #callable(module: string, name: string): Callable {
    const full = `${module} ${name}`;
    if (!ALLOWED.has(full))
      throw this.#fail('INPUT_UNSUPPORTED', `This pickle wants to call ${module}.${name}; Covis reads plain data only`);
    return new Callable(full);
  }

  #reduce(f: Item, args: Item): Item {
    if (!(f instanceof Callable) || !Array.isArray(args))
      throw this.#fail('INPUT_CORRUPT', 'The pickle calls something that cannot be called');
    if (f.name.endsWith('_reconstruct')) return new ArrayShell();
    if (f.name === 'collections OrderedDict') return new Map();
    if (f.name.endsWith('_frombuffer') && args[0] instanceof Uint8Array && args[1] instanceof Dtype) {
      const shell = new ArrayShell();
      this.#build(shell, [1, args[2] ?? [], args[1], args[3] === 'F', args[0]]);
      return shell;
    }
    if (f.name === 'numpy dtype' && typeof args[0] === 'string') return new Dtype(args[0]);
    if (f.name === '_codecs encode' && typeof args[0] === 'string') {
      this.#budget.bytes(args[0].length);
      return new Uint8Array(Buffer.from(args[0], 'latin1'));
    }
    if (f.name.endsWith(' scalar') && args[0] instanceof Dtype && args[1] instanceof Uint8Array) {
      const value = this.#decoded(args[0], args[1], 1);
      return Array.isArray(value) ? value[0]! : value[0]!;
    }
    throw this.#fail('INPUT_UNSUPPORTED', `This pickle calls ${f.name} in a way that Covis does not know`);
  }

  #build(target: Item, state: Item): void {
    if (target instanceof Dtype && Array.isArray(state)) {
      target.little = state[1] !== '>';
      return;
    }
    if (target instanceof ArrayShell && Array.isArray(state)) {
      const [, shape, dtype, fortran, raw] = state;
      if (!Array.isArray(shape) || !(dtype instanceof Dtype))
        throw this.#fail('INPUT_CORRUPT', 'A numpy array of the pickle has no shape');
      const dims = shape.map(Number);
      const count = dims.reduce((a, b) => a * b, 1);
      if (dims.length > MOST_DIMENSIONS || dims.some((d) => !Number.isSafeInteger(d) || d < 0) || count > MAX_BYTES)
        throw this.#fail('INPUT_CORRUPT', 'A numpy array of the pickle has an absurd shape');
      if (Array.isArray(raw)) {
        if (raw.length !== count)
          throw this.#fail('INPUT_CORRUPT', `A numpy array of the pickle has ${raw.length} items, not ${count}`);
        target.value = raw as Pickled[];
        return;
      }
      if (!(raw instanceof Uint8Array))
        throw this.#fail('INPUT_UNSUPPORTED', 'A numpy array of the pickle has a layout that Covis does not know');
      const stored = this.#decoded(dtype, raw, count);
      const columns = fortran === true && dims.length > 1;
      if (Array.isArray(stored)) target.value = columns ? rowMajor(dims, (n) => new Array<string>(n), stored) : stored;
      else
        target.value = {
          shape: dims,
          data: columns ? rowMajor(dims, (n) => new Float64Array(n), stored) : stored,
        };
      return;
    }
    throw this.#fail('INPUT_UNSUPPORTED', 'This pickle sets the state of an object; Covis reads plain data only');
  }

  #decoded(dtype: Dtype, raw: Uint8Array, count: number): Float64Array | string[] {
    return decodeArray(dtype, raw, count, this.#budget, (code, message) => this.#fail(code, message));
  }
}

function codePoint(hex: string): string {
  return String.fromCodePoint(Number.parseInt(hex, 16) % 0x110000);
}

/** A Python 2 string literal's escapes. */
function unescaped(text: string): string {
  const simple: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
  return text.replace(/\\x([0-9a-f]{2})|\\(.)/gi, (_, hex: string, one: string) =>
    hex === undefined ? (simple[one] ?? one) : codePoint(hex),
  );
}

function longOf(bytes: Buffer): number {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i -= 1) value = (value << 8n) | BigInt(bytes[i]!);
  if (bytes.length > 0 && (bytes[bytes.length - 1]! & 0x80) !== 0) value -= 1n << BigInt(8 * bytes.length);
  return Number(value);
}

/** What so many letters, bytes or numbers count, as values. Whoever reads a pickle follows every reference: aliases of aliases are 2^n. */
const weightOf = (length: number): number => 1 + Math.floor(length / 8);

/** Resolves array shells; refuses cycles, nesting beyond all reason, aliases that multiply, and values that are no plain data. */
function plain(root: Item, fail: (message: string) => CovisError, budget: Budget): Pickled {
  const done = new Map<Item, readonly [value: Pickled, weight: number]>();
  const open = new Set<Item>();
  const most = LIMITS.items.base + LIMITS.items.each * budget.size;
  const walk = (x: Item, depth: number): readonly [Pickled, number] => {
    if (typeof x === 'string') return [x, weightOf(x.length)];
    if (x === null || typeof x !== 'object') return [x, 1];
    if (x instanceof Uint8Array) return [x, weightOf(x.length)];
    if (x instanceof Callable || x instanceof Dtype) throw fail('This pickle holds a callable, which is no plain data');
    if ('data' in x) return [x, weightOf(x.data.length)];
    const known = done.get(x);
    if (known !== undefined) return known;
    if (open.has(x) || depth > LIMITS.depth) throw fail('This pickle refers to itself, or is nested too deeply');
    open.add(x);
    let weight = 1;
    const part = (v: Item): Pickled => {
      const [value, w] = walk(v, depth + 1);
      weight += w;
      if (weight > most) throw fail('This pickle repeats its parts more often than a file of its size can mean');
      return value;
    };
    let out: Pickled;
    if (x instanceof ArrayShell) {
      if (Array.isArray(x.value)) out = x.value.map(part);
      else {
        out = x.value;
        weight += weightOf(out.data.length);
      }
    } else if (Array.isArray(x)) out = x.map(part);
    else out = new Map([...x].map(([k, v]) => [part(k), part(v)]));
    open.delete(x);
    done.set(x, [out, weight]);
    return [out, weight];
  };
  return walk(root, 0)[0];
}
