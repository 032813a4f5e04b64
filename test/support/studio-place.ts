/** Where something that a command can be told may have its place in the studio: what studio-places.ts says it with. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FORMS, formSchema, type FormKind, type JobForm } from '../../src/renderer/views/start/forms.ts';
import { fieldsOf, type FormField } from '../../src/renderer/kit/schema-fields.ts';
import { METHODS } from '../../src/shared/methods/index.ts';
import { ROUTES, type RouteName } from '../../src/shared/routes/index.ts';
import { leavesOf, unwrap, type Leaf } from '../../src/shared/schema.ts';
import { z } from 'zod';

const RENDERER = join(import.meta.dirname, '..', '..', 'src', 'renderer');
const sources = new Map<string, string>(
  readdirSync(RENDERER, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(vue|ts)$/.test(name))
    .map((name) => [name.replaceAll('\\', '/'), readFileSync(join(RENDERER, name), 'utf8')]),
);

/** Whether a place is there. @returns what is wrong with it, or nothing. */
export type Place = (leaf: Leaf) => string | undefined;

/** In the form of a job, in sight or folded away. @param path where it stands there, if not where the command has it. */
export function form(kind: FormKind, path?: string): Place {
  return ({ path: own }) => {
    const wanted = path ?? own.join('.');
    return shownIn(kind).has(wanted) ? undefined : `the form of ${kind} shows no ${wanted}`;
  };
}

/** Paths of all fields that a form has in sight or folded away. */
export function pathsOf(fields: readonly FormField[], hidden: ReadonlySet<string> = new Set()): string[] {
  return fields
    .filter((f) => !hidden.has(f.path.join('.')) && f.kind !== 'other')
    .flatMap((f) => (f.kind === 'group' ? pathsOf(f.fields, hidden) : [f.path.join('.')]));
}

const shown = new Map<FormKind, ReadonlySet<string>>();
function shownIn(kind: FormKind): ReadonlySet<string> {
  const known = shown.get(kind);
  if (known !== undefined) return known;
  const form: JobForm = FORMS[kind];
  // The network in use is that of the header.
  const given = form.network === true ? ['network'] : [];
  const hidden = new Set(form.without ?? []);
  const walk = (fields: readonly FormField[]): string[] => pathsOf(fields, hidden);
  const methods = kind === 'rank' ? METHODS : [undefined];
  const all = new Set([...methods.flatMap((m) => walk(fieldsOf(formSchema(kind, false, m)))), ...given]);
  shown.set(kind, all);
  return all;
}

/** In a file of the page, which has this text for it. */
export function view(file: string, text: string): Place {
  return () => {
    const source = sources.get(file);
    if (source === undefined) return `there is no ${file}`;
    return source.includes(text) ? undefined : `${file} has no ${text}`;
  };
}

/** By a route that pages call, and these of its parameters. */
export function ask(route: RouteName, ...params: readonly string[]): Place {
  return () => {
    const { who, params: schema } = ROUTES[route];
    if (who !== 'page') return `${route} is not for pages`;
    if (!callsRoute(route)) return `no page asks ${route}`;
    const { inner } = unwrap(schema);
    const has = new Set(inner instanceof z.ZodObject ? leavesOf(inner).map((l) => l.path.join('.')) : []);
    const missing = params.filter((p) => ![...has].some((path) => path === p || path.startsWith(`${p}.`)));
    return missing.length === 0 ? undefined : `${route} takes no ${missing.join(', ')}`;
  };
}

/** Whether a file of the page names a route. */
export function callsRoute(route: string): boolean {
  return [...sources.values()].some((text) => text.includes(`'${route}'`));
}

/** Whether something on the page opens the form of a job. */
export function opensForm(kind: string): boolean {
  const opened = new RegExp(String.raw`\b(open|bring)\(\s*'${kind}'`);
  return [...sources.values()].some((text) => opened.test(text));
}

/** In all of these. */
export function both(...places: readonly Place[]): Place {
  return (leaf) => places.map((p) => p(leaf)).find((why) => why !== undefined);
}

/** Nowhere, and why. */
export function nowhere(why: string): Place {
  return () => (/^[A-Z].{15,}[^.]$/.test(why) ? undefined : `“${why}” is no reason`);
}

export type Places = Readonly<Record<string, Place>>;
/** By command: the form of its job, or another place, in which its options are by their own paths, and where everything else is. */
export type CommandPlaces = Readonly<
  Record<string, { readonly form?: FormKind; readonly otherwise?: Place; readonly options?: Places }>
>;

export const flags = (names: readonly string[], place: Place): Places =>
  Object.fromEntries(names.map((n) => [n, place]));
/** The studio works on the library that is open. */
export const opened = ask('start.open', 'folder');
/** What is written is new: a number is added where the name is taken. */
export const neverOver = nowhere('Studio writes something new, with a number where the name is taken');
