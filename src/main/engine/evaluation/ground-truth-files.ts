import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { CovisError } from '../../../shared/errors.ts';
import { readMat5, type MatValue } from '../formats/mat5.ts';
import { readPickle, type Pickled } from '../formats/pickle.ts';
import { bareName, checkedTruth, LABELS, type GroundTruth, type Label, type TruthQuery } from './ground-truth.ts';

const MAX_TEXT = 256 << 20;

/**
 * Reads a ground truth (methods.md 9.2): `gnd_*.pkl`, `gnd_*.mat` (version 5 to 7), JSON of the same fields, a folder of Oxford5k's
 * text files, or a list of image names whose groups follow from the protocol: Holidays (names end in two digits that count within
 * the group), UKBench (groups of four), or classes for leave-one-out.
 * @param imageList for the text files of Oxford5k, which do not list the database: a file with one name a line, in the order of rows.
 * @throws CovisError `INPUT_*` naming the file.
 */
export function readGroundTruth(file: string, protocol: string, imageList?: string): GroundTruth {
  if (!existsSync(file)) throw new CovisError('INPUT_MISSING', 'This ground truth does not exist', { file });
  const named = basename(file);
  if (statSync(file).isDirectory()) return checkedTruth(fromOxfordText(file, imageList), file);
  if (/\.pkl$|\.pickle$/i.test(named))
    return checkedTruth(fromRecord(plainRecord(readPickle(file), file), file, 0), file);
  if (/\.mat$/i.test(named)) return checkedTruth(fromMat(file), file);
  const text = readText(file);
  if (/\.json$/i.test(named)) {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new CovisError('INPUT_CORRUPT', 'This is not JSON', { file, cause });
    }
    return checkedTruth(fromRecord(value, file, 0), file);
  }
  const lines = text.split(/\r?\n/).filter((l) => l.trim() !== '');
  return checkedTruth(fromList(lines, protocol, file), file);
}

function readText(file: string): string {
  if (statSync(file).size > MAX_TEXT)
    throw new CovisError('INPUT_UNSUPPORTED', 'This text file is larger than 256 MiB', { file });
  return readFileSync(file, 'utf8');
}

/** Lines of a list of names, without the empty ones. */
export function readNames(file: string): string[] {
  if (!existsSync(file)) throw new CovisError('INPUT_MISSING', 'This list of names does not exist', { file });
  return readText(file)
    .split(/\r?\n/)
    .map((l) => l.trim())
    .filter((l) => l !== '');
}

const reference = z.union([z.number(), z.string()]);
const schema = z.object({
  imlist: z.array(z.string()),
  qimlist: z.array(z.string()).optional(),
  qidx: z.array(z.number()).optional(),
  gnd: z.array(
    z.object({
      bbx: z.array(z.number()).nullish(),
      ok: z.array(reference).optional(),
      easy: z.array(reference).optional(),
      hard: z.array(reference).optional(),
      junk: z.array(reference).optional(),
    }),
  ),
});

/** @param base 1 where rows are counted as MATLAB does. */
function fromRecord(value: unknown, file: string, base: 0 | 1): GroundTruth {
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new CovisError('INPUT_CORRUPT', `This is no ground truth: ${issue.path.join('.')} ${issue.message}`, {
      file,
      hint: 'It needs imlist, qimlist and gnd, a list with ok, easy, hard or junk for each query.',
    });
  }
  const { imlist, qimlist, qidx, gnd } = parsed.data;
  const rowOf = new Map<string, number>();
  imlist.forEach((n, i) => rowOf.set(bareName(n), i));
  const unknown = new Set<string>();
  const rows = (list: readonly (number | string)[]): number[] =>
    list.map((r) => {
      if (typeof r === 'number') return r - base;
      const found = rowOf.get(bareName(r));
      if (found === undefined) unknown.add(r);
      return found ?? 0;
    });
  const names = qimlist ?? qidx?.map((i) => imlist[i - base] ?? '') ?? [];
  if (names.length !== gnd.length)
    throw new CovisError(
      'INPUT_CORRUPT',
      `This ground truth names ${names.length} queries and has labels for ${gnd.length}`,
      { file },
    );
  const queries = gnd.map((g, i): TruthQuery => {
    const labels: Partial<Record<Label, number[]>> = {};
    for (const l of LABELS) if (g[l] !== undefined) labels[l] = rows(g[l]);
    const name = names[i]!;
    const box = g.bbx?.length === 4 ? (g.bbx as [number, number, number, number]) : null;
    return { name, bbx: box, row: rowOf.get(bareName(name)) ?? null, labels };
  });
  if (unknown.size > 0) {
    throw new CovisError(
      'INPUT_INVALID',
      `This ground truth names ${unknown.size} images that its list does not have: ${[...unknown].slice(0, 3).join(', ')}${unknown.size > 3 ? ', …' : ''}`,
      { file },
    );
  }
  return { name: basename(file), images: imlist, queries };
}

function plainRecord(value: Pickled, file: string): unknown {
  const walk = (v: Pickled): unknown => {
    if (v instanceof Map) return Object.fromEntries([...v].map(([k, x]) => [String(k), walk(x)]));
    if (Array.isArray(v)) return v.map(walk);
    if (v !== null && typeof v === 'object' && 'data' in v) return Array.from(v.data);
    return v;
  };
  if (!(value instanceof Map)) throw new CovisError('INPUT_CORRUPT', 'This pickle holds no dictionary', { file });
  return walk(value);
}

function fromMat(file: string): GroundTruth {
  const vars = readMat5(file);
  const texts = (v: MatValue | undefined): string[] | undefined =>
    v?.kind === 'cell' ? v.items.map((i) => (i.kind === 'text' ? i.text : '')) : undefined;
  const numbers = (v: MatValue | undefined): number[] | undefined =>
    v?.kind === 'numbers' ? Array.from(v.data) : undefined;
  const gnd = vars.get('gnd');
  const images = texts(vars.get('imlist'));
  if (gnd?.kind !== 'struct' || images === undefined)
    throw new CovisError('INPUT_CORRUPT', 'This .mat file has no imlist and gnd', { file });
  const record = {
    imlist: images,
    qimlist: texts(vars.get('qimlist')),
    qidx: numbers(vars.get('qidx')),
    gnd: gnd.items.map((item) =>
      Object.fromEntries(
        ['bbx', ...LABELS].flatMap((key) => {
          const list = numbers(item.get(key));
          return list === undefined ? [] : [[key, list]];
        }),
      ),
    ),
  };
  return fromRecord(record, file, 1);
}

/** Oxford5k's and Paris6k's own files: NAME_query.txt, NAME_good.txt, NAME_ok.txt, NAME_junk.txt. */
function fromOxfordText(folder: string, imageList: string | undefined): GroundTruth {
  const queries = readdirSync(folder)
    .filter((n) => n.endsWith('_query.txt'))
    .sort();
  if (queries.length === 0)
    throw new CovisError('INPUT_CORRUPT', 'This folder has no files that end in _query.txt', { file: folder });
  if (imageList === undefined) {
    throw new CovisError('INPUT_INVALID', 'These text files do not list the database', {
      file: folder,
      hint: 'Say with --imlist FILE which image each row is, one name a line.',
    });
  }
  const images = readNames(imageList).map((l) => l.split(/[,\s]/)[0]!);
  const gnd = queries.map((name) => {
    const stem = name.slice(0, -'_query.txt'.length);
    const list = (kind: string): string[] => {
      const file = join(folder, `${stem}_${kind}.txt`);
      return existsSync(file) ? readNames(file) : [];
    };
    const [image = '', ...box] = readNames(join(folder, name))[0]?.split(/\s+/) ?? [];
    // Oxford5k's own query files put a collection's short name before the photo's.
    const photo = image.replace(/^oxc1_/, '');
    return { photo, bbx: box.map(Number), ok: [...list('good'), ...list('ok')], junk: list('junk') };
  });
  const record = { imlist: images, qimlist: gnd.map((g) => g.photo), gnd: gnd.map(({ photo: _, ...g }) => g) };
  return fromRecord(record, folder, 0);
}

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
