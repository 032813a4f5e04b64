/** `covis teacher`: bags of words with geometry beside the network that learned from them. */
import type { QueryScoreInfo, TeacherComparison } from '../../../shared/domain.ts';
import { measurementDetail } from '../../engine/evaluation/library-measure.ts';
import { print } from '../output.ts';
import { action, command, number, withLibrary, type Options } from '../program.ts';
import { common, params, runJob } from '../run-job.ts';

/** Adds the command. */
export function addTeacher(): void {
  action(
    number(
      common(
        command('teacher', 'teacher against student: BoW, BoW+R, BoW+R+QE beside MAC, GeM and GeM+QE, query by query')
          .argument('<library>')
          .option(
            '--protocol <protocol>',
            'sfm-easy, sfm-medium or sfm: which shared points make a positive',
            'sfm-medium',
          ),
      ),
      '--words',
      'visual words of the vocabulary (one for every sixteenth feature)',
    ),
    async (o: Options, path: string) => {
      await withLibrary(path, false, async (library) => {
        const compared = await runJob<TeacherComparison[]>(library, 'teacher', {
          ...params(o),
          protocol: o['protocol'] as string,
          words: o['words'] as number | undefined,
        });
        const r = compared.map(({ method, map, measurement }) => ({
          method,
          map,
          perQuery: measurementDetail(library, measurement).perQuery,
        }));
        print(o.json === true, r, () => [
          ...r.map((m) => `${m.method.padEnd(10)} mAP ${m.map.toFixed(4)}  ${m.perQuery.length} queries`),
          ...teacherWins(r),
        ]);
      });
    },
  );
}

/** Queries where the whole teacher beats the whole student most. */
function teacherWins(r: readonly { method: string; perQuery: readonly QueryScoreInfo[] }[]): string[] {
  const teacher = r.find((m) => m.method === 'BoW+R+QE');
  const student = new Map(r.find((m) => m.method === 'GeM')?.perQuery.map((q) => [q.query, q.ap]));
  return (teacher?.perQuery ?? [])
    .map((q) => ({ query: q.query, by: q.ap - (student.get(q.query) ?? 0) }))
    .filter((q) => q.by > 0.01)
    .sort((a, b) => b.by - a.by)
    .slice(0, 10)
    .map((q) => `the teacher still wins ${q.query} by ${q.by.toFixed(3)}`);
}
