import { defineStore } from 'pinia';
import type { JobInfo } from '../../shared/domain.ts';
import type { VerifyReport } from '../../shared/facts/verification.ts';
import type { RouteParams } from '../../shared/routes/index.ts';
import { onEvent, request } from '../transport/index.ts';
import { resultOf } from './job-results.ts';
import { useNotices } from './notices.ts';
import { useQuestions } from './questions.ts';

/** What verifying found; null for any other job, and for one that has not ended well. */
export const verifyResult = (job: JobInfo | null): VerifyReport | null => resultOf('collection-verify', job);

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

  async function verify(): Promise<void> {
    const folder = await useQuestions().folder('exported');
    if (folder !== null)
      await begin(() => request('collection-files.verify', { folder: folder.id }), `Verifying ${folder.name}`);
  }

  /** What came of it, besides that it ended, which is said of every job. */
  function ended(job: JobInfo): void {
    const report = { label: 'Jobs', to: { name: 'jobs' } };
    const verified = verifyResult(job);
    if (verified?.ok === true)
      useNotices().add('done', `Whole: every byte of ${verified.files} files is as it was`, '', report);
    else if (verified !== null)
      useNotices().add('error', 'This collection is not as it was exported', 'Jobs has the report.', report);
    const imported = resultOf('collection-import', job);
    if (imported !== null)
      useNotices().add(
        'done',
        imported.already
          ? `${imported.collection}@${imported.version} was here already`
          : `${imported.collection}@${imported.version} is here, ${imported.items} photos${imported.missing.length === 0 ? '' : `, ${imported.missing.length} of them not in this library`}`,
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

  return { exportInto, bringIn, verify, listen };
});
