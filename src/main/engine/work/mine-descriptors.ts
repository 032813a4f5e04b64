import { mineDescriptorsJob } from '../../../shared/jobs/mine-descriptors.ts';
import { mineDescriptors } from '../mining/descriptor-file.ts';
import { work } from './work.ts';

export const mineDescriptorsWork = work(mineDescriptorsJob, (_library, p, task) => mineDescriptors(p, task));
