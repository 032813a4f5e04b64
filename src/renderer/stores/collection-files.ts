import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import type { FolderEntry, JobInfo } from '../../shared/domain.ts';
import type { CollectionInfo } from '../../shared/facts/collections.ts';
import type { VerifyLevel, VerifyReport } from '../../shared/facts/verification.ts';
import type { RouteParams } from '../../shared/routes/index.ts';
import { count, plural } from '../kit/format.ts';
import { onEvent, request, sendInParts } from '../transport/index.ts';
import { useCollections } from './collections.ts';
import { jobSchemas, resultOf } from './job-results.ts';
import { useNotices } from './notices.ts';
import { useQuestions } from './questions.ts';
import { useSelection } from './selection.ts';

/** Notes of a job that are said at once; Jobs has all. */
const NOTES = 3;

/** What verifying found; null for any other job, and for one that has not ended well. */
export const verifyResult = (job: JobInfo | null): VerifyReport | null => resultOf('collection-verify', job);

/** A file that a person chooses; null for none. */
function chosenFile(accept: string): Promise<File | null> {
  const field = Object.assign(document.createElement('input'), { type: 'file', accept });
  return new Promise((resolve) => {
    field.addEventListener('change', () => resolve(field.files?.[0] ?? null));
    field.addEventListener('cancel', () => resolve(null));
    field.click();
  });
}

/** The lines of a text file that a person chooses, as a list of photos. */
async function namedPhotos(): Promise<{ readonly file: File; readonly list: string } | null> {
  const file = await chosenFile('.txt,.csv,text/plain');
  if (file === null) return null;
  const { list } = await request('collections.named', { file: await sendInParts(file), fileName: file.name });
  return { file, list };
}

/** Collections as folders: written where a person says, taken in, and verified. */
export const useCollectionFiles = defineStore('collectionFiles', () => {
  /** Jobs that were begun here, whose end is said. */
  const begun = new Set<number>();

  /** @param given that a person may have given it up by. */
  async function begin(start: () => Promise<{ job: number }>, text: string, given?: AbortSignal): Promise<boolean> {
    try {
      const { job } = await start();
      begun.add(job);
      useNotices().add('done', text);
      return true;
    } catch (error) {
      if (given?.aborted !== true) useNotices().error(error);
      return false;
    }
  }

  /** Writes a version into a folder within one that a person chooses. @returns whether it was begun. */
  async function exportInto(how: Omit<RouteParams<'collection-files.export'>, 'folder'>): Promise<boolean> {
    const folder = await useQuestions().folder('into');
    if (folder === null) return false;
    return begin(
      () => request('collection-files.export', { ...how, folder: folder.id }),
      `Writing into ${folder.name}`,
    );
  }

  /** What is to be imported: a folder that a person chose, or a zip archive of this machine; null for nothing. */
  const source = shallowRef<FolderEntry | File | null>(null);
  /** An archive on its way to the engine. */
  const sending = ref<{ readonly name: string; readonly done: number; readonly total: number } | null>(null);
  /** What it is: an archive beside the engine is not sent. */
  const kind = computed((): 'folder' | 'archive' | 'sent' => {
    if (source.value instanceof File) return 'sent';
    return source.value?.kind === 'file' ? 'archive' : 'folder';
  });
  let stop: AbortController | undefined;

  async function bringIn(): Promise<void> {
    source.value = await useQuestions().folder('collection');
  }

  async function bringInArchive(): Promise<void> {
    source.value = await chosenFile('.zip,application/zip');
  }

  /** Imports {@link source}; an archive is sent first. @returns whether it was begun. */
  async function importIt({
    name,
    ...rest
  }: {
    readonly name?: string | undefined;
    readonly photos: boolean;
    readonly unpack?: string;
  }): Promise<boolean> {
    const how = { ...rest, ...(name === undefined ? {} : { name }) };
    const from = source.value;
    if (from === null || sending.value !== null) return false;
    if (!(from instanceof File))
      return begin(
        () => request('collection-files.import', { folder: from.id, ...how }),
        `Importing the collection in ${from.name}`,
      );
    const { signal } = (stop = new AbortController());
    let part = 'new';
    try {
      return await begin(
        async () => {
          const told = (done: number, file = 'new'): void => {
            part = file;
            sending.value = { name: from.name, done, total: from.size };
          };
          told(0);
          const file = await sendInParts(from, { signal, told });
          return request('collection-files.import', { file, fileName: from.name, ...how });
        },
        `Importing the collection in ${from.name}`,
        signal,
      );
    } finally {
      sending.value = null;
      // What is there of it would lie on the engine's disk for half an hour.
      if (signal.aborted && part !== 'new')
        void request('collection-files.drop', { file: part }).catch(() => undefined);
    }
  }

  function stopSending(): void {
    stop?.abort();
  }

  async function verify(): Promise<void> {
    const folder = await useQuestions().folder('exported');
    if (folder === null) return;
    const level = await useQuestions().ask({
      title: `Verify ${folder.name}`,
      text: 'It is compared with its own list of digests. Only reading every byte proves that nothing changed; sizes are known of photos alone.',
      answers: [
        { value: 'presence', label: 'Names alone' },
        { value: 'size', label: 'Names and sizes' },
        { value: 'full', label: 'Every byte', kind: 'primary' },
      ],
    });
    if (level === null) return;
    await begin(
      () => request('collection-files.verify', { folder: folder.id, level: level as VerifyLevel }),
      `Verifying ${folder.name}`,
    );
  }

  /** Looks for lost files of what was verified in a folder that a person chooses, by their content. @returns whether it was begun. */
  async function repair(report: VerifyReport): Promise<boolean> {
    const questions = useQuestions();
    const of =
      [...questions.known.values()].find((e) => e.path === report.folder) ?? (await questions.folder('exported'));
    if (of === null) return false;
    const from = await questions.folder('photos');
    if (from === null) return false;
    let which: string | null = 'lost';
    if (report.changed.length > 0)
      which = await questions.ask({
        title: `Repair ${of.name} from ${from.name}`,
        text: `${plural(report.changed.length, 'file')} changed. The right file is put over a changed one only where you say so; what was changed is lost then.`,
        answers: [
          { value: 'lost', label: 'Only files that are missing' },
          { value: 'changed', label: 'Changed files too', kind: 'danger' },
        ],
      });
    if (which === null) return false;
    return begin(
      () => request('collection-files.verify', { folder: of.id, repair: from.id, force: which === 'changed' }),
      `Repairing ${of.name}`,
    );
  }

  /**
   * Where photos of a list come to stand: before the one photo that is chosen, if that is in the collection, or at the end. Null where a
   * person leaves the question.
   */
  async function placeOf(collection: CollectionInfo, file: string): Promise<{ readonly before?: string } | null> {
    const { chosen } = useSelection();
    const [only] = chosen;
    if (only === undefined || chosen.size > 1) return {};
    const { of } = await request('collections.membership', { photos: [only] });
    if (of[0]?.includes(collection.id) !== true) return {};
    const answer = await useQuestions().ask({
      title: `Where the photos of ${file} come to stand`,
      text: 'They come in the order of the list.',
      answers: [
        { value: 'before', label: 'Before the chosen photo' },
        { value: 'end', label: 'At the end', kind: 'primary' },
      ],
    });
    if (answer === null) return null;
    return answer === 'before' ? { before: only } : {};
  }

  /** Adds the photos that a text file names, puts them in its order, or takes them out. */
  async function byList(collection: CollectionInfo, what: 'add' | 'move' | 'remove'): Promise<void> {
    const collections = useCollections();
    const told = (text: string): void => void useNotices().add('done', text);
    try {
      const named = await namedPhotos();
      if (named === null) return;
      const { name } = named.file;
      const which = { collection: collection.id, list: named.list };
      if (what === 'remove') {
        const done = await collections.write('collections.remove', which);
        if (done !== null) told(`Took ${plural(done.removed, 'photo')} of ${name} out`);
        return;
      }
      const place = await placeOf(collection, name);
      if (place === null) return;
      if (what === 'add') {
        const provenance = { how: 'import', query: name } as const;
        const done = await collections.write('collections.add', { ...which, ...place, provenance });
        if (done !== null) told(`Added ${plural(done.added, 'photo')} of ${name}; ${done.already} were in already`);
      } else {
        const done = await collections.write('collections.move', { ...which, ...place });
        if (done !== null) told(`Put ${plural(done.moved, 'photo')} in the order of ${name}`);
      }
    } catch (error) {
      useNotices().error(error);
    }
  }

  /** Takes photos out of which no file is there any more. */
  async function dropGone(collection: CollectionInfo): Promise<void> {
    try {
      const { list, total } = await request('collections.open', { collection: collection.id, filter: { gone: true } });
      const done =
        total === 0
          ? { removed: 0 }
          : await useCollections().write('collections.remove', { collection: collection.id, list });
      if (done !== null)
        useNotices().add(
          'done',
          done.removed === 0 ? 'The files of all its photos are there' : `Took ${plural(done.removed, 'photo')} out`,
        );
    } catch (error) {
      useNotices().error(error);
    }
  }

  /** Reads what photos and their sidecars say of themselves into fields. `replace`: also over what a person wrote. */
  async function readMetadata(collection: CollectionInfo): Promise<void> {
    const answer = await useQuestions().ask({
      title: `Read XMP and IPTC into ${collection.name}`,
      text: 'What photos and their sidecars say of themselves becomes fields. Photos are read and never written to; one undo takes it back.',
      answers: [
        { value: 'replace', label: 'Over what is written, too' },
        { value: 'fill', label: 'Into empty fields', kind: 'primary' },
      ],
    });
    if (answer === null) return;
    const job = { kind: 'collection-metadata', collection: collection.id, replace: answer === 'replace' } as const;
    await begin(() => request('jobs.start', { job }), `Reading what the photos of ${collection.name} say`);
  }

  /** What came of it, besides that it ended, which is said of every job. */
  function ended(job: JobInfo): void {
    const report = { label: 'Jobs', to: { name: 'jobs' } };
    const verified = verifyResult(job);
    if (verified?.ok === true)
      useNotices().add('done', `Whole: every byte of ${verified.files} files is as it was`, '', report);
    else if (verified !== null)
      useNotices().add('error', 'This collection is not as it was exported', 'Jobs has the report.', report);
    if (verified !== null && verified.repaired.length > 0)
      useNotices().add('done', `Put back ${plural(verified.repaired.length, 'file')}`);
    const read = resultOf('collection-metadata', job);
    if (read !== null) {
      const { sidecar, xmp, iptc } = read.from;
      useNotices().add(
        'done',
        `Fields of ${plural(read.changed, 'photo')} of ${count(read.photos)} changed: ${count(sidecar)} by sidecars, ${count(xmp)} by XMP, ${count(iptc)} by IPTC`,
      );
      for (const note of read.notes.slice(0, NOTES)) useNotices().add('done', note);
    }
    const imported = resultOf('collection-import', job);
    if (imported !== null)
      useNotices().add(
        'done',
        imported.already
          ? `${imported.collection}@${imported.version} was here already`
          : `${imported.collection}@${imported.version} is here, ${imported.items} photos${imported.missingTotal === 0 ? '' : `, ${imported.missingTotal} of them not in this library`}`,
        imported.unpacked === null
          ? ''
          : `Its photos were unpacked into ${imported.unpacked}, which has to stay where it is.`,
      );
  }

  function listen(): () => void {
    return onEvent((e) => {
      if (e.event !== 'job' || e.job.state === 'running' || e.job.state === 'queued') return;
      if (begun.delete(e.job.id))
        jobSchemas()
          .then(() => ended(e.job))
          .catch((error: unknown) => useNotices().error(error));
    });
  }

  return {
    source,
    kind,
    sending,
    exportInto,
    bringIn,
    bringInArchive,
    importIt,
    stopSending,
    verify,
    repair,
    readMetadata,
    byList,
    dropGone,
    listen,
  };
});
