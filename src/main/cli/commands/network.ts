/** `covis network`: a network, whole or a backbone, into a library. */
import { counted } from '../../../shared/counted.ts';
import { existsSync } from 'node:fs';
import { z } from 'zod';
import { FITS, POOLINGS, TOKEN_PARTS } from '../../../shared/domain.ts';
import { folder, network as named, seed } from '../../../shared/fields.ts';
import { networkInWords } from '../../../shared/networks-in-words.ts';
import { obstacleOf } from '../../engine/network/differentiable.ts';
import { projectNetwork } from '../../engine/network/linear-head.ts';
import { importNetwork, resolveNetwork } from '../../engine/network/networks.ts';
import { PREPROCESSING } from '../../engine/network/preprocessing.ts';
import { command } from '../program/command.ts';
import { withLibrary } from '../program/library.ts';
import { print } from '../program/output.ts';
import { refuseTogether } from '../program/together.ts';

const PIXELS = Object.keys(PREPROCESSING) as (keyof typeof PREPROCESSING)[];

/** What is said of a backbone that is brought. */
export const backboneOptions = {
  pixels: z
    .enum(PIXELS)
    .optional()
    .meta({ help: 'what it wants', otherwise: 'torchvision, or as it normalises by itself', value: 'how' }),
  cut: z
    .string()
    .min(1)
    .optional()
    .meta({ help: 'node or value to cut at', otherwise: 'the last feature map', value: 'node' }),
  output: z.string().min(1).max(200).optional().meta({
    help: 'what describes: own (the network’s own output), map (its last feature map), or the name of a node',
    otherwise: 'the map before a plain classifier, else its own output',
    value: 'which',
  }),
  tokens: z.enum(TOKEN_PARTS).optional().meta({
    help: 'of a network that gives tokens (a ViT): the class token, the patches pooled as a map, or both, each of unit length',
  }),
  fit: z
    .enum(FITS)
    .optional()
    .meta({ help: 'of a network that takes one size: how photos become it', otherwise: 'pad' }),
  name: z.string().min(1).max(120).optional().meta({ help: 'what to call it', value: 'name' }),
};

export const network = command({
  name: 'network',
  summary: 'add a network to a library: one that Covis wrote, or an ONNX backbone that is cut and pooled',
  arguments: {
    library: folder,
    file: named.meta({ help: 'ONNX file or downloaded backbone; with --project also a network of the library' }),
  },
  options: {
    project: z
      .int()
      .min(1)
      .max(65_536)
      .optional()
      .meta({ help: 'append a linear layer to so many dimensions, trained with the rest (64 in the CUB recipe)' }),
    seed: seed.optional().meta({ help: 'of the layer’s weights', otherwise: '0' }),
    ...backboneOptions,
    pooling: z.enum(POOLINGS).optional().meta({ otherwise: 'gem' }),
  },
  run: async (o) => {
    const { file, cut, output, fit, tokens, name, pooling, project, pixels } = o;
    refuseTogether(o, cut === undefined ? [] : ['output'], 'and --cut say the same: one is enough');
    if (project === undefined) refuseTogether(o, ['seed'], 'goes with --project');
    if (!existsSync(file))
      refuseTogether(o, ['cut', 'output', 'fit', 'tokens', 'name', 'pooling', 'pixels'], 'is of an ONNX file');
    await withLibrary(o.library, true, async (library) => {
      const added = existsSync(file)
        ? await importNetwork(library, file, {
            cut,
            output,
            fit,
            tokens,
            name,
            pooling,
            preprocess: pixels === undefined ? undefined : PREPROCESSING[pixels],
          })
        : await resolveNetwork(library, file, 'embedded');
      const row = project === undefined ? added : projectNetwork(library, added, project, o.seed ?? 0);
      const obstacle = obstacleOf(row.spec) ?? null;
      print(o.json, { network: row.uid, ...row.spec, obstacle }, () => [
        `Network ${row.uid}: ${row.spec.name}, ${counted(row.spec.dim, 'dimension')}, ${row.spec.taken?.kind === 'vector' ? 'its own vector' : 'cut at'} ${row.spec.features}`,
        ...networkInWords(row.spec, obstacle),
      ]);
    });
  },
});
