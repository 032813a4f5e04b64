/** `covis domains`: domain generalisation, with the networks of a library or without one. */
import { counted } from '../../../shared/counted.ts';
import { resolve } from 'node:path';
import type { DomainReport } from '../../../shared/domain.ts';
import { folder } from '../../../shared/fields.ts';
import { domainsJob } from '../../../shared/jobs/domains.ts';
import { domainNetworks } from '../../engine/domains/domain-networks.ts';
import { domainGeneralisation } from '../../engine/domains/generalisation.ts';
import { command } from '../program/command.ts';
import { runJob } from '../program/job.ts';
import { withLibrary } from '../program/library.ts';
import { print, terminalContext } from '../program/output.ts';

const { folder: images, ...options } = domainsJob.params.shape;

export const domains = command({
  name: 'domains',
  summary: 'domain generalisation: linear classifiers learned on some domains, tested on others',
  arguments: { folder: images },
  options: {
    ...options,
    library: folder.optional().meta({ help: 'take its fine-tuned and its edge network, and keep the report there' }),
  },
  run: async (o) => {
    const { network, fineTuned, edges, drawn, seeds } = o;
    const folder = resolve(o.folder);
    const alone = async (): Promise<DomainReport> => {
      const task = terminalContext();
      try {
        const networks = domainNetworks({ pretrained: network, fineTuned, edges });
        return await domainGeneralisation(networks, { folder, drawn, seeds }, task);
      } finally {
        task.finish();
      }
    };
    const report =
      o.library === undefined
        ? await alone()
        : await withLibrary(o.library, false, (l) =>
            runJob(l, 'domains', { folder, network, fineTuned, edges, drawn, seeds }),
          );
    print(o.json, report, () => domainLines(report));
  },
});

function domainLines(r: DomainReport): string[] {
  const percent = (v: number | undefined): string => (100 * (v ?? Number.NaN)).toFixed(1).padStart(6);
  const width = Math.max(...r.methods.map((m) => m.name.length)) + 2;
  const counts = Object.values(r.photosPerClass).flatMap((c) => Object.values(c));
  const few = Math.min(...counts);
  const many = Math.max(...counts);
  return [
    `${r.domains.length} domains (${r.labels.map((l, i) => `${l} ${r.domains[i]!}`).join(', ')}), ${counted(r.classes.length, 'class', 'classes')}, ${few === many ? few : `${few} to ${many}`} images a class and domain, ${counted(r.seeds, 'seed')}; guessing gives ${(100 * r.chance).toFixed(1)} %`,
    '',
    ...r.labels.map((source) => {
      const targets = r.labels.filter((t) => t !== source);
      return [
        `Learned on ${source}`.padEnd(width) + targets.map((t) => t.padStart(6)).join(''),
        ...r.methods.map(
          (m) => m.name.padEnd(width) + targets.map((t) => percent(m.single[`${source}>${t}`])).join(''),
        ),
        '',
      ].join('\n');
    }),
    'Learned on all others'.padEnd(width) + r.labels.map((t) => t.padStart(6)).join('') + '   mean',
    ...r.methods.map(
      (m) =>
        m.name.padEnd(width) +
        r.labels.map((t) => percent(m.leaveOneOut[t])).join('') +
        ` ${percent(m.mean)} ± ${(100 * m.std).toFixed(1)}`,
    ),
  ];
}
