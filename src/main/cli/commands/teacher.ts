/** `covis teacher`: bags of words with geometry beside the network that learned from them. */
import { meanPrecision, of100 } from '../../../shared/precision.ts';
import { counted } from '../../../shared/counted.ts';
import type { QueryScoreInfo } from '../../../shared/domain.ts';
import { measurementDetail } from '../../engine/evaluation/library-measure.ts';
import { command } from '../program/command.ts';
import { runJob } from '../program/job.ts';
import { libraryWord, withLibrary } from '../program/library.ts';
import { teacherJob } from '../../../shared/jobs/teacher.ts';
import { print } from '../program/output.ts';

const { network, size, backend, seed, words, protocol, collection } = teacherJob.params.shape;

export const teacher = command({
  name: 'teacher',
  summary: 'teacher against student: BoW, BoW+R, BoW+R+QE beside MAC, GeM and GeM+QE, query by query',
  arguments: libraryWord,
  options: { network, size, backend, seed, words, protocol, collection },
  run: ({ library: path, json, ...given }) =>
    withLibrary(path, false, async (library) => {
      const compared = await runJob(library, 'teacher', given);
      const r = compared.map(({ method, map, measurement, collection: on }) => ({
        method,
        map,
        ...(on === undefined ? {} : { collection: on }),
        perQuery: measurementDetail(library, measurement).perQuery,
      }));
      print(json, r, () => [
        ...r.map(
          (m) =>
            `${m.method.padEnd(10)} mAP ${meanPrecision(m.map)}  ${counted(m.perQuery.length, 'query', 'queries')}`,
        ),
        ...teacherWins(r),
      ]);
    }),
});

/** Queries where the whole teacher beats the whole student most. */
function teacherWins(r: readonly { method: string; perQuery: readonly QueryScoreInfo[] }[]): string[] {
  const teacher = r.find((m) => m.method === 'BoW+R+QE');
  const student = new Map(r.find((m) => m.method === 'GeM')?.perQuery.map((q) => [q.query, q.ap]));
  return (teacher?.perQuery ?? [])
    .map((q) => ({ query: q.query, by: q.ap - (student.get(q.query) ?? 0) }))
    .filter((q) => q.by > 0.01)
    .sort((a, b) => b.by - a.by)
    .slice(0, 10)
    .map((q) => `the teacher still wins ${q.query} by ${of100(q.by)}`);
}
