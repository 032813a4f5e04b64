import type { Random } from '../../../src/main/engine/library/random.ts';
import { pick, type Mutator } from './bytes.ts';

const DEEP = 5000;

/** Values as they stand in a text of JSON: some cannot be made of a value. */
const VALUES: readonly (() => string)[] = [
  'null',
  'true',
  'false',
  '0',
  '-1',
  '1',
  '0.5',
  '1e400',
  '-1e400',
  '1e308',
  '9007199254740993',
  '4294967296',
  '2147483648',
  '-2147483649',
  '""',
  '" "',
  '"1"',
  '"NaN"',
  '"__proto__"',
  '"../../../../elsewhere"',
  '"/etc/hostname"',
  '"a\\u0000b"',
  '"\\ud800"',
  '[]',
  '{}',
  '[null]',
  '[[]]',
  '[1,2]',
  '[1,2,3,4,5]',
  '{"__proto__":{"x":1}}',
  '{"length":4294967295}',
  '{"toString":1}',
  'NaN',
  '"x',
]
  .map((v) => (): string => v)
  .concat([
    () => `${'['.repeat(DEEP)}${']'.repeat(DEEP)}`,
    () => `${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}`,
    () => `[${'1,'.repeat(20_000)}1]`,
    () => `"${'x'.repeat(100_000)}"`,
  ]);

/** Stands where the new text goes. */
const MARK = '\u0001fuzz\u0001';

type Value = unknown;

/** Every place in a value, as the object and the key. */
function places(
  value: Value,
  found: [Record<string, Value>, string][] = [],
  depth = 0,
): [Record<string, Value>, string][] {
  if (typeof value !== 'object' || value === null || depth > 64) return found;
  for (const key of Object.keys(value)) {
    found.push([value as Record<string, Value>, key]);
    places((value as Record<string, Value>)[key], found, depth + 1);
  }
  return found;
}

function changed(r: Random, root: { value: Value }): string | undefined {
  const all = places(root);
  const [holder, key] = pick(r, all);
  const list = Array.isArray(holder) ? (holder as Value[]) : undefined;
  const own = holder[key];
  switch (r.below(9)) {
    case 0:
      if (list === undefined) delete holder[key];
      else list.splice(Number(key), 1);
      return undefined;
    case 1:
      if (list === undefined) holder[`${key}${pick(r, ['', '_', ' ', '\0', 'x'])}2`] = own;
      else list.splice(Number(key), 0, ...Array<Value>(r.next() < 0.9 ? 1 : 100).fill(own));
      return undefined;
    case 2: {
      const [other, from] = pick(r, all);
      holder[key] = structuredClone(other[from]);
      return undefined;
    }
    case 3:
      if (typeof own === 'number') {
        holder[key] = pick(r, [own + 1, own - 1, -own, own * 2, own * 1e6, own + 0.5, own / 1e12]);
        return undefined;
      }
      holder[key] = [own];
      return undefined;
    case 4:
      if (list === undefined && key !== 'value') {
        delete holder[key];
        holder[pick(r, ['__proto__', 'constructor', '', '-1', '1e5', key.toUpperCase(), '0'])] = own;
        return undefined;
      }
      holder[key] = MARK;
      return pick(r, VALUES)();
    default:
      holder[key] = MARK;
      return pick(r, VALUES)();
  }
}

/** Changes a value somewhere in a text of JSON, or in one of its lines. */
export const json: Mutator = (r, bytes) => {
  const text = bytes.toString('utf8');
  const whole = parsed(text);
  if (whole !== undefined) return Buffer.from(rewritten(r, whole));
  const lines = text.split('\n');
  const at = r.below(lines.length);
  const one = parsed(lines[at]!);
  if (one === undefined) return bytes;
  lines[at] = rewritten(r, one);
  return Buffer.from(lines.join('\n'));
};

/** Nested by an earlier change; how deep a stack is differs between processes, so that it is left alone. */
const DEEPLY = /[[{]{200}|(\{"a":){200}/;

function parsed(text: string): { value: Value } | undefined {
  if (DEEPLY.test(text)) return undefined;
  try {
    return { value: JSON.parse(text) as Value };
  } catch {
    return undefined;
  }
}

function rewritten(r: Random, root: { value: Value }): string {
  const by = changed(r, root);
  const text = JSON.stringify(root.value) ?? 'null';
  return by === undefined ? text : text.replace(JSON.stringify(MARK), () => by);
}
