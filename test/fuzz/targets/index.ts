import type { FuzzTarget } from '../target.ts';

/** Every reader of files from outside, and of the library's own, by the group that its name begins with. */
const GROUPS: Readonly<Record<string, () => Promise<readonly FuzzTarget[]>>> = {
  models: async () => (await import('./models.ts')).MODEL_TARGETS,
  lists: async () => (await import('./lists.ts')).LIST_TARGETS,
  truths: async () => (await import('./truths.ts')).TRUTH_TARGETS,
  descriptors: async () => (await import('./descriptors.ts')).DESCRIPTOR_TARGETS,
  photos: async () => (await import('./photos.ts')).PHOTO_TARGETS,
  drawings: async () => (await import('./drawings.ts')).DRAWING_TARGETS,
  networks: async () => (await import('./networks.ts')).NETWORK_TARGETS,
  own: async () => (await import('./own.ts')).OWN_TARGETS,
  imports: async () => (await import('./imports.ts')).IMPORT_TARGETS,
};

/** Only tests of the fuzzer itself ask for these. */
const PLANTED = async (): Promise<readonly FuzzTarget[]> => (await import('./planted.ts')).PLANTED_TARGETS;

/** All of them. */
export async function allTargets(): Promise<FuzzTarget[]> {
  return (await Promise.all(Object.values(GROUPS).map((load) => load()))).flat();
}

/** One by its name; only its group is loaded. */
export async function targetOf(name: string): Promise<FuzzTarget> {
  const [first = ''] = name.split('/');
  const group = await (first === 'planted' ? PLANTED : GROUPS[first])?.();
  const target = group?.find((t) => t.name === name);
  if (target === undefined) throw new Error(`There is no reader ${name}`);
  return target;
}
