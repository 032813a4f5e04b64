/** What a schema says of itself: its leaves, what each takes in words, and why a value was refused. Faces are derived from this. */
import { z } from 'zod';
import { CovisError } from './errors.ts';
import { id } from './fields.ts';

/** One value that a person can give, wherever it stands in a schema. */
export interface Leaf {
  /** Where it stands: `['mining', 'count']`. */
  readonly path: readonly string[];
  readonly schema: z.ZodType;
  readonly meta: z.GlobalMeta;
  readonly required: boolean;
  /** What it is where it is left out; undefined where the schema does not say. */
  readonly initial: unknown;
}

interface Wrapped {
  readonly inner: z.ZodType;
  readonly meta: z.GlobalMeta;
  readonly required: boolean;
  readonly initial: unknown;
}

/** A schema without what makes it optional, and the facts of all its layers; inner ones count where outer ones say nothing. */
export function unwrap(schema: z.ZodType): Wrapped {
  const meta = schema.meta() ?? {};
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodReadonly) {
    const below = unwrap(schema.unwrap() as z.ZodType);
    const optional = schema instanceof z.ZodOptional;
    return { ...below, meta: { ...below.meta, ...meta }, required: below.required && !optional };
  }
  if (schema instanceof z.ZodPrefault) {
    const below = unwrap(schema.unwrap() as z.ZodType);
    return { ...below, meta: { ...below.meta, ...meta }, required: false };
  }
  if (schema instanceof z.ZodDefault) {
    const below = unwrap(schema.unwrap() as z.ZodType);
    return { inner: below.inner, meta: { ...below.meta, ...meta }, required: false, initial: schema.def.defaultValue };
  }
  return { inner: schema, meta, required: true, initial: undefined };
}

/** Every value of an object schema; groups are looked into. */
export function leavesOf(schema: z.ZodObject, path: readonly string[] = [], required = true): Leaf[] {
  return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([key, s]) => {
    const { inner, ...facts } = unwrap(s);
    const here = [...path, key];
    if (inner instanceof z.ZodObject) return leavesOf(inner, here, required && facts.required);
    return [{ path: here, schema: inner, ...facts, required: required && facts.required }];
  });
}

/** `a`, `a or b`, `a, b or c`. */
export function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)!}`;
}

interface Json {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly maxLength?: number;
  readonly items?: Json;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly anyOf?: readonly Json[];
}

/** JSON Schema of a value, from which bounds are read. */
export function jsonOf(schema: z.ZodType): Json {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json;
}

const LARGE = 2 ** 53 - 1;

function boundsText(j: Json): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = j;
  const top = maximum !== undefined && maximum < LARGE ? maximum : undefined;
  const bottom = minimum !== undefined && minimum > -LARGE ? minimum : undefined;
  const below = exclusiveMaximum === undefined ? '' : ` below ${exclusiveMaximum}`;
  if (exclusiveMinimum !== undefined)
    return ` above ${exclusiveMinimum}${top === undefined ? below && ` and${below}` : ` and up to ${top}`}`;
  if (bottom !== undefined) return ` from ${bottom}${top === undefined ? below : ` to ${top}`}`;
  return top === undefined ? below : ` up to ${top}`;
}

function textOf(j: Json): string {
  if (j.const !== undefined) return String(j.const);
  if (j.enum !== undefined) return orList(j.enum.map(String));
  if (j.anyOf !== undefined) return orList([...new Set(j.anyOf.map(textOf))]);
  if (j.type === 'integer') return `a whole number${boundsText(j)}`;
  if (j.type === 'number') return `a number${boundsText(j)}`;
  if (j.type === 'boolean') return 'true or false';
  if (j.type === 'array') {
    const { items = {}, minItems, maxItems } = j;
    const count = minItems !== undefined && minItems === maxItems ? `${minItems} ` : '';
    if (items.enum !== undefined) return `one or more of ${items.enum.map(String).join(', ')}`;
    return `${count}${textOf(items)
      .replace(/^an? /, '')
      .replace(/^(whole )?number/, '$1numbers')} with commas between them`;
  }
  if (j.type === 'string') return j.maxLength === undefined ? 'a text' : `a text of at most ${j.maxLength} characters`;
  return 'another value';
}

/** What a value takes, in words: `a whole number from 1 to 1000`. */
export function takes(schema: z.ZodType): string {
  const { inner, meta } = unwrap(schema);
  const json = jsonOf(inner);
  if (json.type === 'string' && json.enum === undefined && meta.value !== undefined)
    return /^[aeiou]/.test(meta.value) ? `an ${meta.value}` : `a ${meta.value}`;
  return textOf(json);
}

/** A value as it is shown in a message. */
function shown(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return `"${value}"`;
  if (Array.isArray(value)) return `"${value.map(String).join(',')}"`;
  return JSON.stringify(value) ?? 'nothing';
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((v, k) => (v as Record<PropertyKey, unknown> | null | undefined)?.[k], value);
}

interface Place {
  readonly schema: z.ZodType;
  readonly meta: z.GlobalMeta;
  readonly path: readonly string[];
}

/** Of a union, the option that the value means. */
function optionFor(union: z.ZodDiscriminatedUnion, value: unknown): z.ZodType | undefined {
  const key = union.def.discriminator;
  const named = at(value, [key]);
  return union.options.find(
    (o): o is z.ZodObject => o instanceof z.ZodObject && (o.shape[key] as z.ZodType).safeParse(named).success,
  );
}

/** The value that an issue is about: the last on its way that is no group; undefined where the way ends at a group. */
function placeOf(schema: z.ZodType, value: unknown, path: readonly PropertyKey[]): Place | undefined {
  let here = unwrap(schema);
  const walked: string[] = [];
  for (const key of path) {
    const group = here.inner instanceof z.ZodDiscriminatedUnion ? optionFor(here.inner, at(value, walked)) : here.inner;
    if (!(group instanceof z.ZodObject)) break;
    const next = (group.shape as Record<PropertyKey, z.ZodType | undefined>)[key];
    if (next === undefined) return undefined;
    here = unwrap(next);
    walked.push(String(key));
  }
  const { inner, meta } = here;
  if (inner instanceof z.ZodObject || inner instanceof z.ZodDiscriminatedUnion) return undefined;
  return { schema: inner, meta, path: walked };
}

/**
 * Checks a value against the schema that all faces share.
 * @param nameOf what the asking face calls a value: an option, a parameter.
 * @throws CovisError with `code`, naming the value, what it takes and what was given.
 */
export function check<S extends z.ZodType>(
  schema: S,
  value: unknown,
  nameOf: (path: readonly string[]) => string = (path) => path.join('.'),
  code: 'INPUT_INVALID' | 'VALIDATION_FAILED' = 'INPUT_INVALID',
): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const leaf = placeOf(schema, value, issue.path);
  if (issue.code === 'unrecognized_keys')
    throw new CovisError(
      code,
      `There is no ${issue.keys.map((k) => nameOf([...issue.path.map(String), k])).join(', ')}`,
    );
  if (leaf === undefined || issue.code === 'custom') {
    const name = issue.path.length === 0 ? '' : `${nameOf(issue.path.map(String))}: `;
    throw new CovisError(code, `${name}${issue.message}`);
  }
  const given = at(value, leaf.path);
  const said = given === undefined ? 'and is missing' : `not ${shown(given)}`;
  const { hint } = leaf.meta;
  throw new CovisError(
    code,
    `${nameOf(leaf.path)} takes ${takes(leaf.schema.meta(leaf.meta))}, ${said}`,
    hint === undefined ? {} : { hint },
  );
}

/**
 * The same schema for those who may not name paths: without what only the host may say, and with ids for names.
 * @param chosen with ids of what a person chose in the place of paths that can be chosen.
 */
export function forPages(schema: z.ZodObject, chosen = false): z.ZodObject {
  const shape: Record<string, z.ZodType> = {};
  for (const [key, s] of Object.entries(schema.shape as Record<string, z.ZodType>)) {
    const { inner, meta, required } = unwrap(s);
    if (chosen && meta.pick !== undefined) {
      const { page: _never, ...said } = meta;
      const one = (inner instanceof z.ZodArray ? z.array(id).min(1).max(100) : id).meta(said);
      shape[key] = required ? one : one.optional();
      continue;
    }
    if (meta.page === false) continue;
    if (inner instanceof z.ZodObject) {
      const group = forPages(inner, chosen).meta(meta);
      shape[key] = required ? group : group.optional();
    } else if (meta.page === 'id') {
      // Forms are made of what may be chosen: they are to know that it is an id.
      const one = chosen ? id.meta(meta) : id;
      shape[key] = required ? one : one.optional();
    } else shape[key] = s;
  }
  return z.strictObject(shape);
}

/** Values of a schema that say where something is written, within a folder that a person chose. */
export function madeOf(schema: z.ZodObject): readonly Leaf[] {
  return leavesOf(schema).filter((l) => l.meta.made !== undefined);
}

/** True where something of a schema can be chosen by a person in the studio. */
export function canBeChosen(schema: z.ZodObject): boolean {
  return leavesOf(schema).some((l) => l.meta.pick !== undefined);
}

/**
 * What was given with ids of {@link forPages}, with the paths in their place.
 * @param pathOf of an id; `made` is what is to be made within it, of what is written.
 */
export function withPaths(
  schema: z.ZodObject,
  given: Readonly<Record<string, unknown>>,
  pathOf: (id: string, made?: string) => string,
): Record<string, unknown> {
  const shape = schema.shape as Record<string, z.ZodType>;
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => {
      const { inner, meta } = unwrap(shape[key]!);
      if (inner instanceof z.ZodObject) return [key, withPaths(inner, value as Record<string, unknown>, pathOf)];
      if (meta.pick === undefined) return [key, value];
      return [key, Array.isArray(value) ? value.map((v) => pathOf(String(v))) : pathOf(String(value), meta.made)];
    }),
  );
}
