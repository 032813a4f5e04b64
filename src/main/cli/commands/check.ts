import { jobCommand } from '../program/job.ts';

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

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
      `${p.what}: ${counted(p.files, 'file')}${p.mended > 0 ? `, ${p.mended} made again` : ''}${p.missing + p.damaged === 0 ? ', all sound' : `, ${p.missing} missing, ${p.damaged} damaged. ${p.remedy}`}`,
      ...p.examples.map((e) => `  ${e}`),
      ...(p.depends.length === 0 ? [] : [`  what depends on them: ${p.depends.join(', ')}`]),
    ]),
    ...(r.unused.files === 0
      ? []
      : [
          `not used: ${counted(r.unused.files, 'file')}, ${(r.unused.bytes / 1e6).toFixed(1)} MB${r.unused.removed ? ', removed' : '; --remove takes them away'}`,
          ...r.unused.examples.map((e) => `  ${e}`),
        ]),
  ],
});
