/** `covis decide`: what the studio's review does, for scripts. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { VERDICTS } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { photoNames, type PhotoNames } from '../../engine/exchange/photo-names.ts';
import { refuseNoText } from '../../engine/library/name-lists.ts';
import type { Library } from '../../engine/library/library.ts';
import {
  decide,
  decisionLog,
  redo,
  undo,
  undoState,
  type Judgement,
  type LoggedAction,
} from '../../engine/mining/decisions.ts';
import { command, type Asked } from '../program/command.ts';
import { libraryWord, withLibrary } from '../program/library.ts';
import { print } from '../program/output.ts';

const entry = z
  .object({
    query: z.string(),
    other: z.string(),
    verdict: z.enum(VERDICTS).optional(),
    aspect: z.enum(['positive', 'negative']).optional(),
    with: z.string().optional(),
    note: z.string().optional(),
  })
  .strict();
type Entry = z.infer<typeof entry>;

const name = z.string().min(1).max(4096);
const options = {
  query: name
    .optional()
    .meta({ help: 'content hash, <scene>/<path>, or a file name that only one photo has', value: 'photo' }),
  other: name.optional().meta({ help: 'the positive or negative that is judged', value: 'photo' }),
  verdict: z.enum(VERDICTS).optional(),
  aspect: z
    .enum(['positive', 'negative'])
    .optional()
    .meta({ help: 'what --other is to the query', otherwise: 'positive; same-object: negative' }),
  with: name.optional().meta({ help: 'what the positive is swapped for', value: 'photo' }),
  note: z.string().max(10_000).optional().meta({ help: 'a note on the pair; empty removes it', value: 'text' }),
  from: name.optional().meta({
    help: 'many at once, undone at once: one JSON object a line with the names of these options; - reads standard input',
    value: 'file',
  }),
  undo: z.boolean().default(false).meta({ help: 'take back the last decision' }),
  redo: z.boolean().default(false).meta({ help: 'bring back what was undone last' }),
  log: z.boolean().default(false).meta({ help: 'list all decisions, oldest first' }),
};
type Given = Asked<typeof libraryWord, typeof options>;

export const decideCommand = command({
  name: 'decide',
  summary: 'accept, reject, swap or note pairs, say that a negative shows the same object, undo and redo',
  arguments: libraryWord,
  options,
  run: (o) =>
    withLibrary(o.library, false, (library) => {
      const asked = [o.undo, o.redo, o.log, o.from !== undefined, o.query !== undefined].filter(Boolean);
      if (asked.length !== 1)
        throw new CovisError('INPUT_INVALID', 'Say one thing: --query with --other, --from, --undo, --redo or --log');
      if (o.undo || o.redo) return turn(library, o);
      if (o.log) return log(library, o);
      const entries = o.from === undefined ? [ofOptions(o)] : readEntries(o.from);
      const names = photoNames(library);
      const judgements = entries.flatMap((e, i) =>
        judgementsOf(names, e, o.from === undefined ? '' : `Line ${i + 1}: `),
      );
      const label =
        entries.length === 1
          ? `${judgements[0]!.verdict} ${entries[0]!.other}`
          : `${entries.length} decisions from a file`;
      const id = decide(library, label, judgements);
      print(o.json, { action: id, decisions: judgements.length, ...undoState(library) }, () => [
        `${judgements.length} ${judgements.length === 1 ? 'decision' : 'decisions'} noted as action ${id}`,
      ]);
    }),
});

function ofOptions(o: Given): Entry {
  const given = Object.fromEntries(
    (['query', 'other', 'verdict', 'aspect', 'with', 'note'] as const).flatMap((k) =>
      o[k] === undefined ? [] : [[k, o[k]]],
    ),
  );
  return parsed(given, '');
}

function parsed(value: unknown, where: string): Entry {
  const result = entry.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    const key = issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : issue.path.join('.');
    const given = (value as Readonly<Record<string, unknown>> | null)?.[key];
    const wrong =
      issue.code === 'unrecognized_keys'
        ? `A decision has no ${key}`
        : key === ''
          ? 'This is no decision'
          : given === undefined
            ? `The decision has no ${key}`
            : `The decision has ${JSON.stringify(given).slice(0, 40)} for ${key}`;
    throw new CovisError('INPUT_INVALID', `${where}${wrong}`, {
      hint: `A decision has query, other and a verdict: ${VERDICTS.join(', ')}.`,
    });
  }
  return result.data;
}

function readEntries(file: string): Entry[] {
  if (file !== '-') refuseNoText(file);
  const lines = readFileSync(file === '-' ? 0 : file, 'utf8').split(/\r?\n/);
  if (lines.every((l) => l.trim() === ''))
    throw new CovisError('INPUT_INVALID', 'This file has no decision', {
      ...(file === '-' ? {} : { file }),
      hint: 'Each line is an object with query, other and verdict.',
    });
  return lines.flatMap((l, i) => {
    if (l.trim() === '') return [];
    let value: unknown;
    try {
      value = JSON.parse(l);
    } catch (cause) {
      throw new CovisError('INPUT_CORRUPT', `Line ${i + 1} is not JSON`, { file, cause });
    }
    return [parsed(value, `Line ${i + 1}: `)];
  });
}

function judgementsOf(names: PhotoNames, e: Entry, where: string): Judgement[] {
  const id = (text: string): number =>
    names.one(text, where, 'Name it by content hash, or as covis mine --out writes it: <scene>/<path>.');
  const pair = { query: id(e.query), other: id(e.other) };
  const out: Judgement[] = [];
  if (e.verdict !== undefined)
    out.push({
      ...pair,
      aspect: e.aspect ?? (e.verdict === 'same-object' ? 'negative' : 'positive'),
      verdict: e.verdict,
      ...(e.with === undefined ? {} : { replacement: id(e.with) }),
    });
  if (e.note !== undefined) out.push({ ...pair, aspect: 'note', verdict: 'note', note: e.note });
  if (out.length === 0) throw new CovisError('INPUT_INVALID', `${where}A decision needs a verdict or a note`);
  return out;
}

function turn(library: Library, o: Given): void {
  const back = o.undo;
  const label = (back ? undo(library) : redo(library))?.label ?? null;
  print(o.json, { [back ? 'undone' : 'redone']: label, ...undoState(library) }, () => [
    label === null ? `There is nothing to ${back ? 'undo' : 'redo'}` : `${back ? 'Undone' : 'Done again'}: ${label}`,
  ]);
}

const LOG_PAGE = 1000;

function log(library: Library, o: Given): void {
  const all: LoggedAction[] = [];
  for (let after = 0; ;) {
    const page = decisionLog(library, after, LOG_PAGE);
    all.push(...page);
    if (page.length < LOG_PAGE) break;
    after = page.at(-1)!.id;
  }
  print(o.json, all, () => all.map((a) => `${a.id}  ${a.created}  ${a.kind.padEnd(4)}  ${a.label}`));
}
