import { z } from 'zod';
import { DEFINITIONS, PARAMETERS, ranking, type SearchMethod } from '../../../shared/methods/index.ts';
import { parametersOf, type Parameter } from '../../../shared/methods/parameters.ts';

interface Reader {
  readonly method: SearchMethod;
  readonly p: Parameter;
}

const initialText = ({ initial, regional }: Parameter): string =>
  initial === regional ? String(initial) : `${initial}, with regions ${regional}`;

/** What holds where nothing is said: one text where all readers agree, else by method. */
function otherwise(readers: readonly Reader[]): string {
  const texts = Map.groupBy(readers, ({ p }) => initialText(p));
  if (texts.size === 1) return [...texts.keys()][0]!;
  return Array.from(texts, ([text, of]) => `${of.map((r) => DEFINITIONS[r.method].title).join(', ')}: ${text}`).join(
    '; ',
  );
}

/** What any of these methods reads, as the fields of a form; null where they read nothing. Each method is given what it reads. */
export function parameterFields(methods: readonly SearchMethod[]): z.ZodObject | null {
  const readers = methods.flatMap((method) => parametersOf(method).map((p): Reader => ({ method, p })));
  const shape = PARAMETERS.flatMap((name) => {
    const own = readers.filter(({ p }) => p.name === name);
    if (own.length === 0) return [];
    // Of one method its own bounds, of several the widest.
    const schema = methods.length === 1 ? own[0]!.p.leaf.schema : ranking.shape[name].unwrap();
    return [[name, schema.optional().meta({ ...own[0]!.p.leaf.meta, otherwise: otherwise(own) })] as const];
  });
  return shape.length === 0 ? null : z.strictObject(Object.fromEntries(shape));
}
