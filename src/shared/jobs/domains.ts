import { z } from 'zod';
import { domainReport } from '../domain.ts';
import { device } from '../facts/backends.ts';
import { backend, folder, precision } from '../fields.ts';
import { job } from './job.ts';
import { baseName } from './sources.ts';

const named = z.string().min(1).max(4096).optional();

/** Domain generalisation: linear classifiers learned on some domains, tested on others (methods.md 3). */
export const domainsJob = job({
  kind: 'domains',
  title: (p) => `Domains of ${baseName(p.folder)}`,
  startedBy: 'host',
  brings: () => ['shapes'],
  params: z.strictObject({
    folder: folder.meta({ label: 'Folder', help: 'domain/class/image, like PACS', pick: 'domains' }),
    drawn: z.array(z.string().trim().min(1)).optional().meta({
      label: 'Drawn domains',
      help: 'domains that are drawings, with commas',
      otherwise: 'those called sketch, drawing, doodle',
      value: 'domains',
    }),
    backend: backend.optional().meta({ advanced: true }),
    precision: precision.optional().meta({ otherwise: 'single, or the setting' }),
    network: named.meta({
      label: 'Pre-trained network',
      help: 'pre-trained network',
      otherwise: 'the embedded one',
      value: 'file',
      page: 'id',
      choose: 'network',
    }),
    fineTuned: named.meta({
      label: 'Fine-tuned network',
      help: 'fine-tuned network',
      otherwise: "the library's default if it was fine-tuned, else the embedded one",
      value: 'file',
      page: 'id',
      choose: 'network',
    }),
    edges: named.meta({
      label: 'Edge network',
      help: 'edge network',
      otherwise: "the library's default, else the embedded one",
      value: 'file',
      page: 'id',
      choose: 'edge network',
    }),
    seeds: z.int().min(1).max(1000).default(3).meta({
      label: 'Seeds',
      help: 'repetitions, each with another tenth of the sources that picks the regularisation',
    }),
  }),
  result: domainReport.extend({ device }),
});
