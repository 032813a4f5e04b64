import { basename } from 'node:path';
import { CovisError } from '../../../../shared/errors.ts';
import { csvCells } from '../../formats/csv-cells.ts';
import { nameParts, withoutEnding } from '../../library/names.ts';
import type { GroundTruth, TruthQuery } from '../ground-truth.ts';
import { eachOnce } from '../truth-names.ts';
import { readNames } from './names.ts';
import type { TruthReader } from './reader.ts';

/**
 * A list of image names whose groups follow from the protocol: Holidays (names end in two digits that count within the group), UKBench
 * (groups of four), or classes for leave-one-out. Any text may be one, so that it is last in the list. Holidays and UKBench have one name
 * a line, with all its spaces; of classes the class may follow the name.
 */
export const list: TruthReader = {
  format: 'list',
  title: 'a list of names',
  at: 'file',
  named: /./,
  read: (file, { protocol }) => fromList(readNames(file), protocol, file),
};

/** Names with the group of each. */
interface Grouped {
  readonly images: readonly string[];
  readonly groups: readonly string[];
}

/** A list of names with groups: every image asks for the others of its group, or one of each group does. */
function fromList(lines: readonly string[], protocol: string, file: string): GroundTruth {
  const { images, groups } = grouped(lines, protocol, file);
  eachOnce(images, file);
  const members = new Map<string, number[]>();
  groups.forEach((key, i) => {
    const list = members.get(key);
    if (list === undefined) members.set(key, [i]);
    else list.push(i);
  });
  const queries: TruthQuery[] = [];
  images.forEach((name, i) => {
    if (protocol === 'holidays' && !stem(name).endsWith('00')) return;
    const own = members.get(groups[i]!)!;
    queries.push({ name, bbx: null, row: i, labels: { ok: own.filter((j) => j !== i), junk: [] } });
  });
  return { name: basename(file), images, queries };
}

function grouped(lines: readonly string[], protocol: string, file: string): Grouped {
  switch (protocol) {
    case 'holidays':
      return { images: lines, groups: holidays(lines, file) };
    case 'ukbench':
      return { images: lines, groups: lines.map((_, i) => String(Math.floor(i / 4))) };
    case 'recall':
      return classes(lines, file);
    default:
      throw new CovisError('INPUT_INVALID', `A list of names says nothing about the protocol ${protocol}`, {
        file,
        hint: 'Lists serve holidays, ukbench and recall; other protocols need gnd_*.pkl, .mat or JSON.',
      });
  }
}

/** A file name without folders and an image's ending. */
function stem(name: string): string {
  return withoutEnding(nameParts(name).at(-1) ?? '');
}

function folderOf(name: string): string {
  return nameParts(name).slice(0, -1).join('/');
}

/** The name without its last two digits. Where file names repeat in several folders, each folder has groups of its own. */
function holidays(names: readonly string[], file: string): string[] {
  const stems = names.map(stem);
  const odd = stems.findIndex((s) => !/\d\d$/.test(s));
  if (odd >= 0)
    throw new CovisError('INPUT_INVALID', `Name ${odd + 1} does not end in two digits: ${names[odd]!}`, {
      file,
      hint: 'A list of Holidays has one name a line, 100000.jpg: all but the last two digits are the group.',
    });
  const apart = new Set(stems).size < stems.length;
  return stems.map((s, i) => `${apart ? folderOf(names[i]!) : ''}/${s.slice(0, -2)}`);
}

/** Classes after a comma, else by folder, else after the last white space, else one class for all. */
function classes(lines: readonly string[], file: string): Grouped {
  const rows = lines.map((l) => csvCells(l) ?? [l]);
  if (lines.length > 0 && rows.every((r) => r.length > 1))
    return { images: rows.map((r) => r[0]!), groups: rows.map((r) => r[1]!.trim()) };
  // What ends as an image does is the end of a name, not a class.
  const columns = lines
    .map((l) => /^(.*\S)\s+(\S+)\s*$/.exec(l))
    .map((m) => (m !== null && withoutEnding(m[2]!) === m[2] ? m : null));
  const some = columns.find((m) => m !== null) !== undefined;
  const without = columns.indexOf(null);
  if (some && without >= 0)
    throw new CovisError('INPUT_INVALID', `Line ${without + 1} has no class, and others have: ${lines[without]!}`, {
      file,
      hint: 'A list has a name a line, or a name and its class in every line: NAME CLASS, or NAME,CLASS.',
    });
  const images = some ? columns.map((m) => m![1]!) : lines;
  const folders = images.map(folderOf);
  if (new Set(folders).size > 1) return { images, groups: folders };
  return { images, groups: columns.map((m) => m?.[2] ?? '') };
}
