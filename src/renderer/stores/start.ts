import { defineStore } from 'pinia';
import { ref } from 'vue';
import type { FolderEntry, LibraryInfo, RecentLibrary, StartOverview } from '../../shared/domain.ts';
import { count, plural } from '../kit/format.ts';
import { onEvent, request } from '../transport/index.ts';
import { useForms } from './forms.ts';
import { useImports } from './imports.ts';
import { useLibrary } from './library.ts';
import { useNotices } from './notices.ts';
import { usePanels } from './panels.ts';
import { usePlace } from './place.ts';
import { useQuestions } from './questions.ts';

/** What is done in a library once it is made. */
export type Purpose =
  { readonly kind: 'cluster' | 'import'; readonly folder: FolderEntry } | { readonly kind: 'nothing' };

/** How libraries come and go: new ones, those that were open, the sample; and folders that become libraries. */
export const useStart = defineStore('start', () => {
  const overview = ref<StartOverview | null>(null);
  /** A library that is about to be made, and what for. */
  const making = ref<Purpose | null>(null);
  /** What is being done, as an id of a button; null for nothing. */
  const busy = ref<string | null>(null);

  async function refresh(): Promise<void> {
    try {
      overview.value = await request('start.overview', {});
    } catch (error) {
      useNotices().error(error);
    }
  }

  /** Does something, one at a time; what goes wrong is said. @returns undefined then. */
  async function doing<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    if (busy.value !== null) return undefined;
    busy.value = what;
    try {
      return await work();
    } catch (error) {
      useNotices().error(error);
      return undefined;
    } finally {
      busy.value = null;
    }
  }

  /** Whether the open library may be left: asks where a job would be stopped. @returns what is then said to the engine; null to stay. */
  async function leaving(): Promise<{ stopJobs: boolean } | null> {
    const titles = await request('start.leaving', {});
    const [first] = titles;
    if (first === undefined) return { stopJobs: false };
    const more = titles.length === 1 ? '' : ` and ${titles.length - 1} more ${titles.length === 2 ? 'waits' : 'wait'}`;
    const answer = await useQuestions().ask({
      title: 'Stop what is running?',
      text: `“${first}” is at work${more}. Leaving this library stops it. What was finished is kept; the job can be started again, and training goes on where it was.`,
      answers: [
        { value: 'stay', label: 'Keep it running' },
        { value: 'stop', label: 'Stop and leave', kind: 'danger' },
      ],
    });
    return answer === 'stop' ? { stopJobs: true } : null;
  }

  async function arrived(info: LibraryInfo): Promise<void> {
    await useLibrary().refresh();
    if (info.readOnly !== undefined) useNotices().add('done', `${info.name} is open for reading: ${info.readOnly}`);
    usePlace().go({ name: 'clusters' });
  }

  /** Opens the library of a folder. @returns false where it was not opened. */
  async function open(folder: string): Promise<boolean> {
    const info = await doing(folder, async () => {
      const how = await leaving();
      return how === null ? undefined : request('start.open', { folder, ...how });
    });
    if (info !== undefined) await arrived(info);
    return info !== undefined;
  }

  async function openChosen(): Promise<void> {
    const folder = await useQuestions().folder('library');
    if (folder !== null) await take(folder, 'library');
  }

  /**
   * Makes a library, and does in it what it was made for. @param how places are found, as far as that was said.
   * @throws CovisError where that is refused.
   */
  async function create(within: string, name: string, how: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const what = making.value;
    const leave = await leaving();
    if (leave === null) return;
    const info = await request('start.create', { within, name, ...leave });
    making.value = null;
    await arrived(info);
    if (what?.kind === 'import') into('import', what.folder);
    if (what?.kind === 'cluster')
      await doing('cluster', () => request('start.job', { job: { ...how, kind: 'cluster', photos: what.folder.id } }));
  }

  /** Into the library that is open, once it is said how. */
  function into(kind: 'cluster' | 'import', folder: FolderEntry): void {
    if (kind === 'import') return useImports().prepare([folder]);
    useForms().open('cluster', {}, { photos: folder });
  }

  /** Lets a person choose a folder, for the open library or, `fresh` or without one, for a new one. */
  async function bring(kind: 'cluster' | 'import', fresh = false, file = false): Promise<void> {
    const folder = await useQuestions().folder(kind === 'cluster' ? 'photos' : file ? 'model-file' : 'models');
    if (folder === null) return;
    if (fresh || useLibrary().info === null) making.value = { kind, folder };
    else into(kind, folder);
  }

  /** Makes a library of a backup, and opens it. @throws CovisError where that is refused. @returns false where the open library was not left. */
  async function restore(backup: string, within: string, name: string): Promise<boolean> {
    const leave = await leaving();
    if (leave === null) return false;
    const restored = await request('start.restore', { backup, within, name, ...leave });
    await arrived(restored.library);
    const { files, without } = restored;
    useNotices().add(
      'done',
      `Restored ${files} files, as of ${new Date(restored.created).toLocaleString()}`,
      without.includes('derived') ? 'It was taken without what can be computed again: describe the photos.' : '',
    );
    return true;
  }

  /** Whether what is there is replaced, which a person is asked: false where nothing has to be, null where it is not to be. */
  async function mayReplace(folder: string): Promise<boolean | null> {
    try {
      const { path, replaces } = await request('start.backupPlace', { folder });
      if (replaces === null) return false;
      const answer = await useQuestions().ask({
        title: 'Replace this backup?',
        text: `${path}: ${replaces} It goes when the new one is whole, and cannot be had back.`,
        answers: [
          { value: 'keep', label: 'Keep it' },
          { value: 'replace', label: 'Replace', kind: 'danger' },
        ],
      });
      return answer === 'replace' ? true : null;
    } catch (error) {
      useNotices().error(error);
      return null;
    }
  }

  /** Backs the open library up into a folder that a person chooses. */
  async function backUp(): Promise<void> {
    const folder = await useQuestions().folder('backup');
    if (folder === null) return;
    const force = await mayReplace(folder.id);
    if (force === null) return;
    const what = await useQuestions().ask({
      title: 'What is backed up?',
      text: 'Descriptors, edge maps and local features can be computed again. Without them a backup takes less room, and a library that is made of it computes them when they are asked for.',
      answers: [
        { value: 'derived', label: 'Without what can be computed again' },
        { value: 'all', label: 'Everything', kind: 'primary' },
      ],
    });
    if (what === null) return;
    await doing('backup', async () => {
      const without = what === 'derived' ? (['derived'] as const) : [];
      const { path } = await request('start.backup', { folder: folder.id, without, force });
      useNotices().add('done', `Backing up into ${path}`);
    });
  }

  async function domains(): Promise<void> {
    const folder = await useQuestions().folder('domains');
    if (folder !== null) useForms().open('domains', {}, { folder });
  }

  async function close(): Promise<void> {
    await doing('close', async () => {
      const how = await leaving();
      if (how === null) return;
      await request('start.close', how);
      await useLibrary().refresh();
      await refresh();
      usePlace().go({ name: 'start' });
    });
  }

  async function sample(): Promise<void> {
    const opened = await doing('sample', async () => {
      const how = await leaving();
      return how === null ? undefined : request('start.sample', how);
    });
    if (opened !== undefined) await arrived(opened.library);
  }

  async function forget(library: string): Promise<void> {
    await doing(library, () => request('start.forget', { library }));
    await refresh();
  }

  /** Finds a library that was moved. */
  async function locate(gone: RecentLibrary): Promise<void> {
    const folder = await useQuestions().folder('library');
    if (folder === null) return;
    const info = await doing(gone.id, async () => {
      const how = await leaving();
      return how === null ? undefined : request('start.locate', { library: gone.id, folder: folder.id, ...how });
    });
    if (info === undefined) return;
    await arrived(info);
    if (info.stays)
      useNotices().add(
        'warning',
        `${info.name} has ${plural(info.photos, 'photo')}, and ${gone.name} had ${count(gone.photos ?? 0)}`,
        `${gone.name} stays in the list, in case this is another library.`,
      );
  }

  /** Takes a folder that a person dropped or chose, by what it is; asks where that is not plain. */
  async function take(folder: FolderEntry, meant?: 'library'): Promise<void> {
    useQuestions().remember(folder);
    if (folder.kind === 'backup') {
      usePanels().restoring = folder;
      return;
    }
    if (folder.kind === 'library') {
      await open(folder.id);
      return;
    }
    if (folder.kind === 'closed') {
      useNotices().add('error', `${folder.name} cannot be looked into`, 'This account may not read it, or it is gone.');
      return;
    }
    const here = useLibrary().info;
    const what =
      folder.kind === 'model'
        ? 'It looks like a 3D model with its photos.'
        : folder.kind === 'photos' || (folder.below ?? 0) > 0
          ? 'It looks like a folder of photos.'
          : 'It holds neither a library nor photos at first sight; they may lie deeper.';
    const places = { value: 'cluster', label: 'Find places in it' };
    const models = { value: 'import', label: 'Import it' };
    const answer = await useQuestions().ask({
      title: meant === 'library' ? `${folder.name} is no library` : folder.name,
      text: `${what} ${here === null ? 'A new library is made for it.' : `It goes into ${here.name}, or into a new library.`}`,
      answers: [
        ...(here === null ? [] : [{ value: 'new', label: 'New library…' }]),
        ...(folder.kind === 'model'
          ? [{ ...models, kind: 'primary' as const }]
          : [models, { ...places, kind: 'primary' as const }]),
      ],
    });
    if (answer === null) return;
    const kind = answer === 'import' || (answer === 'new' && folder.kind === 'model') ? 'import' : 'cluster';
    if (here === null || answer === 'new') making.value = { kind, folder };
    else into(kind, folder);
  }

  function listen(): () => void {
    return onEvent((e) => {
      // Those who look at the list look at it anew; nobody else needs it.
      if (e.event === 'changed' && e.what === 'recent' && overview.value !== null) void refresh();
      if (e.event === 'show') usePlace().go({ name: e.view });
    });
  }

  return {
    overview,
    making,
    busy,
    refresh,
    open,
    openChosen,
    create,
    bring,
    close,
    backUp,
    domains,
    restore,
    sample,
    forget,
    locate,
    take,
    listen,
  };
});
