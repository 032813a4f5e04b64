import { defined } from '../../../shared/defined.ts';
import { teacherJob } from '../../../shared/jobs/teacher.ts';
import { teacherAgainstStudent } from '../evaluation/teacher.ts';
import { DEFAULT_TEACHER } from '../teacher/bow-index.ts';
import { askedSet } from './asked.ts';
import { work } from './work.ts';

export const teacherWork = work(teacherJob, async (library, p, task) =>
  teacherAgainstStudent(
    library,
    await askedSet(library, p, task),
    p.protocol,
    { ...DEFAULT_TEACHER, ...defined({ words: p.words }), seed: p.seed ?? 0 },
    task,
  ),
);
