/** What the page may ask the desktop for. Paths come from dialogs, never from a page; only the top frame of our own page is answered. */
import { dialog, ipcMain, type BrowserWindow, type IpcMainInvokeEvent, type OpenDialogOptions } from 'electron';
import type { Reply } from '../../shared/contract.ts';
import { PURPOSES, type ChoicePurpose, type DesktopNews, type Repaired } from '../../shared/facts/desktop.ts';
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

/** Lets a person choose what is imported; the page asks how, and whether to look into it first. */
export async function chooseImport(desk: Desk): Promise<Reply<readonly FolderEntry[] | null>> {
  const paths = await chosen(desk, {
    title: 'Import 3D models with their photos: folders',
    properties: ['openDirectory', 'multiSelections'],
  });
  return paths === undefined ? NOTHING : entriesOf(desk, paths);
}

const TITLES: Readonly<Record<ChoicePurpose, string>> = {
  library: 'Open a library: the folder with library.db in it',
  photos: 'A folder of photos',
  images: 'The folder in which the photos lie',
  models: 'A folder with 3D models and their photos',
  'model-file': 'A 3D model or a list of pairs',
  within: 'Where the new library is put',
  backup: 'An earlier backup, or where a new one is put',
  restore: 'A backup of a library: the folder with covis-backup.json in it',
  domains: 'A folder of domains, each with a folder for every class',
  exported: 'An exported collection',
  collection: 'An exported collection',
  into: 'Where it is put',
  network: 'An ONNX network',
  fetched: 'A folder that has what would be fetched',
  vectors: 'Descriptors of another program',
  names: 'A list of names, one a line',
  sketches: 'A folder of drawings',
  truth: 'A ground truth',
  rows: 'An array of numbers',
  local: 'Local features of hloc',
  detector: 'An edge detector',
  index: 'An index of descriptors',
  ranks: 'A ranking',
  'ground-truth': 'A ground truth',
  'truth-folder': 'A ground truth of text files, as of Oxford5k',
  classes: 'A folder with a folder for every class',
  'neighbour-index': 'An index of neighbours',
};

/** Endings that a dialog for files offers first; any file can be chosen, and what it is for looks into it. */
const ENDINGS: Readonly<Partial<Record<ChoicePurpose, readonly string[]>>> = {
  'model-file': ['nvm', 'out', 'json', 'db', 'pkl', 'txt'],
  network: ['onnx'],
  vectors: ['npy', 'h5', 'hdf5', 'mat', 'jsonl'],
  names: ['txt'],
  truth: ['mat'],
  rows: ['npy'],
  local: ['h5', 'hdf5'],
  detector: ['onnx'],
  ranks: ['npy'],
  'ground-truth': ['pkl', 'pickle', 'mat', 'json', 'txt', 'dat', 'csv'],
  'neighbour-index': ['usearch'],
};

function dialogFor(purpose: ChoicePurpose): OpenDialogOptions {
  const title = TITLES[purpose];
  if (PURPOSES[purpose] !== 'file') return { title, properties: ['openDirectory', 'createDirectory'] };
  const extensions = [...(ENDINGS[purpose] ?? [])];
  return {
    title,
    properties: ['openFile'],
    filters: [
      { name: extensions.map((e) => `.${e}`).join(', '), extensions },
      { name: 'All files', extensions: ['*'] },
    ],
  };
}

/** Lets a person choose a folder or a file; the page learns what it looks like, and an id under which it may be used. */
async function choose(desk: Desk, asked: unknown): Promise<Reply<unknown>> {
  const purpose = (Object.keys(PURPOSES) as ChoicePurpose[]).find((p) => p === asked) ?? 'library';
  const paths = await chosen(desk, dialogFor(purpose));
  return paths === undefined ? NOTHING : entryOf(desk, paths[0]!);
}

async function entriesOf(desk: Desk, paths: readonly string[]): Promise<Reply<readonly FolderEntry[]>> {
  return (await desk.supervisor.request('start.chosen', { paths: [...paths] }, 'host')) as Reply<
    readonly FolderEntry[]
  >;
}

async function entryOf(desk: Desk, path: string): Promise<Reply<FolderEntry | undefined>> {
  const reply = await entriesOf(desk, [path]);
  return reply.ok ? { ok: true, data: reply.data[0] } : reply;
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
  on('choose', (purpose) => choose(desk, purpose));
  // The path is that of a file which a person dropped: the bridge asks the system for it, a page cannot make one.
  on('dropped', (path) => entryOf(desk, String(path)));
  on('repair', () => repairUnopened(desk));
  on('news', () => {
    const data: DesktopNews = { unopened: desk.supervisor.unopened ?? null, sentences: desk.sentences() };
    return Promise.resolve({ ok: true, data });
  });
}
