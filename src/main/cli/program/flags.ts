/** How schemas become options: their flags, what `--help` says of them, and values out of what was typed. */
import { Option } from 'commander';
import type { z } from 'zod';
import { jsonOf, leavesOf, orList, type Leaf } from '../../../shared/schema.ts';

/** `minShared` as `min-shared`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
}

/** The name of a value's option without dashes. */
function nameOf(leaf: Leaf): string {
  return leaf.meta.flag ?? kebab(leaf.path.at(-1)!);
}

/** A switch that is on unless it is turned off: `--no-NAME`. */
function turnsOff(leaf: Leaf): boolean {
  return leaf.initial === true;
}

/** Its option as a person types it. */
export function flagOf(leaf: Leaf): string {
  return `--${turnsOff(leaf) ? 'no-' : ''}${nameOf(leaf)}`;
}

function placeholder(leaf: Leaf): string {
  const json = jsonOf(leaf.schema);
  return (
    leaf.meta.value ??
    (json.enum !== undefined ? nameOf(leaf) : json.type === 'array' ? 'list' : json.type === 'string' ? 'text' : 'n')
  );
}

function helpOf(leaf: Leaf): string {
  const { enum: words } = jsonOf(leaf.schema);
  const choices = words === undefined ? [] : [orList(words.map(String))];
  const help = leaf.meta.help === undefined ? [] : [leaf.meta.help];
  const initial = leaf.initial;
  const otherwise =
    leaf.meta.otherwise ??
    (initial === undefined || typeof initial === 'boolean'
      ? undefined
      : Array.isArray(initial)
        ? initial.join(',')
        : String(initial));
  return `${[...help, ...choices].join(': ')}${otherwise === undefined ? '' : ` (${otherwise})`}`;
}

/** The options of a schema, in its order. */
export function optionsOf(schema: z.ZodObject): Option[] {
  return leavesOf(schema).map((leaf) => {
    const toggle = jsonOf(leaf.schema).type === 'boolean';
    const option = new Option(toggle ? flagOf(leaf) : `${flagOf(leaf)} <${placeholder(leaf)}>`, helpOf(leaf));
    if (leaf.meta.repeated === true)
      option.argParser((typed: string, before: readonly string[] | undefined) => [...(before ?? []), typed]);
    return option.makeOptionMandatory(leaf.required);
  });
}

/** What was typed as what the schema means; text that is no number stays, so that it is refused by name. */
export function valueOf(schema: z.ZodType, typed: string): unknown {
  const json = jsonOf(schema);
  const alternatives = json.anyOf ?? [json];
  if (alternatives.some((j) => j.const === typed)) return typed;
  const { type, items } = alternatives.find((j) => j.const === undefined) ?? json;
  const number = (text: string): unknown => (text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text);
  if (type === 'integer' || type === 'number') return number(typed);
  if (type !== 'array') return typed;
  const parts = typed.split(',');
  return items?.type === 'number' || items?.type === 'integer' ? parts.map(number) : parts;
}

/** Puts what commander collected where the schema has it. */
export function nested(schema: z.ZodObject, collected: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const leaf of leavesOf(schema)) {
    const key = nameOf(leaf).replace(/-([a-z0-9])/g, (_, c: string) => c.toUpperCase());
    const typed = collected[key];
    // Commander says true for a switch that was not turned off.
    if (typed === undefined || (turnsOff(leaf) && typed === true)) continue;
    let group = out;
    for (const part of leaf.path.slice(0, -1)) group = (group[part] ??= {}) as Record<string, unknown>;
    group[leaf.path.at(-1)!] = typeof typed === 'string' ? valueOf(leaf.schema, typed) : typed;
  }
  return out;
}

/** What a person calls a value of a schema: its option. */
export function flagNames(schema: z.ZodObject): (path: readonly string[]) => string {
  const leaves = leavesOf(schema);
  return (path) => {
    const leaf = leaves.find((l) => l.path.join('.') === path.join('.'));
    return leaf === undefined ? path.map((p) => `--${kebab(p)}`).join(' ') : flagOf(leaf);
  };
}
