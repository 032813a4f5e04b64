import { CovisError } from '../../../shared/errors.ts';
import { LIMITS } from './budget.ts';

const [QUOTE, ESCAPE] = [0x22, 0x5c] as const;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);

/**
 * JSON of a stranger. It is counted before it is parsed, for a list of lists costs many times its text.
 * @param where the file, for errors; nothing where it came as bytes. @param not what is said of text that is no JSON.
 * @throws CovisError `INPUT_CORRUPT` for what is no JSON or is nested too deeply, `INPUT_UNSUPPORTED` for too many lists and objects.
 */
export function parseJson(
  text: string,
  where: { readonly file?: string; readonly hint?: string },
  not?: string,
): unknown {
  refuseCostly(text, where);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const said = `This is not valid JSON: ${(cause as Error).message.slice(0, 200)}`;
    throw new CovisError('INPUT_CORRUPT', not ?? said, { ...where, cause });
  }
}

function refuseCostly(text: string, where: { readonly file?: string; readonly hint?: string }): void {
  const most = LIMITS.containers.base + LIMITS.containers.each * text.length;
  let containers = 0;
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (quoted) {
      if (c === ESCAPE) i += 1;
      else if (c === QUOTE) quoted = false;
    } else if (c === QUOTE) quoted = true;
    else if (OPEN.has(c)) {
      containers += 1;
      depth += 1;
      if (depth > LIMITS.depth)
        throw new CovisError('INPUT_CORRUPT', `This JSON is nested more than ${LIMITS.depth} levels deep`, where);
      if (containers > most)
        throw new CovisError(
          'INPUT_UNSUPPORTED',
          'This JSON has more lists and objects than a file of its size can mean',
          where,
        );
    } else if (CLOSE.has(c)) depth -= 1;
  }
}
