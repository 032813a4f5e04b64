/** `covis collection smart`: collections by rules. */
import { counted } from '../../../../shared/counted.ts';
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { CovisError } from '../../../../shared/errors.ts';
import type { Rule } from '../../../../shared/facts/collection-rules.ts';
import { readRule } from '../../../engine/collections/rule-tree.ts';
import { answerRule } from '../../../engine/collections/rules.ts';
import { refreshSmart, smartState } from '../../../engine/collections/smart.ts';
import { createCollection, setRules } from '../../../engine/collections/store.ts';
import { refuseNoText } from '../../../engine/library/name-lists.ts';
import type { Library } from '../../../engine/library/library.ts';
import { allCollections } from '../../../engine/library/tables/collection.ts';
import { hashById } from '../../../engine/library/tables/photo.ts';
import { command } from '../../program/command.ts';
import { libraryWord, withLibrary } from '../../program/library.ts';
import { print } from '../../program/output.ts';

export const ruleOption = z.string().min(1).max(1_000_000).meta({ value: 'file|json' });

/** A rule as it was typed: JSON, or a file with it. @throws CovisError `INPUT_INVALID`, `INPUT_CORRUPT`. */
export function ruleOf(typed: string): Rule {
  const text = typed.trimStart().startsWith('{') ? typed : ruleFile(typed);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const file = text === typed ? {} : { file: typed };
    throw new CovisError('INPUT_CORRUPT', `This rule is not JSON: ${(cause as Error).message}`, { ...file, cause });
  }
  return readRule(value);
}

function ruleFile(file: string): string {
  if (!existsSync(file))
    throw new CovisError('INPUT_MISSING', 'This rule is neither JSON nor a file that is there', { file });
  refuseNoText(file);
  return readFileSync(file, 'utf8');
}

const name = z.string().min(1).max(4096);

export const collectionSmart = command({
  name: 'collection smart',
  summary: 'make a collection by a rule, look what its rule gives now, and bring it up to date',
  arguments: { ...libraryWord, name },
  options: {
    rule: ruleOption
      .optional()
      .meta({ help: 'JSON of a tree of conditions, or a file with it; makes the collection where it is not there' }),
    preview: z.boolean().default(false).meta({ help: 'say what the rule gives and change nothing' }),
    refresh: z.boolean().default(true).meta({ help: 'leave what the collection holds as it is' }),
  },
  run: (o) =>
    withLibrary(o.library, false, async (library) => {
      const rule = o.rule === undefined ? undefined : ruleOf(o.rule);
      const there = allCollections(library).some((c) => c.uid === o.name || c.name === o.name.normalize('NFC').trim());
      if (o.preview) return preview(library, o, rule, there);
      if (rule !== undefined && there) setRules(library, o.name, rule);
      else if (rule !== undefined) {
        // What cannot be answered makes no collection.
        await answerRule(library, rule);
        createCollection(library, o.name, { kind: 'smart', rules: rule });
      }
      if (!o.refresh) {
        const { added, removed, answer } = await smartState(library, o.name);
        print(
          o.json,
          { total: answer.photos.length, added: added.length, removed: removed.length, notes: answer.notes },
          () => [
            `The rule gives ${counted(answer.photos.length, 'photo')}: +${added.length} −${removed.length} against what ${o.name} holds`,
            ...answer.notes,
          ],
        );
        return;
      }
      const done = await refreshSmart(library, o.name);
      print(o.json, done, () => [`${o.name}: +${done.added} −${done.removed}`, ...done.notes]);
    }),
});

async function preview(
  library: Library,
  o: { readonly name: string; readonly json: boolean },
  rule: Rule | undefined,
  there: boolean,
): Promise<void> {
  if (!there && rule === undefined)
    throw new CovisError('NOT_FOUND', `There is no collection "${o.name}"`, { hint: 'Give a rule with --rule.' });
  const state = there ? await smartState(library, o.name, rule) : undefined;
  const answer = state?.answer ?? (await answerRule(library, rule!));
  const hash = hashById(library);
  const photos = answer.photos.map((id) => ({ photo: hash.one(id), score: answer.scored?.scores.get(id) ?? null }));
  const changes = { added: state?.added.length ?? null, removed: state?.removed.length ?? null };
  print(o.json, { total: photos.length, ...changes, photos, notes: answer.notes }, () => [
    `The rule gives ${counted(photos.length, 'photo')}${state === undefined ? '' : `: +${state.added.length} −${state.removed.length} against what ${o.name} holds`}`,
    ...answer.notes,
  ]);
}
