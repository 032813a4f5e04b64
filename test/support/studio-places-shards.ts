/** Where the studio does what commands of work in shards do. */
import { fieldsOf } from '../../src/renderer/kit/schema-fields.ts';
import { planSchema } from '../../src/renderer/views/start/forms.ts';
import { PLANNED_WORKS } from '../../src/shared/facts/planned.ts';
import {
  ask,
  flags,
  neverOver,
  nowhere,
  opened,
  pathsOf,
  view,
  type CommandPlaces,
  type Place,
} from './studio-place.ts';

const machine = nowhere('Command of scripts on machines of a cluster, which have no studio');
let inShards: ReadonlySet<string> | undefined;
/** In the form for work in shards, of one kind of work at least. */
const shards: Place = (leaf) => {
  inShards ??= new Set(PLANNED_WORKS.flatMap((work) => pathsOf(fieldsOf(planSchema(work)))));
  const wanted = leaf.path.join('.');
  const dialog = view('views/jobs/PlanDialog.vue', 'planSchema(work.value)')(leaf);
  return dialog ?? (inShards.has(wanted) ? undefined : `the form for work in shards shows no ${wanted}`);
};
const slurm = [
  ...['--executor', '--at-once', '--partition', '--account', '--time', '--mem', '--cpus', '--gres', '--array-limit'],
];

export const OF_SHARDS: CommandPlaces = {
  plan: {
    otherwise: shards,
    options: {
      '<library>': opened,
      '--force': neverOver,
      '--out': nowhere('Plans of the studio lie beside the library, where it finds them again'),
    },
  },
  work: { options: flags(['<plan>', '--shard', '--stage'], machine) },
  collect: { options: { '<plan>': ask('plans.collect', 'uid'), '--library': opened } },
  submit: {
    otherwise: shards,
    options: {
      '<library>': opened,
      '--force': neverOver,
      '--out': nowhere('Plans of the studio lie beside the library, where it finds them again'),
      '--sbatch': nowhere('Free options of sbatch are a command line, and never of a page'),
      '--covis': nowhere('Where Covis lies on the nodes is a path, and never of a page'),
      '--dry-run': nowhere('Shows the script of sbatch, which nobody reads in the studio'),
      '--detach': nowhere('Processes go on when the studio is closed, always'),
    },
  },
  status: { options: { '<plan>': ask('plans.list'), '--watch': ask('plans.list') } },
  cancel: { options: { '<plan>': ask('plans.cancel', 'uid') } },
  retry: {
    options: {
      '<plan>': ask('plans.retry', 'uid'),
      '--failed': ask('plans.retry', 'failed'),
      ...Object.fromEntries(
        slurm.map((flag) => [
          flag,
          ask(
            'plans.retry',
            flag.slice(2).replace(/-([a-z])/g, (_, c: string) => c.toUpperCase()),
          ),
        ]),
      ),
      '--sbatch': nowhere('Free options of sbatch are a command line, and never of a page'),
      '--detach': nowhere('Processes go on when the studio is closed, always'),
    },
  },
};
