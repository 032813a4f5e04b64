import { basename } from 'node:path';
import { CovisError } from '../../../../shared/errors.ts';
import { bareName, type GroundTruth, type TruthQuery } from '../ground-truth.ts';
import { readText } from './names.ts';
import type { TruthReader } from './reader.ts';

/**
 * A list of image names whose groups follow from the protocol: Holidays (names end in two digits that count within the group), UKBench
 * (groups of four), or classes for leave-one-out. Any text may be one, so that it is last in the list.
 */
export const list: TruthReader = {
  format: 'list',
  title: 'a list of names',
  at: 'file',
  named: /./,
  read: (file, { protocol }) =>
    fromList(
      readText(file)
        .split(/\r?\n/)
        .filter((l) => l.trim() !== ''),
      protocol,
      file,
    ),
};

/** A list of names with groups: every image asks for the others of its group, or one of each group does. */
function fromList(lines: readonly string[], protocol: string, file: string): GroundTruth {
  const images = lines.map((l) => (l.includes(',') ? l.split(',')[0]! : l.split(/\s+/)[0]!));
  const group = groupOf(lines, images, protocol, file);
  const members = new Map<string, number[]>();
  images.forEach((_, i) => {
    const key = group(i);
    const list = members.get(key);
    if (list === undefined) members.set(key, [i]);
    else list.push(i);
  });
  const queries: TruthQuery[] = [];
  images.forEach((name, i) => {
    if (protocol === 'holidays' && !/00$/.test(bareName(name))) return;
    const own = members.get(group(i))!;
    queries.push({ name, bbx: null, row: i, labels: { ok: own.filter((j) => j !== i), junk: [] } });
  });
  return { name: basename(file), images, queries };
}

function groupOf(
  lines: readonly string[],
  images: readonly string[],
  protocol: string,
  file: string,
): (i: number) => string {
  switch (protocol) {
    case 'holidays':
      return (i) => bareName(images[i]!).slice(0, -2);
    case 'ukbench':
      return (i) => String(Math.floor(i / 4));
    case 'recall': {
      if (lines.every((l) => l.includes(','))) return (i) => lines[i]!.split(',')[1]!.trim();
      const folders = images.map((n) => n.replace(/[\\/]?[^\\/]*$/, ''));
      if (new Set(folders).size > 1) return (i) => folders[i]!;
      return (i) => lines[i]!.split(/\s+/)[1] ?? '';
    }
    default:
      throw new CovisError('INPUT_INVALID', `A list of names says nothing about the protocol ${protocol}`, {
        file,
        hint: 'Lists serve holidays, ukbench and recall; other protocols need gnd_*.pkl, .mat or JSON.',
      });
  }
}
