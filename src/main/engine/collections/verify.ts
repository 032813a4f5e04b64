/** Whether a folder still is what it was when it was written, with no library at hand; and bringing back what was lost. */
import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { constants, copyFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import type { VerifyLevel, VerifyReport } from '../../../shared/facts/verification.ts';
import { counted } from '../../../shared/counted.ts';
import { shellWord } from '../../../shared/shell-word.ts';
import { logFailure, logger } from '../environment/log.ts';
import { diskError, freeBytes, bytesText } from '../formats/disk.ts';
import { libraryAround } from '../formats/target.ts';
import type { TaskContext } from '../queue/context.ts';
import { digestsOf, inParallel } from './exports/digests.ts';
import { leadsOut, photosAreLinks } from './import.ts';
import { sizesOf } from './import-sizes.ts';
import { readPromises, type Algorithm, type Promised } from './verify-manifests.ts';
import { hasShards, verifyShards } from './verify-shards.ts';

/** How a folder is verified. */
export interface VerifyOptions {
  readonly level: VerifyLevel;
  /** Folder in which lost files are looked for by their digests. */
  readonly repair?: string | undefined;
  /** Puts the right file over a changed one. */
  readonly force?: boolean | undefined;
}

/** What lies in a folder: files, also behind links, and folders that are links, which are not looked into. */
interface Found {
  readonly files: readonly string[];
  readonly links: readonly string[];
  readonly unreadable: readonly string[];
}

type Digests = ReadonlyMap<Algorithm, string>;
const MOST_FILES = 20_000_000;

/**
 * Compares a folder with its own list of digests. @param folder an export of Covis, a bag, or any folder with such a list.
 * @throws CovisError `INPUT_MISSING`, `INPUT_INVALID` without a list, `INPUT_CORRUPT` for a list that cannot be one, `CANCELLED`.
 */
export async function verifyFolder(folder: string, options: VerifyOptions, task: TaskContext): Promise<VerifyReport> {
  const root = resolve(folder);
  refuseNoFolder(root);
  const shards = hasShards(root);
  if (shards && !readdirSync(root).some((n) => /^manifest-\w+\.txt$/.test(n))) {
    if (options.repair !== undefined)
      throw new CovisError('INPUT_INVALID', 'Shards alone are not repaired: their folder has no list of whole files', {
        file: root,
        hint: 'Copy the tar files that are named here again.',
      });
    return verifyShards(root, options.level, task);
  }
  const promised = readPromises(root);
  let report = await compare(root, promised, options.level, task);
  if (options.repair !== undefined) {
    const { repaired, kept } = await repair(root, promised, report, options, task);
    if (repaired.length > 0) report = await compare(root, promised, options.level, task);
    report = { ...report, repaired, kept };
  }
  return report;
}

function refuseNoFolder(root: string): void {
  const there = statSync(root, { throwIfNoEntry: false });
  if (there === undefined) throw new CovisError('INPUT_MISSING', 'This folder does not exist', { file: root });
  if (!there.isDirectory())
    throw new CovisError('INPUT_INVALID', 'This is a file, and a folder is verified', {
      file: root,
      hint: 'Name the folder that has the list of digests.',
    });
}

async function compare(root: string, promised: Promised, level: VerifyLevel, task: TaskContext): Promise<VerifyReport> {
  const found = walk(root, task);
  const there = new Set(found.files);
  const own = new Set(promised.kind === 'bag' ? [] : promised.manifests);
  const listed = [...promised.files.keys()];
  const problems = [...promised.problems];
  const missing: string[] = [];
  const changed: string[] = [];
  const unreadable: string[] = [...found.unreadable];
  const unread = new Set(found.unreadable);
  const isPayload = (path: string): boolean => promised.kind === 'folder' || path.startsWith('data/');
  // What is promised of them is not looked at: a stranger's list is no reason to read files that are not its own.
  const outside = linksOut(root, found.files);
  for (const p of outside) problems.push(`${p} is a link that leads out of this folder, and is not read`);
  const present = listed.filter((p) => {
    if (there.has(p) || unread.has(p)) return there.has(p) && !outside.has(p);
    missing.push(p);
    return false;
  });
  const extra = found.files.filter((p) => !promised.files.has(p) && !own.has(p) && isPayload(p));
  for (const link of found.links) problems.push(`${link} is a link to a folder, which is not looked into`);
  if (promised.kind === 'bag')
    for (const p of found.files)
      if (isPayload(p) && lstatSync(join(root, p)).isSymbolicLink())
        problems.push(`${p} is a link, which a bag may not have`);

  let bytes = 0;
  let sized = 0;
  if (level !== 'presence') {
    const sizes = sizesOf(root);
    for (const p of present) {
      const size = statSync(join(root, p)).size;
      bytes += size;
      const promisedSize = sizes.get(p);
      if (promisedSize === undefined) continue;
      sized += 1;
      if (size !== promisedSize) changed.push(p);
    }
    if (promised.oxum !== undefined) {
      const payload = found.files.filter((p) => isPayload(p) && !outside.has(p));
      const total = payload.reduce((n, p) => n + statSync(join(root, p)).size, 0);
      if (payload.length !== promised.oxum.files || total !== promised.oxum.bytes)
        problems.push(
          `Payload-Oxum promises ${counted(promised.oxum.files, 'file')} and ${promised.oxum.bytes} bytes; ${counted(payload.length, 'file')} and ${total} bytes are there`,
        );
    }
  }
  const moved: { from: string; to: string }[] = [];
  if (level === 'full') {
    task.step('Verifying', present.length, 'files');
    let done = 0;
    const odd = new Set(changed);
    await inParallel(present, async (p) => {
      task.check();
      const state = await holds(join(root, p), promised.files.get(p)!);
      if (state === 'unreadable') unreadable.push(p);
      else if (state === 'other') odd.add(p);
      else odd.delete(p);
      task.progress((done += 1));
    });
    changed.splice(0, changed.length, ...odd);
    if (missing.length > 0 && extra.length > 0)
      await findMoved(root, promised, { missing, extra, moved, outside }, task);
  }
  for (const list of [missing, changed, extra, unreadable]) list.sort();
  const bad = missing.length + changed.length + extra.length + moved.length + unreadable.length + problems.length;
  return {
    folder: root,
    kind: promised.kind,
    level,
    manifests: promised.manifests,
    files: listed.length,
    bytes,
    sized: level === 'presence' ? 0 : sized,
    missing: missing.map((path) => ({ path, fetch: promised.fetched.has(path) })),
    changed,
    extra,
    moved,
    unreadable,
    problems,
    repaired: [],
    kept: [],
    ok: bad === 0,
  };
}

/** Links among files that lead out of the folder; none of the photos of an export that was asked to link to them. */
function linksOut(root: string, files: readonly string[]): ReadonlySet<string> {
  const links = files.filter((p) => lstatSync(join(root, p)).isSymbolicLink() && leadsOut(root, join(root, p)));
  if (links.length === 0 || !photosAreLinks(root)) return new Set(links);
  return new Set(links.filter((p) => !p.startsWith('photos/')));
}

/** Whether a file is what its digests say. */
async function holds(file: string, digests: Digests): Promise<'same' | 'other' | 'unreadable'> {
  try {
    const { hexes } = await digestsOf(file, [...digests.keys()]);
    return [...digests].every(([a, d]) => hexes[a] === d) ? 'same' : 'other';
  } catch (error) {
    logFailure(logger('collections'), `${file} cannot be read`, error);
    return 'unreadable';
  }
}

/** Files that are under another name. */
async function findMoved(
  root: string,
  promised: Promised,
  {
    missing,
    extra,
    moved,
    outside,
  }: {
    readonly missing: string[];
    readonly extra: string[];
    readonly moved: { from: string; to: string }[];
    readonly outside: ReadonlySet<string>;
  },
  task: TaskContext,
): Promise<void> {
  const wanted = wantedBy(missing, promised);
  task.step('Looking for moved files', extra.length, 'files');
  let done = 0;
  for (const p of [...extra]) {
    task.check();
    task.progress((done += 1));
    if (outside.has(p)) continue;
    const from = await matchOf(join(root, p), wanted);
    if (from === undefined) continue;
    moved.push({ from, to: p });
    missing.splice(missing.indexOf(from), 1);
    extra.splice(extra.indexOf(p), 1);
  }
}

/** Paths that wait for a file, by the strongest digest that is known of each. */
function wantedBy(paths: readonly string[], promised: Promised): Map<Algorithm, Map<string, string[]>> {
  const wanted = new Map<Algorithm, Map<string, string[]>>();
  for (const path of paths) {
    const digests = promised.files.get(path)!;
    const algorithm = (['sha512', 'sha384', 'sha256', 'sha224', 'sha1', 'md5'] as const).find((a) => digests.has(a))!;
    const byDigest = wanted.get(algorithm) ?? new Map<string, string[]>();
    wanted.set(algorithm, byDigest);
    const digest = digests.get(algorithm)!;
    byDigest.set(digest, [...(byDigest.get(digest) ?? []), path]);
  }
  return wanted;
}

/** A path that waits for what this file holds; it waits no longer. */
async function matchOf(file: string, wanted: Map<Algorithm, Map<string, string[]>>): Promise<string | undefined> {
  try {
    const { hexes } = await digestsOf(file, [...wanted.keys()]);
    for (const [algorithm, byDigest] of wanted) {
      const waiting = byDigest.get(hexes[algorithm]!);
      const found = waiting?.shift();
      if (found !== undefined) return found;
    }
  } catch (error) {
    logFailure(logger('collections'), `${file} cannot be read`, error);
  }
  return undefined;
}

/**
 * Brings back what is missing, and with `force` what is changed: what was moved goes back to its place, the rest is looked for by its digest.
 * @throws CovisError `INPUT_INVALID` inside a library, `DISK_FULL`, `CANCELLED`.
 */
async function repair(
  root: string,
  promised: Promised,
  report: VerifyReport,
  { repair: from, force }: VerifyOptions,
  task: TaskContext,
): Promise<{ repaired: string[]; kept: string[] }> {
  const source = resolve(from!);
  refuseNoFolder(source);
  const library = libraryAround(root);
  if (library !== undefined)
    throw new CovisError('INPUT_INVALID', 'What lies in a library is not repaired from elsewhere', {
      file: root,
      hint: `covis check ${shellWord(library)} does that.`,
    });
  const repaired: string[] = [];
  for (const { from: lost, to } of report.moved) {
    const place = join(root, lost);
    if (existsSync(place)) continue;
    mkdirSync(dirname(place), { recursive: true });
    renameSync(join(root, to), place);
    repaired.push(lost);
  }
  const changed = force === true ? [...report.changed, ...report.unreadable] : [];
  const lost = [...report.missing.map((m) => m.path), ...changed];
  const kept = force === true ? [] : [...report.changed];
  if (lost.length === 0) return { repaired, kept };
  const wanted = wantedBy(
    lost.filter((p) => promised.files.has(p)),
    promised,
  );
  const sizes = sizesOf(root);
  const known = lost.every((p) => sizes.has(p)) ? new Set(lost.map((p) => sizes.get(p)!)) : undefined;
  const candidates = walk(source, task).files.filter((p) => {
    const file = join(source, p);
    // What is damaged here is no help.
    if (lost.some((l) => join(root, l) === file)) return false;
    return known === undefined || known.has(statSync(file).size);
  });
  task.step('Looking for lost files', candidates.length, 'files');
  let done = 0;
  for (const p of candidates) {
    task.check();
    task.progress((done += 1));
    if ([...wanted.values()].every((m) => [...m.values()].every((w) => w.length === 0))) break;
    const file = join(source, p);
    for (let path = await matchOf(file, wanted); path !== undefined; path = await matchOf(file, wanted)) {
      await bringBack(file, join(root, path), promised.files.get(path)!);
      repaired.push(path);
    }
  }
  return { repaired: repaired.sort(), kept };
}

async function bringBack(from: string, to: string, digests: Digests): Promise<void> {
  const beside = `${to}.covis-repair`;
  const { size } = statSync(from);
  try {
    const free = freeBytes(dirname(to));
    if (free !== undefined && size > free)
      throw new CovisError(
        'DISK_FULL',
        `The disk is full: ${bytesText(size)} are needed, ${bytesText(free)} are free`,
        {
          file: to,
          hint: 'Make room on it, then do this again: what was repaired before is kept.',
        },
      );
    mkdirSync(dirname(to), { recursive: true });
    await copyFile(from, beside, constants.COPYFILE_FICLONE);
    if ((await holds(beside, digests)) !== 'same')
      throw new CovisError('INPUT_CORRUPT', 'This file changed while it was copied', { file: from });
    renameSync(beside, to);
  } catch (cause) {
    rmSync(beside, { force: true });
    throw diskError(cause, to, size);
  }
}

/** Every file below a folder. Links to files are files; links to folders are not looked into. */
function walk(root: string, task: TaskContext): Found {
  const files: string[] = [];
  const links: string[] = [];
  const unreadable: string[] = [];
  const open = [''];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    task.check();
    let entries;
    try {
      entries = readdirSync(join(root, at), { withFileTypes: true });
    } catch (cause) {
      if (at === '') throw diskError(cause, root);
      unreadable.push(at);
      continue;
    }
    for (const e of entries) {
      const path = at === '' ? e.name : `${at}/${e.name}`;
      if (e.isDirectory()) open.push(path);
      else if (e.isSymbolicLink()) {
        const target = statSync(join(root, path), { throwIfNoEntry: false });
        if (target?.isDirectory() === true) links.push(path);
        else if (target?.isFile() === true) files.push(path);
        // A link to nothing: what it stands for is missing.
      } else files.push(path);
      if (files.length > MOST_FILES)
        throw new CovisError('INPUT_UNSUPPORTED', `This folder has more than ${MOST_FILES} files`, { file: root });
    }
  }
  return { files, links, unreadable };
}

/** A path as people of this system write it. */
export function shownPath(root: string, path: string): string {
  return relative(process.cwd(), join(root, path.split('/').join(sep)));
}
