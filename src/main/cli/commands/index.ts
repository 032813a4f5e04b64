/** Every command by its first word, in the order of `covis --help`. A command below another stands behind it. */
import type { CommandDefinition } from '../program/command.ts';

type Read = () => Promise<readonly CommandDefinition[]>;

/** The code of a command is read when that is asked for, and of all for help: reading all takes longer than many a command. */
const COMMANDS: Readonly<Record<string, Read>> = {
  init: async () => [(await import('./init.ts')).init],
  import: async () => [(await import('./import.ts')).importCommand],
  cluster: async () => [(await import('./cluster.ts')).cluster],
  adapt: async () => [(await import('./adapt.ts')).adapt],
  clusters: async () => [(await import('./clusters.ts')).clusters],
  extract: async () => [(await import('./extract.ts')).extract],
  mine: async () => [(await import('./mine.ts')).mine],
  decide: async () => [(await import('./decide.ts')).decideCommand],
  backends: async () => {
    const { backends, backendsAdd, backendsRemove } = await import('./backends.ts');
    return [backends, backendsAdd, backendsRemove];
  },
  networks: async () => {
    const { networks, networksAdd, networksExport } = await import('./networks.ts');
    return [networks, networksAdd, networksExport];
  },
  network: async () => [(await import('./network.ts')).network],
  whiten: async () => [(await import('./whiten.ts')).whiten],
  train: async () => [(await import('./train.ts')).train],
  run: async () => [(await import('./train.ts')).run],
  ladder: async () => [(await import('./train.ts')).ladder],
  rank: async () => [(await import('./rank.ts')).rank],
  index: async () => {
    const { indexCommand, indexBuild, indexSearch } = await import('./index-vectors.ts');
    return [indexCommand, indexBuild, indexSearch];
  },
  evaluate: async () => [(await import('./evaluate.ts')).evaluate],
  search: async () => [(await import('./search.ts')).search],
  descriptors: async () => [(await import('./descriptors.ts')).descriptors],
  export: async () => [(await import('./export.ts')).exportCommand],
  convert: async () => [(await import('./convert.ts')).convert],
  duplicates: async () => [(await import('./duplicates.ts')).duplicates],
  quality: async () => [(await import('./quality.ts')).quality],
  check: async () => [(await import('./check.ts')).check],
  clean: async () => [(await import('./clean.ts')).clean],
  backup: async () => [(await import('./backup.ts')).backup],
  restore: async () => [(await import('./backup.ts')).restore],
  teacher: async () => [(await import('./teacher.ts')).teacher],
  edges: async () => [(await import('./edges.ts')).edges],
  domains: async () => [(await import('./domains.ts')).domains],
  sketches: async () => [(await import('./sketches.ts')).sketches],
  collection: async () => (await import('./collection/index.ts')).COLLECTION,
  plan: async () => [(await import('./plan/make.ts')).plan],
  work: async () => [(await import('./plan/shards.ts')).work],
  collect: async () => [(await import('./plan/shards.ts')).collect],
  submit: async () => [(await import('./plan/make.ts')).submit],
  status: async () => [(await import('./plan/steer.ts')).status],
  cancel: async () => [(await import('./plan/steer.ts')).cancel],
  retry: async () => [(await import('./plan/steer.ts')).retry],
  serve: async () => [(await import('./studio.ts')).serve],
  open: async () => [(await import('./studio.ts')).open],
  doctor: async () => [(await import('./doctor.ts')).doctorCommand],
  logs: async () => [(await import('./logs.ts')).logs],
};

/** Commands with what stands below them. @param first the word of one; where none is called so, and where it is left out, all of them. */
export async function commands(first?: string): Promise<readonly CommandDefinition[]> {
  const one = first !== undefined && Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  const asked = one === undefined ? Object.values(COMMANDS) : [one];
  return (await Promise.all(asked.map((read) => read()))).flat();
}
