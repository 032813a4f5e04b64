import type { JobResult } from '../../../shared/jobs/index.ts';
import { refuseNothingToImport, tryImport } from '../../engine/work/import.ts';
import { jobCommand } from '../program/job.ts';
import { beforeMaking } from '../program/library.ts';

const FEW = 20;
const some = (n: number, one: string): string => `${n} ${n === 1 ? one : `${one}s`}`;

/** What was found in each source, model by model. */
function found({ scenes, passedOver }: JobResult<'import'>): string[] {
  const few = (lines: readonly string[]): string[] =>
    lines.length > FEW ? [...lines.slice(0, FEW), `    … and ${lines.length - FEW} more`] : [...lines];
  return [
    ...scenes.flatMap((s) => [
      `${s.path}: ${some(s.photos, 'photo')} in ${s.images}${s.known ? `; in the library already: ${s.added} added, ${s.replaced.length} replaced, ${s.gone.length} gone` : ''}`,
      ...few(s.replaced.map((name) => `    replaced: ${name} is another photo than at the last import`)),
      ...few(s.gone.map((name) => `    gone: ${name}`)),
      ...(s.models.length === 0 ? ['  no model'] : []),
      ...s.models.flatMap((m) => [
        `  ${m.path}, ${m.format}: ${some(m.images, 'image')}, ${m.bound} bound, ${m.missing.length} missing, ${m.ambiguous.length} ambiguous, ${some(m.points, 'point')}, ${some(m.pairs, 'pair')}`,
        ...(m.replaces === null ? [] : [`    would replace the model imported on ${m.replaces}`]),
        ...few(m.missing.map((name) => `    missing: ${name}`)),
        ...few(m.ambiguous.map(({ name, among }) => `    ambiguous: ${name} (${among.slice(0, 5).join(' or ')})`)),
      ]),
    ]),
    ...passedOver.map(({ path, why }) => `passed over: ${path}: ${why}`),
  ];
}

export const importCommand = jobCommand('import', {
  name: 'import',
  summary: 'import 3D models and their photos, plain folders of photos, or lists of pairs',
  library: 'create',
  words: ['sources'],
  // Not even opened: that alone may write.
  alone: (given, library) => (given.dryRun === true ? (task) => tryImport(given, task, library) : undefined),
  before: (given, library) => beforeMaking(library, () => refuseNothingToImport(given)),
  lines: (r) => [
    ...(r.dryRun ? found(r) : []),
    [
      some(r.photos, 'photo'),
      some(r.clusters, 'cluster'),
      some(r.points, 'point'),
      some(r.observations, 'observation'),
      some(r.pairs, 'pair'),
    ].join(', '),
    ...(r.missing.length > 0
      ? [`${some(r.missing.length, 'photo')} missing (above, the first of them; --json lists all)`]
      : []),
    ...(r.ambiguous.length > 0
      ? [`${some(r.ambiguous.length, 'name')} without one photo (above, the first of them; --json lists all)`]
      : []),
    ...(r.dryRun ? ['Nothing was written.'] : []),
  ],
});
