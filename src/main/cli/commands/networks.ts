/** `covis network`, `covis networks` and `covis whiten`: backbones, networks of a library, and what is made of them. */
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { POOLINGS, type CatalogueEntry, type NetworkSpec } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { networkCatalogue } from '../../engine/network/catalogue.ts';
import { standaloneNetwork } from '../../engine/network/embedded.ts';
import { projectNetwork } from '../../engine/network/linear-head.ts';
import { LINEAR_SCALES, multiScale, SCALES } from '../../engine/network/multi-scale.ts';
import { importNetwork, listNetworks, loadNetwork, resolveNetwork } from '../../engine/network/networks.ts';
import { encodeOnnx } from '../../engine/network/onnx/file.ts';
import type { Graph } from '../../engine/network/onnx/graph.ts';
import { PREPROCESSING } from '../../engine/network/preprocessing.ts';
import { writeSpec } from '../../engine/network/spec.ts';
import { addToStore, networkStore } from '../../engine/network/zoo.ts';
import type { WhitenReport } from '../../engine/training/whiten.ts';
import { choice, numbers } from '../options.ts';
import { fail, print, terminalContext } from '../output.ts';
import { action, command, number, withLibrary, type Options } from '../program.ts';
import { common, params, runJob } from '../run-job.ts';

const PIXELS = Object.keys(PREPROCESSING) as (keyof typeof PREPROCESSING)[];

/** A network as `covis networks` lists it. */
interface Listed extends Omit<CatalogueEntry, 'state' | 'sha256' | 'came'> {
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

export function addNetworks(): void {
  const networks = command(
    'networks',
    'list networks: embedded, downloaded, downloadable, and those of a library',
  ).option('--library <library>', 'also lists, or exports from, this library');
  action(networks, async (o: Options) => {
    const list = await listAll(o['library'] as string | undefined);
    print(o.json === true, list, () => [
      ...list.map(
        (n) => `${n.id.padEnd(18)} ${n.state.padEnd(13)} ${megabytes(n.bytes).padStart(8)}  ${n.name}  [${n.licence}]`,
      ),
      `Downloaded networks are kept in ${networkStore()}. Nothing is downloaded but by covis networks add.`,
    ]);
  });

  const add = networks
    .command('add')
    .description('download a backbone, or take one from a file; --network then knows it by its id')
    .argument('<network>', 'id of the list, or an ONNX file')
    .option('--mirror <place>', 'address or folder instead of the ONNX model zoo (also COVIS_MIRROR)')
    .option('--pixels <how>', `what it wants: ${PIXELS.join(', ')}`)
    .option('--cut <node>', 'node or value to cut at; the last feature map if left out')
    .option('--name <name>', 'what to call it')
    .option('--json', 'print one JSON object on standard output')
    .exitOverride();
  sub(add, async (o, which: string) => {
    const task = terminalContext([]);
    try {
      const s = await addToStore(
        which,
        { mirror: text(o, 'mirror'), pixels: choice(o, 'pixels', PIXELS), cut: text(o, 'cut'), name: text(o, 'name') },
        task,
      );
      task.finish();
      // A backbone that cannot be used is better known now than when a training begins.
      const { spec } = await standaloneNetwork(s.id);
      print(
        o.json === true,
        {
          id: s.id,
          name: s.name,
          file: s.file,
          bytes: s.bytes,
          sha256: s.sha256,
          licence: s.licence,
          features: spec.features,
          dim: spec.dim,
        },
        () => [
          `${s.id}: ${s.name}, ${megabytes(s.bytes)}, cut at ${spec.features}, ${spec.dim} dimensions`,
          `Use it with --network ${s.id}`,
        ],
      );
    } finally {
      task.finish();
    }
  });

  const out = networks
    .command('export')
    .description('write a network as one ONNX file: normalised image in, L2-normalised descriptor out')
    .argument(
      '<network>',
      'id of the list, an ONNX file, or with --library a network of it: a whitened one ends in its whitening',
    )
    .requiredOption('--out <file>', 'where to')
    .option('--library <library>', 'the library that has it')
    .option('--pooling <pooling>', `of a backbone: ${POOLINGS.join(', ')} (gem)`)
    .option('--scales <list>', 'describe at these scales and combine, inside the graph')
    .option('--cut <node>', 'of a backbone: node or value to cut at')
    .option('--json', 'print one JSON object on standard output')
    .exitOverride();
  sub(out, async (o, which: string) => {
    const library = text(o, 'library');
    const pooling = choice(o, 'pooling', POOLINGS);
    const network =
      library === undefined
        ? await standaloneNetwork(which, { pooling, cut: text(o, 'cut') })
        : await withLibrary(library, false, async (l) => loadNetwork(l, await resolveNetwork(l, which, 'latest')));
    const scales = numbers(o, 'scales');
    const { spec } = network;
    if (scales !== undefined && (spec.whitening !== undefined || spec.scales !== undefined || spec.edges !== undefined))
      throw new CovisError('INPUT_INVALID', `${spec.name} has its scales already; whiten with --scales instead`);
    const file = resolve(o['out'] as string);
    const graph = scales === undefined ? network.graph : multiScale(network.graph, scales);
    const bytes = writeGraph(graph, scales === undefined ? spec : { ...spec, scales }, file);
    print(o.json === true, { file, bytes, ...spec, scales: scales ?? spec.scales ?? [1] }, () => [
      `${file}: ${spec.name}, ${megabytes(bytes)}`,
      `image [N, ${graph.inputs[0]?.dims[1] ?? 3}, H, W], ${spec.preprocess.order}, value · ${spec.preprocess.scale} − mean, by std, as the file's metadata says; descriptor [N, ${spec.dim}]`,
    ]);
  });

  action(
    number(
      number(
        command(
          'network',
          'add a network to a library: one that Covis wrote, or an ONNX backbone that is cut and pooled',
        )
          .argument('<library>')
          .argument('<file>', 'ONNX file or downloaded backbone; with --project also a network of the library'),
        '--project',
        'append a linear layer to so many dimensions, trained with the rest (64 in the CUB recipe)',
      ),
      '--seed',
      'of the layer’s weights (0)',
    )
      .option('--cut <node>', 'node or value to cut at; the last feature map if left out')
      .option('--name <name>', 'what to call it')
      .option('--pooling <pooling>', `${POOLINGS.join(', ')} (gem)`)
      .option('--pixels <how>', `what it wants: ${PIXELS.join(', ')} (torchvision)`),
    async (o: Options, path: string, file: string) => {
      const pixels = choice(o, 'pixels', PIXELS);
      const pooling = choice(o, 'pooling', POOLINGS);
      await withLibrary(path, true, async (library) => {
        const project = o['project'] as number | undefined;
        const added = existsSync(file)
          ? await importNetwork(library, file, {
              cut: text(o, 'cut'),
              name: text(o, 'name'),
              pooling,
              preprocess: PREPROCESSING[pixels ?? 'torchvision'],
            })
          : await resolveNetwork(library, file, 'default');
        const seed = (o['seed'] as number | undefined) ?? 0;
        const row = project === undefined ? added : projectNetwork(library, added, project, seed);
        print(o.json === true, { network: row.uid, ...row.spec }, () => [
          `Network ${row.uid}: ${row.spec.name}, ${row.spec.dim} dimensions, cut at ${row.spec.features}`,
        ]);
      });
    },
  );

  let whiten = common(
    command('whiten', 'learn a whitening on the training places; the network that ends in it is a new one')
      .argument('<library>')
      .option('--method <method>', 'learned from matching pairs, or pca (learned)')
      .option(
        '--scales <list>',
        `describe at these scales first: "multi" for ${fixed(SCALES)}, or ${fixed(LINEAR_SCALES)} behind a linear layer`,
      ),
  );
  whiten = number(whiten, '--dim', 'dimensions to keep (all)');
  whiten = number(
    whiten,
    '--shrinkage',
    'share of the mean variance added to every direction (0.1 where pairs are few, else 0)',
  );
  whiten = number(whiten, '--power', 'exponent of PCA: 0.5 whitens fully (0.5)');
  action(whiten, async (o: Options, path: string) => {
    await withLibrary(path, false, async (library) => {
      const scales = o['scales'] === 'multi' ? [...SCALES] : numbers(o, 'scales');
      const r = await runJob<WhitenReport>(library, 'whiten', {
        ...params(o),
        whiten: {
          method: choice(o, 'method', ['learned', 'pca']) ?? 'learned',
          scales,
          dim: o['dim'] as number | undefined,
          shrinkage: o['shrinkage'] as number | undefined,
          power: o['power'] as number | undefined,
        },
      });
      print(o.json === true, r, () => [
        `Network ${r.network}: ${r.name}, ${r.dim} dimensions`,
        `${r.whitening.method === 'learned' ? `${r.whitening.pairs} pairs` : 'PCA'}, ${r.whitening.descriptors} descriptors, shrinkage ${r.whitening.shrinkage}`,
      ]);
    });
  });
}

const fixed = (list: readonly number[]): string => list.map((v) => +v.toFixed(3)).join(',');

function text(o: Options, key: string): string | undefined {
  return o[key] as string | undefined;
}

/** The action of a command below another, whose errors end the program as those of all. */
function sub(c: ReturnType<typeof command>, work: (o: Options, which: string) => Promise<void>): void {
  c.action(async (which: string, options: Options, self: { optsWithGlobals(): Options }) => {
    const o = { ...self.optsWithGlobals(), ...options };
    try {
      await work(o, which);
    } catch (error) {
      fail(o.json === true, error);
    }
  });
}

/** Writes a network as an ONNX file, to a temporary one first. @returns its bytes. */
function writeGraph(graph: Graph, spec: NetworkSpec, file: string): number {
  const described: Graph = { ...graph, metadata: new Map(graph.metadata) };
  writeSpec(described, spec);
  const bytes = encodeOnnx(described);
  writeFileSync(`${file}.tmp`, bytes);
  renameSync(`${file}.tmp`, file);
  return bytes.length;
}
