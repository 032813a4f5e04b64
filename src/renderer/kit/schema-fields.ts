import { z } from 'zod';
import { orList, takes, unwrap } from '../../shared/schema.ts';
import { sentence, wordsOf } from './words.ts';

/** One field of a form, as its schema has it. */
export interface FormField {
  readonly key: string;
  readonly path: readonly string[];
  readonly kind: 'number' | 'text' | 'boolean' | 'choice' | 'place' | 'known' | 'list' | 'several' | 'group' | 'other';
  readonly label: string;
  readonly help: string | undefined;
  readonly otherwise: string | undefined;
  readonly unit: string | undefined;
  /** May be left empty. */
  readonly optional: boolean;
  /** Empty is null rather than not there. */
  readonly nullable: boolean;
  /** Forms fold it away. */
  readonly advanced: boolean;
  readonly default: unknown;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly step: number | undefined;
  readonly whole: boolean;
  readonly options: readonly { readonly value: string | number; readonly label: string }[];
  /** Of a list: words that stand for one. */
  readonly words: readonly string[];
  readonly fields: readonly FormField[];
  readonly schema: z.ZodType;
}

/** What a choice chooses among: the values of an enumeration, of literals, or of a union of those. */
function choices(inner: z.ZodType): readonly (string | number)[] | undefined {
  if (inner instanceof z.ZodEnum) return inner.options;
  if (inner instanceof z.ZodLiteral)
    return [...inner.values].filter((v) => typeof v === 'string' || typeof v === 'number');
  if (!(inner instanceof z.ZodUnion)) return undefined;
  const parts = inner.options.map((o) => choices(o as z.ZodType));
  return parts.every((p) => p !== undefined) ? parts.flat() : undefined;
}

function bounds(inner: z.ZodNumber): Pick<FormField, 'min' | 'max' | 'step' | 'whole'> {
  const within = (v: number | null): number | undefined =>
    v !== null && Math.abs(v) < Number.MAX_SAFE_INTEGER ? v : undefined;
  const { multipleOf, exclusiveMinimum, exclusiveMaximum } = inner.toJSONSchema() as {
    readonly multipleOf?: number;
    readonly exclusiveMinimum?: number;
    readonly exclusiveMaximum?: number;
  };
  const whole = inner.format?.includes('int') === true;
  return {
    // Whole numbers above 0 begin at 1.
    min: within(whole && exclusiveMinimum !== undefined ? exclusiveMinimum + 1 : inner.minValue),
    max: within(whole && exclusiveMaximum !== undefined ? exclusiveMaximum - 1 : inner.maxValue),
    step: multipleOf ?? (whole ? 1 : undefined),
    whole,
  };
}

/** What lists have: numbers or texts; undefined for what no line of text can say. */
function listed(inner: z.ZodType): z.ZodNumber | z.ZodString | undefined {
  if (inner instanceof z.ZodUnion)
    return inner.options
      .map((o) => listed(o as z.ZodType))
      .find((o) => o !== undefined && choices(inner) === undefined);
  if (!(inner instanceof z.ZodArray)) return undefined;
  return inner.element instanceof z.ZodNumber || inner.element instanceof z.ZodString ? inner.element : undefined;
}

function wordsIn(union: z.ZodUnion): readonly string[] {
  return union.options.flatMap((o) => choices(o as z.ZodType) ?? []).map(String);
}

/** What was written of a list, as its schema has it: numbers, texts, or a word that stands for one. */
export function listOf(field: FormField, text: string): unknown {
  const parts = text
    .split(/[,;]/)
    .map((p) => p.trim())
    .filter((p) => p !== '');
  if (parts.length === 0) return undefined;
  if (parts.length === 1 && field.words.includes(parts[0]!)) return parts[0];
  if (!(listed(field.schema) instanceof z.ZodNumber)) return parts;
  return parts.map((p) => (Number.isFinite(Number(p)) ? Number(p) : p));
}

function kindOf(inner: z.ZodType, meta: z.GlobalMeta): FormField['kind'] {
  // An id is chosen from what there is: from a list that the app has, or by the view that knows it.
  if (meta.page === 'id') return meta.choose === undefined ? 'other' : 'known';
  if (inner instanceof z.ZodArray && inner.element instanceof z.ZodEnum) return 'several';
  if (meta.pick === undefined && listed(inner) !== undefined) return 'list';
  if (meta.pick !== undefined) return 'place';
  if (choices(inner) !== undefined) return 'choice';
  if (inner instanceof z.ZodNumber) return 'number';
  if (inner instanceof z.ZodString) return 'text';
  if (inner instanceof z.ZodBoolean) return 'boolean';
  return inner instanceof z.ZodObject ? 'group' : 'other';
}

/** A phrase that only says the label again is of use to `--help` alone. What a switch that is on says of itself is what turning it off does. */
function helpOf({ help, label }: z.GlobalMeta, on: boolean): string | undefined {
  if (help?.toLowerCase().replace(/^the /, '') === label?.toLowerCase()) return undefined;
  return on && help !== undefined ? `Off: ${help}` : begun(help);
}

function fieldOf(key: string, schema: z.ZodType, path: readonly string[]): FormField[] {
  const { inner, meta, initial } = unwrap(schema);
  if (meta.page === false) return [];
  const own = [...path, key];
  const kind = kindOf(inner, meta);
  const nothing = { min: undefined, max: undefined, step: undefined, whole: false };
  const { step, ...rest } = inner instanceof z.ZodNumber ? bounds(inner) : nothing;
  const nullable = schema.safeParse(null).success;
  const element = inner instanceof z.ZodArray ? (inner.element as z.ZodType) : inner;
  const options = (choices(element) ?? []).map((value) => ({
    value,
    label: meta.names?.[String(value)] ?? wordsOf(String(value)),
  }));
  return [
    {
      key,
      path: own,
      kind,
      label: meta.label ?? wordsOf(key),
      // What is chosen from a list needs no words for how commands name it.
      help: kind === 'known' ? undefined : helpOf(meta, inner instanceof z.ZodBoolean && initial === true),
      otherwise: options.find((o) => String(o.value) === meta.otherwise)?.label ?? meta.otherwise,
      unit: meta.unit,
      advanced: meta.advanced === true,
      nullable,
      optional: nullable || (initial === undefined && schema.safeParse(undefined).success),
      default: initial,
      ...rest,
      step: meta.step ?? step,
      options,
      words: kind === 'list' && inner instanceof z.ZodUnion ? wordsIn(inner) : [],
      fields: inner instanceof z.ZodObject ? fieldsOf(inner, own) : [],
      schema: inner.meta(meta),
    },
  ];
}

/**
 * The fields of an object schema in its order, groups with theirs, without what pages may not say. `other` are those that need a view's
 * own input.
 */
export function fieldsOf(schema: z.ZodObject, path: readonly string[] = []): FormField[] {
  return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([key, s]) => fieldOf(key, s, path));
}

/** What a form starts with: the defaults of its schema. */
export function startOf(fields: readonly FormField[]): Record<string, unknown> {
  return Object.fromEntries(
    fields.flatMap((f): [string, unknown][] => {
      if (f.kind === 'group') {
        const group = { ...startOf(f.fields), ...(f.default as object | undefined) };
        return Object.keys(group).length === 0 ? [] : [[f.key, group]];
      }
      if (f.default !== undefined) return [[f.key, f.default]];
      return f.kind === 'boolean' && !f.optional ? [[f.key, false]] : [];
    }),
  );
}

/** Why a value of a field is refused: what the field takes, in the words of all faces; a rule of its own in its own. */
export function complaint(
  issue: { readonly code?: string | undefined; readonly message: string },
  field: FormField,
  value: unknown,
): string {
  if (issue.code === 'custom') return issue.message;
  if (field.kind === 'text' && (value === undefined || value === null || value === '')) return 'Needed';
  if (field.kind === 'place') return 'Choose one';
  if (field.kind === 'several') return `One or more of ${field.options.map((o) => o.label).join(', ')}`;
  if (field.kind === 'choice') return sentence(orList(field.options.map((o) => o.label)));
  if (issue.code === 'not_multiple_of') return `A multiple of ${field.step}`;
  const unit = field.unit === undefined ? '' : ` ${field.unit}`;
  return `${sentence(takes(field.schema))}${unit}`;
}

/** A phrase as forms begin one; what begins with a name of a file or a sign stays as it is. */
function begun(phrase: string | undefined): string | undefined {
  return phrase !== undefined && /^[a-z]+(?=[ ,;:]|$)/.test(phrase) ? sentence(phrase) : phrase;
}
