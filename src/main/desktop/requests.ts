/** What the page may ask the desktop for. Paths come from dialogs, never from a page; only the top frame of our own page is answered. */
import { randomUUID } from 'node:crypto';
import { dialog, ipcMain, type BrowserWindow, type IpcMainInvokeEvent, type OpenDialogOptions } from 'electron';
import type { Reply } from '../../shared/contract.ts';
import { FOLDER_PURPOSES, type ChosenSources, type DesktopNews, type Repaired } from '../../shared/facts/desktop.ts';
import type { FolderEntry } from '../../shared/facts/start.ts';
import { ORIGIN } from './scheme.ts';
import type { EngineSupervisor } from './supervisor.ts';

export interface Desk {
  readonly supervisor: EngineSupervisor;
  readonly window: () => BrowserWindow | undefined;
  /** Asked before a library is closed for another; false keeps it. */
  readonly mayLeave: (what: string) => Promise<boolean>;
  /** A library was opened. */
  readonly opened: (path: string) => void;
  /** Repairs the library that could not be opened. */
  readonly repair: (path: string) => Promise<Repaired>;
  /** What the page is to say, once. */
  readonly sentences: () => readonly string[];
}

const NOTHING: Reply<null> = { ok: true, data: null };

/** Folder or file that a person chooses; undefined where the dialog was left. */
async function chosen(desk: Desk, options: OpenDialogOptions): Promise<readonly string[] | undefined> {
  const window = desk.window();
  const { canceled, filePaths } =
    window === undefined ? await dialog.showOpenDialog(options) : await dialog.showOpenDialog(window, options);
  return canceled || filePaths.length === 0 ? undefined : filePaths;
}

/** Opens a library in place of the one that is open, unless jobs are to go on there. */
export async function openAnother(desk: Desk, path: string): Promise<Reply<unknown>> {
  if (!(await desk.mayLeave('open another library'))) return NOTHING;
  const reply = await desk.supervisor.openLibrary(path);
  if (reply.ok) desk.opened(path);
  return reply;
}

export async function chooseLibrary(desk: Desk): Promise<Reply<unknown>> {
  const paths = await chosen(desk, {
    title: 'Open a library, or choose an empty folder for a new one',
    properties: ['openDirectory', 'createDirectory', 'promptToCreate'],
  });
  return paths === undefined ? NOTHING : openAnother(desk, paths[0]!);
}

const MOST_CHOSEN = 16;
/** What was chosen to import, by ids that the page may say. */
const toImport = new Map<string, readonly string[]>();

/** Lets a person choose what is imported; the page asks how, and whether to look into it first. */
export async function chooseImport(desk: Desk): Promise<Reply<ChosenSources | null>> {
  const paths = await chosen(desk, {
    title: 'Import COLMAP projects: folders with images and sparse',
    properties: ['openDirectory', 'multiSelections'],
  });
  if (paths === undefined) return NOTHING;
  const id = randomUUID();
  toImport.set(id, paths);
  for (const old of toImport.keys()) {
    if (toImport.size <= MOST_CHOSEN) break;
    toImport.delete(old);
  }
  return { ok: true, data: { id, paths } };
}

async function importChosen(desk: Desk, id: unknown, how: unknown): Promise<Reply<unknown>> {
  const paths = toImport.get(String(id));
  if (paths === undefined)
    return {
      ok: false,
      error: { code: 'NOT_FOUND', message: 'What was chosen is no longer known', hint: 'Choose it again.' },
    };
  return desk.supervisor.request('library.import', { ...(how as Record<string, unknown>), paths }, 'host');
}

export async function chooseCluster(desk: Desk): Promise<Reply<unknown>> {
  const paths = await chosen(desk, { title: 'Find the places in a folder of photos', properties: ['openDirectory'] });
  return paths === undefined ? NOTHING : desk.supervisor.request('library.cluster', { path: paths[0] }, 'host');
}

export async function chooseBackup(desk: Desk): Promise<Reply<unknown>> {
  const paths = await chosen(desk, {
    title: 'Back up into a new or an empty folder, or bring an earlier backup up to date',
    buttonLabel: 'Back up here',
    properties: ['openDirectory', 'createDirectory', 'promptToCreate'],
  });
  return paths === undefined ? NOTHING : desk.supervisor.request('library.backup', { path: paths[0] }, 'host');
}

async function chooseDomains(desk: Desk): Promise<Reply<unknown>> {
  const paths = await chosen(desk, {
    title: 'A folder of domains, each with a folder for every class',
    properties: ['openDirectory'],
  });
  return paths === undefined ? NOTHING : desk.supervisor.request('library.domains', { path: paths[0] }, 'host');
}

async function chooseNetwork(desk: Desk, pooling: unknown, wishes: unknown): Promise<Reply<unknown>> {
  const paths = await chosen(desk, {
    title: 'An ONNX network',
    properties: ['openFile'],
    filters: [{ name: 'ONNX', extensions: ['onnx'] }],
  });
  return paths === undefined
    ? NOTHING
    : desk.supervisor.request('library.network', { ...(wishes as object), path: paths[0], pooling }, 'host');
}

async function chooseExport(desk: Desk, format: unknown, run: unknown): Promise<Reply<unknown>> {
  const paths = await chosen(desk, {
    title: 'Export into a new or an empty folder',
    buttonLabel: 'Export here',
    properties: ['openDirectory', 'createDirectory', 'promptToCreate'],
  });
  return paths === undefined
    ? NOTHING
    : desk.supervisor.request('library.export', { path: paths[0], format, run }, 'host');
}

const TITLES: Readonly<Record<(typeof FOLDER_PURPOSES)[number], string>> = {
  library: 'Open a library: the folder with library.db in it',
  photos: 'A folder of photos',
  models: 'A folder with 3D models and their photos',
  within: 'Where the new library is put',
  backup: 'An earlier backup, or where a new one is put',
  domains: 'A folder of domains, each with a folder for every class',
  exported: 'An exported collection',
  into: 'Where the collection is put',
};

/** Lets a person choose a folder; the page learns what it looks like, and an id under which it may be used. */
async function chooseFolder(desk: Desk, purpose: unknown): Promise<Reply<unknown>> {
  const title = TITLES[FOLDER_PURPOSES.find((p) => p === purpose) ?? 'library'];
  const paths = await chosen(desk, { title, properties: ['openDirectory', 'createDirectory'] });
  return paths === undefined ? NOTHING : entryOf(desk, paths[0]!);
}

async function entryOf(desk: Desk, path: string): Promise<Reply<FolderEntry | undefined>> {
  const reply = await desk.supervisor.request('start.chosen', { paths: [path] }, 'host');
  return reply.ok ? { ok: true, data: (reply.data as readonly FolderEntry[])[0] } : reply;
}

/** Repairs the library that could not be opened, and opens it where that helped. */
async function repairUnopened(desk: Desk): Promise<Reply<Repaired | null>> {
  const unopened = desk.supervisor.unopened;
  if (unopened === undefined) return NOTHING;
  const repaired = await desk.repair(unopened.path);
  const reply = await desk.supervisor.openLibrary(unopened.path);
  if (reply.ok) desk.opened(unopened.path);
  return { ok: true, data: { ok: reply.ok, text: repaired.text } };
}

function trusted(event: IpcMainInvokeEvent): boolean {
  const frame = event.senderFrame;
  return frame !== null && frame.parent === null && frame.url.startsWith(`${ORIGIN}/`);
}

/** Answers the page. What a page sends is a route and its parameters, or values that the engine checks. */
export function answerPages(desk: Desk): void {
  const on = (channel: string, work: (...sent: readonly unknown[]) => Promise<Reply<unknown>>): void =>
    ipcMain.handle(`covis:${channel}`, (event, ...sent: readonly unknown[]) =>
      trusted(event)
        ? work(...sent)
        : { ok: false, error: { code: 'FORBIDDEN_SENDER', message: 'This page may not ask the engine' } },
    );
  on('request', (route, params) => desk.supervisor.request(String(route), params, 'page'));
  on('open-library', () => chooseLibrary(desk));
  on('import', () => chooseImport(desk));
  on('import-chosen', (id, how) => importChosen(desk, id, how));
  on('cluster', () => chooseCluster(desk));
  on('backup', () => chooseBackup(desk));
  on('domains', () => chooseDomains(desk));
  on('network', (pooling, wishes) => chooseNetwork(desk, pooling, wishes));
  on('export', (format, run) => chooseExport(desk, format, run));
  on('folder', (purpose) => chooseFolder(desk, purpose));
  // The path is that of a file which a person dropped: the bridge asks the system for it, a page cannot make one.
  on('dropped', (path) => entryOf(desk, String(path)));
  on('repair', () => repairUnopened(desk));
  on('news', () => {
    const data: DesktopNews = { unopened: desk.supervisor.unopened ?? null, sentences: desk.sentences() };
    return Promise.resolve({ ok: true, data });
  });
}
