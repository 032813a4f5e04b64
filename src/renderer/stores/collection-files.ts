import { defineStore } from 'pinia';
import type { JobInfo } from '../../shared/domain.ts';
import type { CollectionInfo } from '../../shared/facts/collections.ts';
import type { VerifyLevel, VerifyReport } from '../../shared/facts/verification.ts';
import type { RouteParams } from '../../shared/routes/index.ts';
import { count, plural } from '../kit/format.ts';
import { onEvent, request, sendInParts } from '../transport/index.ts';
import { resultOf } from './job-results.ts';
import { useNotices } from './notices.ts';
import { useQuestions } from './questions.ts';

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

/** Collections as folders: written where a person says, taken in, and verified. */
export const useCollectionFiles = defineStore('collectionFiles', () => {
  /** Jobs that were begun here, whose end is said. */
  const begun = new Set<number>();

  async function begin(start: () => Promise<{ job: number }>, text: string): Promise<boolean> {
    try {
      const { job } = await start();
      begun.add(job);
      useNotices().add('done', text);
      return true;
    } catch (error) {
      useNotices().error(error);
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

  async function bringIn(): Promise<void> {
    const folder = await useQuestions().folder('exported');
    if (folder === null) return;
    const answer = await useQuestions().ask({
      title: `Import the collection in ${folder.name}`,
      text: 'Its photos are found in the library by their content. Photos that the library does not have can be imported, too: those that lie in the folder as files stay there, and the folder has to stay where it is; those that lie inside Parquet or WebDataset files are unpacked into a folder beside it, which has to stay instead.',
      answers: [
        { value: 'known', label: 'Only photos that are here' },
        { value: 'all', label: 'Import its photos, too', kind: 'primary' },
      ],
    });
    if (answer !== null)
      await begin(
        () => request('collection-files.import', { folder: folder.id, photos: answer === 'all' }),
        `Importing the collection in ${folder.name}`,
      );
  }

  /** Sends a zip archive of an export and imports the collection in it. */
  async function bringInArchive(): Promise<void> {
    const file = await chosenFile('.zip,application/zip');
    if (file === null) return;
    const answer = await useQuestions().ask({
      title: `Import the collection in ${file.name}`,
      text: 'Its photos are found in the library by their content. Photos that the library does not have can be imported, too: the archive is then unpacked into a folder of its own within one that you choose, which has to stay where it is.',
      answers: [
        { value: 'known', label: 'Only photos that are here' },
        { value: 'all', label: 'Import its photos, too', kind: 'primary' },
      ],
    });
    if (answer === null) return;
    const into = answer === 'all' ? await useQuestions().folder('into') : undefined;
    if (into === null) return;
    useNotices().add('done', `Sending ${file.name}`);
    await begin(async () => {
      const sent = await sendInParts(file);
      return request('collection-files.import', {
        file: sent,
        fileName: file.name,
        photos: into !== undefined,
        ...(into === undefined ? {} : { unpack: into.id }),
      });
    }, `Importing the collection in ${file.name}`);
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
      if (begun.delete(e.job.id)) ended(e.job);
    });
  }

  return { exportInto, bringIn, bringInArchive, verify, repair, readMetadata, listen };
});
