import { jobCommand } from '../program/job.ts';

export const check = jobCommand('check', {
  name: 'check',
  summary: 'look whether a library is whole: its database, and every file that belongs to it',
  then: (r) => {
    if (r.database.length > 0 || r.parts.some((p) => p.missing + p.damaged > 0)) process.exitCode = 1;
    return r;
  },
  lines: (r) => [
    r.database.length === 0 ? 'database: sound' : `database: damaged. ${r.database.join('; ')}`,
    ...r.parts.flatMap((p) => [
      `${p.what}: ${p.files} files${p.missing + p.damaged === 0 ? ', all sound' : `, ${p.missing} missing, ${p.damaged} damaged. ${p.remedy}`}`,
      ...p.examples.map((e) => `  ${e}`),
    ]),
  ],
});
