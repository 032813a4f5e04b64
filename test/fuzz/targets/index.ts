import type { FuzzTarget } from '../target.ts';
import { DESCRIPTOR_TARGETS } from './descriptors.ts';
import { IMPORT_TARGETS } from './imports.ts';
import { LIST_TARGETS } from './lists.ts';
import { MODEL_TARGETS } from './models.ts';
import { NETWORK_TARGETS } from './networks.ts';
import { OWN_TARGETS } from './own.ts';
import { PICTURE_TARGETS } from './pictures.ts';
import { TRUTH_TARGETS } from './truths.ts';

/** Every reader of files from outside, and of the library's own. */
export const TARGETS: readonly FuzzTarget[] = [
  ...MODEL_TARGETS,
  ...LIST_TARGETS,
  ...TRUTH_TARGETS,
  ...DESCRIPTOR_TARGETS,
  ...PICTURE_TARGETS,
  ...NETWORK_TARGETS,
  ...OWN_TARGETS,
  ...IMPORT_TARGETS,
];

export function targetOf(name: string): FuzzTarget {
  const target = TARGETS.find((t) => t.name === name);
  if (target === undefined) throw new Error(`There is no reader ${name}`);
  return target;
}
