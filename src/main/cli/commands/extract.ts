/** `covis extract`: descriptors of a library, or of a folder without one. */
import { counted } from '../../../shared/counted.ts';
import { POOLINGS } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { file, folder, force } from '../../../shared/fields.ts';
import { extractFolderJob } from '../../../shared/jobs/extract-folder.ts';
import { extractJob } from '../../../shared/jobs/extract.ts';
import { saidBy } from '../../../shared/jobs/job.ts';
import { z } from 'zod';
import { standaloneNetwork } from '../../engine/network/embedded.ts';
import { loadNetwork, resolveNetwork, type LoadedNetwork } from '../../engine/network/networks.ts';
import { describeFolder } from '../../engine/retrieval/extract-folder.ts';
import { command, type Asked } from '../program/command.ts';
import { runJob } from '../program/job.ts';
import { withLibrary } from '../program/library.ts';
import { refuseTogether } from '../program/together.ts';
import { print, terminalContext } from '../program/output.ts';

const words = { library: folder.optional() };
const options = {
  ...extractJob.params.shape,
  pooling: z
    .enum(POOLINGS)
    .optional()
    .meta({ help: 'with --photos: of a backbone that is described with', otherwise: 'gem' }),
  photos: folder.optional().meta({ help: 'describes the images of this folder; needs no library' }),
  out: file.optional().meta({ help: 'with --photos: a .npy with a row an image, names beside it as .txt' }),
  force,
};
type Given = Asked<typeof words, typeof options>;

export const extract = command({
  name: 'extract',
  summary: 'compute the descriptors of all photos, of a library or of a folder',
  arguments: words,
  options,
  run: async (o) => {
    if (o.photos !== undefined) return extractPhotos(o, o.photos);
    if (o.library === undefined)
      throw new CovisError('INPUT_INVALID', 'Say what to describe: a library, or a folder with --photos');
    refuseTogether(o, ['pooling', 'out', 'force'], 'goes with --photos');
    const { network, size, precision, domain, collection } = o;
    await withLibrary(o.library, false, async (library) => {
      const r = await runJob(library, 'extract', { network, size, precision, domain, collection });
      print(o.json, r, () => [
        `${r.photos} photos have descriptors of ${counted(r.dim, 'dimension')} from network ${r.network}, ${r.computed} of them new`,
        ...(r.fitted === undefined ? [] : [r.fitted]),
      ]);
    });
  },
});

/** Describes a folder, with a network of the library where one is named, else with one that belongs to none. */
async function extractPhotos(o: Given, photos: string): Promise<void> {
  const { out } = o;
  if (out === undefined) throw new CovisError('INPUT_INVALID', '--photos needs --out, the matrix to write');
  refuseTogether(o, ['domain', 'collection'], 'describes a library, not a folder');
  if (o.library !== undefined) refuseTogether(o, ['pooling'], 'is of a backbone without a library');
  const network: Pick<LoadedNetwork, 'graph' | 'spec'> =
    o.library === undefined
      ? await standaloneNetwork(o.network, { pooling: o.pooling })
      : await withLibrary(o.library, false, async (l) => loadNetwork(l, await resolveNetwork(l, o.network, 'default')));
  const task = terminalContext([]);
  const { size, force: over } = o;
  const r = await describeFolder(network, { photos, out, size, force: over }, task).finally(() => task.finish());
  print(o.json, r, () => saidBy(extractFolderJob, r));
}
