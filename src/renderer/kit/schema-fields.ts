import type { z } from 'zod';

/** How a schema describes a field to people, in `.meta()`. */
export interface FieldMeta {
  readonly label?: string;
  readonly help?: string;
  /** What holds where an optional field is left empty. */
  readonly otherwise?: string;
  readonly unit?: string;
  readonly step?: number;
  /** What the values of an enumeration are called. */
  readonly names?: Readonly<Record<string, string>>;
}

/** One field of a form, as its schema has it. */
export interface FormField {
  readonly key: string;
  readonly path: readonly string[];
  readonly kind: 'number' | 'text' | 'boolean' | 'choice' | 'group' | 'other';
  readonly label: string;
  readonly help: string | undefined;
  readonly otherwise: string | undefined;
  readonly unit: string | undefined;
  /** May be left empty. */
  readonly optional: boolean;
  /** Empty is null rather than not there. */
  readonly nullable: boolean;
  readonly default: unknown;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly step: number | undefined;
  readonly whole: boolean;
  readonly options: readonly { readonly value: string | number; readonly label: string }[];
  readonly fields: readonly FormField[];
}

type Any = z.ZodType & { readonly def: Readonly<Record<string, unknown>> & { readonly type: string } };

/** `learningRate` is “Learning rate” where nobody says it better. */
export function wordsOf(key: string): string {
  const words = key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/[-_]/g, ' ')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

interface Unwrapped {
  readonly inner: Any;
  readonly meta: FieldMeta;
  readonly optional: boolean;
  readonly nullable: boolean;
  readonly default: unknown;
}

/** Goes through what wraps a schema; the outermost `.meta()` wins. */
function unwrapped(schema: Any): Unwrapped {
  let inner = schema;
  let meta: FieldMeta = {};
  let [optional, nullable] = [false, false];
  let initial: unknown;
  for (;;) {
    meta = { ...(inner.meta() as FieldMeta | undefined), ...meta };
    const { def } = inner;
    if (def.type === 'optional') optional = true;
    else if (def.type === 'nullable') nullable = true;
    else if (def.type === 'default' || def.type === 'prefault') initial = initial ?? def['defaultValue'];
    else if (def.type === 'pipe') {
      inner = def['in'] as Any;
      continue;
    } else if (def.type !== 'readonly' && def.type !== 'nonoptional' && def.type !== 'catch')
      return { inner, meta, optional, nullable, default: initial };
    inner = def['innerType'] as Any;
  }
}

function choices(inner: Any): readonly (string | number)[] | undefined {
  const { def } = inner;
  if (def.type === 'enum') return [...(inner as unknown as z.ZodEnum).options];
  if (def.type === 'literal')
    return (def['values'] as unknown[]).filter((v) => typeof v === 'string' || typeof v === 'number');
  if (def.type !== 'union') return undefined;
  const parts = (def['options'] as Any[]).map((o) => choices(o));
  return parts.every((p) => p !== undefined) ? parts.flat() : undefined;
}

function bounds(inner: Any): Pick<FormField, 'min' | 'max' | 'step' | 'whole'> {
  const number = inner as unknown as z.ZodNumber;
  const finite = (v: number | null): number | undefined =>
    v !== null && Number.isFinite(v) && Math.abs(v) < Number.MAX_SAFE_INTEGER ? v : undefined;
  const whole = number.format !== null && /int/.test(number.format);
  const checks = (inner.def['checks'] ?? []) as {
    readonly _zod: { readonly def: { check: string; value?: number } };
  }[];
  const multiple = checks.find((c) => c._zod.def.check === 'multiple_of')?._zod.def.value;
  return {
    min: finite(number.minValue),
    max: finite(number.maxValue),
    step: multiple ?? (whole ? 1 : undefined),
    whole,
  };
}

function kindOf(inner: Any, options: readonly unknown[] | undefined): FormField['kind'] {
  if (options !== undefined) return 'choice';
  const kinds: Readonly<Record<string, FormField['kind']>> = {
    number: 'number',
    string: 'text',
    boolean: 'boolean',
    object: 'group',
  };
  return kinds[inner.def.type] ?? 'other';
}

function fieldOf(key: string, schema: Any, path: readonly string[]): FormField {
  const { inner, meta, optional, nullable, default: initial } = unwrapped(schema);
  const options = choices(inner);
  const kind = kindOf(inner, options);
  const own = [...path, key];
  const { step, ...rest } =
    kind === 'number' ? bounds(inner) : { min: undefined, max: undefined, step: undefined, whole: false };
  return {
    key,
    path: own,
    kind,
    label: meta.label ?? wordsOf(key),
    help: meta.help,
    otherwise: meta.otherwise,
    unit: meta.unit,
    optional: optional || nullable,
    nullable,
    default: initial,
    ...rest,
    step: meta.step ?? step,
    options: (options ?? []).map((value) => ({ value, label: meta.names?.[String(value)] ?? wordsOf(String(value)) })),
    fields: kind === 'group' ? fieldsOf(inner as unknown as z.ZodObject, own) : [],
  };
}

/** The fields of an object schema in its order, groups with theirs. `other` are those that need a view's own input. */
export function fieldsOf(schema: z.ZodObject, path: readonly string[] = []): FormField[] {
  return Object.entries(schema.shape).map(([key, field]) => fieldOf(key, field as unknown as Any, path));
}

/** What a form starts with: the defaults of its schema. */
export function startOf(fields: readonly FormField[]): Record<string, unknown> {
  return Object.fromEntries(
    fields.flatMap((f): [string, unknown][] => {
      if (f.kind === 'group')
        return f.optional ? [] : [[f.key, { ...startOf(f.fields), ...(f.default as object | undefined) }]];
      if (f.default !== undefined) return [[f.key, f.default]];
      return f.kind === 'boolean' && !f.optional ? [[f.key, false]] : [];
    }),
  );
}

/** The issue of a field as a sentence that says what it takes. */
export function complaint(
  issue: { readonly code?: string | undefined; readonly input?: unknown; readonly message: string },
  f: FormField,
): string {
  const text = (n: number): string => (Math.abs(n) < 1e-3 && n !== 0 ? n.toExponential() : n.toLocaleString('en'));
  if (f.kind === 'number' && issue.code !== 'custom') {
    const what = f.whole ? 'A whole number' : 'A number';
    const unit = f.unit === undefined ? '' : ` ${f.unit}`;
    if (issue.code === 'not_multiple_of' && f.step !== undefined) return `A multiple of ${text(f.step)}`;
    if (f.min !== undefined && f.max !== undefined) return `${what} from ${text(f.min)} to ${text(f.max)}${unit}`;
    if (f.min !== undefined) return `${what}, ${text(f.min)}${unit} or more`;
    if (f.max !== undefined) return `${what}, ${text(f.max)}${unit} or less`;
    return what;
  }
  if (f.kind === 'choice') return `One of ${f.options.map((o) => o.label).join(', ')}`;
  if (f.kind === 'text' && (issue.code === 'invalid_type' || issue.code === 'too_small')) return 'Needed';
  return issue.message;
}
