import { dirname } from 'node:path';
import type { JobResult } from '../../../shared/jobs/index.ts';
import { shellWord } from '../../../shared/shell-word.ts';
import { recoverFirst } from '../../engine/work/check.ts';
import { jobCommand } from '../program/job.ts';

type Recovered = NonNullable<JobResult<'check'>['recovered']>;

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** What people call what is in a table, where it is not the table's name. */
const CALLED: Readonly<Record<string, string>> = {
  photo_file: 'places of photos',
  answered: 'answers that were given',
  former_file: 'former places of photos',
  cluster_all: 'clusters',
  view_all: 'views of clusters',
  pair_all: 'pairs of views',
  given_pair_all: 'pairs of lists',
  network_choice: 'choices of a default network',
  descriptor_set: 'descriptors of networks',
  vector_set: 'imported and regional descriptors',
  cluster_change: 'changes of clusters',
  photo_match: 'matches of photos',
  stored_file: 'digests of files',
};

/** How lost rows come back, by what they are of. */
const REMEDIES: readonly (readonly [tables: readonly string[], remedy: (r: Recovered, library: string) => string])[] = [
  [
    ['scene', 'photo', 'photo_file', 'former_file', 'cluster_all', 'view_all', 'pair_all', 'given_pair_all'],
    ({ sources }, library) =>
      sources.length === 0
        ? 'Import the photos and models again.'
        : `Import what was imported again; it brings back photos, clusters, views and pairs: covis import ${[library, ...sources].map(shellWord).join(' ')}`,
  ],
  [
    ['network'],
    ({ networks }) =>
      networks.length === 0
        ? 'Add or train the lost networks again.'
        : `Networks whose files are still there can be named by them, as in --network ${networks[0]!}: ${networks.join(', ')}`,
  ],
  [['network_choice'], () => 'Look which network is the default, and choose again: covis networks --help.'],
  [['descriptor_set', 'vector_set'], () => 'Extract again, and import descriptors of other programs again.'],
  [
    ['training_run', 'epoch', 'mining_run', 'tuple', 'evaluation', 'measurement', 'truth', 'experiment', 'photo_match'],
    () => 'Trainings, mining runs and measurements that were lost have to be done again.',
  ],
  [
    ['action', 'decision', 'verdict', 'cluster_change'],
    () => 'Decisions that were lost have to be made again, or taken from an export with covis decide --from.',
  ],
];

/** What was lost, table by table, and what to do. */
function recovery(r: Recovered): string[] {
  const library = dirname(r.kept);
  const touched = r.tables.filter((t) => t.lost !== 0 || t.pages > 0 || t.loosened > 0);
  const named = (table: string): string => CALLED[table] ?? `${table.replaceAll('_', ' ')}s`;
  const gone = touched.filter((t) => t.lost !== 0);
  return [
    `database: was damaged, and is recovered. The damaged one is kept as ${r.kept}`,
    ...(touched.length === 0 ? ['  nothing was lost: what was damaged could be made again of the rest'] : []),
    ...touched.map((t) =>
      [
        `  ${named(t.table)}: ${t.rows} kept, ${t.lost === null ? 'others lost, and nothing says how many' : `${t.lost} lost`}`,
        ...(t.dangling > 0 ? [`${t.dangling} of them because what they refer to was lost`] : []),
        ...(t.loosened > 0 ? [`${t.loosened} without what they referred to`] : []),
        ...(t.pages > 0 ? [`${counted(t.pages, 'page')} damaged`] : []),
      ].join(', '),
    ),
    ...REMEDIES.filter(([tables]) => touched.some((t) => tables.includes(t.table))).map(
      ([, remedy]) => `  ${remedy(r, library)}`,
    ),
    ...(gone.length > 0 ? ['  A backup from before has what was lost; the library was made of what is left.'] : []),
  ];
}

export const check = jobCommand('check', {
  name: 'check',
  summary: 'look whether a library is whole: its database, and every file that belongs to it',
  before: (given, library, task) =>
    given.repair === true ? { recovered: recoverFirst(library, given.full === true, task) } : {},
  then: (r) => {
    const lost = r.recovered?.tables.some((t) => t.lost !== 0) ?? false;
    if (lost || r.database.length > 0 || r.parts.some((p) => p.missing + p.damaged > 0)) process.exitCode = 1;
    return r;
  },
  lines: (r) => [
    ...(r.recovered === null ? [] : recovery(r.recovered)),
    r.database.length === 0
      ? `database: sound${r.recovered === null ? '' : ' now'}`
      : `database: damaged. ${r.database.join('; ')}. --repair recovers what can be read`,
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
