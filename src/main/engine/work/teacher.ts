import { defined } from '../../../shared/defined.ts';
import { teacherJob } from '../../../shared/jobs/teacher.ts';
import { teacherAgainstStudent } from '../evaluation/teacher.ts';
import { narrowed, noteSubset } from '../library/collection-subset.ts';
import { DEFAULT_TEACHER } from '../teacher/bow-index.ts';
import { askedSet } from './asked.ts';
import { work } from './work.ts';

export const teacherWork = work(teacherJob, (library, p, task) =>
  narrowed(library, p.collection, async () => {
    const compared = await teacherAgainstStudent(
      library,
      await askedSet(library, p, task),
      p.protocol,
      { ...DEFAULT_TEACHER, ...defined({ words: p.words }), seed: p.seed ?? 0 },
      task,
    );
    return compared.map((c) => ({ ...c, ...noteSubset(library) }));
  }),
);
