import { CovisError } from '../../../shared/errors.ts';
import { counted } from '../../../shared/counted.ts';
import { LIMITS } from '../formats/budget.ts';
import { parseJson } from '../formats/json-text.ts';
import { readRegular } from '../formats/regular.ts';

/** A value of a JSON file with the path to it, for errors that say where. */
export class Json {
  readonly value: unknown;
  readonly path: string;
  readonly file: string;

  constructor(file: string, value: unknown, path: string) {
    this.file = file;
    this.value = value;
    this.path = path;
  }

  /** @throws CovisError `INPUT_MISSING`, `INPUT_CORRUPT`; `INPUT_UNSUPPORTED` above 512 MiB. */
  static read(file: string): Json {
    const text = readRegular(
      file,
      LIMITS.whole.json,
      'JSON file',
      'Export the model as COLMAP files, which are read piece by piece.',
    ).toString('utf8');
    return new Json(file, parseJson(text, { file }), '');
  }

  wrong(what: string): CovisError {
    return new CovisError('INPUT_CORRUPT', `${this.path === '' ? 'The file' : `Its ${this.path}`} ${what}`, {
      file: this.file,
    });
  }

  has(key: string): boolean {
    return this.#isObject() && Object.hasOwn(this.value as object, key) && this.get(key).value !== null;
  }

  #isObject(): boolean {
    return typeof this.value === 'object' && this.value !== null && !Array.isArray(this.value);
  }

  get(key: string): Json {
    if (!this.#isObject()) throw this.wrong('is not an object');
    const v = Object.hasOwn(this.value as object, key) ? (this.value as Record<string, unknown>)[key] : undefined;
    return new Json(this.file, v, this.path === '' ? key : `${this.path}.${key}`);
  }

  entries(): [string, Json][] {
    if (!this.#isObject()) throw this.wrong('is not an object');
    return Object.entries(this.value as object).map(([k, v]) => [k, new Json(this.file, v, `${this.path}.${k}`)]);
  }

  items(): Json[] {
    if (!Array.isArray(this.value)) throw this.wrong('is not a list');
    return this.value.map((v, i) => new Json(this.file, v, `${this.path}[${i}]`));
  }

  number(): number {
    if (typeof this.value !== 'number' || !Number.isFinite(this.value)) throw this.wrong('is not a number');
    return this.value;
  }

  text(): string {
    if (typeof this.value !== 'string') throw this.wrong('is not a text');
    return this.value;
  }

  /** A list of exactly so many numbers. */
  numbers(length: number): number[] {
    if (!Array.isArray(this.value) || this.value.length !== length || !this.value.every((v) => Number.isFinite(v)))
      throw this.wrong(`is not a list of ${length} numbers`);
    return this.value as number[];
  }

  /** A row-major matrix. */
  matrix(rows: number, columns: number): number[] {
    const all = this.items();
    if (all.length !== rows) throw this.wrong(`has ${counted(all.length, 'row')}, not ${rows}`);
    return all.flatMap((r) => r.numbers(columns));
  }
}
