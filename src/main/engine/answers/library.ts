import { join } from 'node:path';
import { libraryRoutes } from '../../../shared/routes/library.ts';
import { defined } from '../../../shared/defined.ts';
import { BACKEND_NAMES, EXPORTS, type LibraryInfo } from '../../../shared/domain.ts';
import { VERSION } from '../environment/version.ts';
import type { Library } from '../library/library.ts';
import { counts } from '../library/tables/counts.ts';
import { chosenBackend, chosenPrecision } from '../network/computing.ts';
import { defaultNetworks } from '../network/default-network.ts';
import { listNetworks } from '../network/networks.ts';
import { answers } from './answers.ts';
import { startDownload, startJob } from './jobs.ts';

/** What describes photos from now on; what trained a network, or made a measurement, is said by that. */
function describes(): string {
  const backend = chosenBackend();
  const half = chosenPrecision() === 'half';
  if (half && backend === 'auto') return `Descriptors: ${BACKEND_NAMES.webgpu}, half precision`;
  return `Descriptors: ${backend === 'auto' ? 'the fastest back end that is right' : BACKEND_NAMES[backend]}${half ? ', half precision' : ''}`;
}

/** What a library has. */
export function libraryInfo(library: Library): LibraryInfo {
  const { photos, scenes, clusters, pairs, given, points } = counts(library);
  return {
    path: library.path,
    name: library.name,
    photos,
    scenes,
    clusters,
    pairs: pairs + given,
    points,
    networks: listNetworks(library),
    defaults: defaultNetworks(library),
    device: describes(),
    version: VERSION,
    ...(library.readOnly === undefined ? {} : { readOnly: library.readOnly }),
  };
}

export const library = answers(libraryRoutes, {
  'library.current': (engine) => {
    const open = engine.current();
    return open === undefined ? null : libraryInfo(open);
  },
  'library.open': async (engine, { path }) => libraryInfo(await engine.open(path)),
  'library.download': (engine, { format, ...asked }) => {
    const { params, writes } = EXPORTS[format];
    const takes = (name: string): boolean => name in params.shape;
    return startDownload(engine, `${engine.library.name}-${format}`, (folder) =>
      startJob(engine, 'export', {
        out:
          writes === 'folder'
            ? folder
            : join(folder, `${engine.library.name}.${format === 'network' ? 'onnx' : 'npy'}`),
        format,
        ...(takes('photos') ? { photos: 'none' as const } : {}),
        // A benchmark is of the library, whatever run it is asked for beside.
        ...defined({ ...asked, run: takes('run') ? asked.run : undefined }),
      }),
    );
  },
});
