import { z } from 'zod';
import { adaptProtocol, adaptReport } from '../facts/adapt.ts';
import { ADAPT_PROTOCOL_NAMES } from '../facts/adapt-names.ts';
import { folder, network, seed, size } from '../fields.ts';
import { job } from './job.ts';
import { memory, trainingFields } from './training-fields.ts';

const DATA = 'what the collection asks for';

/** From photos to a search that has learned from them, measured before it is taken. */
export const adaptJob = job({
  kind: 'adapt',
  title: (p) => (p.undo ? 'Undo adapting to my photos' : 'Adapt to my photos'),
  startedBy: 'page',
  brings: ({ undo, photos }) =>
    undo
      ? []
      : [
          ...(photos === undefined ? [] : ['photos' as const]),
          'matches',
          'clusters',
          'descriptors',
          'tuples',
          'training',
        ],
  params: z.strictObject({
    photos: folder.optional().meta({
      label: 'Photos',
      help: 'a folder of photos in which places are found first',
      otherwise: 'the places that are there, or those of the folders that were imported',
      page: false,
    }),
    protocol: adaptProtocol.default('new-photos').meta({
      label: 'For',
      help: 'what it must be better for: own (the photos that are there), new-photos (of the same places) or new-places',
      names: ADAPT_PROTOCOL_NAMES,
    }),
    network: network.optional().meta({ otherwise: 'the one that search takes, from before it learned here' }),
    size: size.optional().meta({ otherwise: 'what search describes with', advanced: true }),
    seed: seed.optional().meta({ help: 'of every draw', advanced: true }),
    folds: z.int().min(1).max(20).optional().meta({
      label: 'Folds',
      help: 'draws of what is held out, each a training of its own',
      otherwise: DATA,
      advanced: true,
    }),
    epochs: trainingFields.epochs.meta({ otherwise: DATA, advanced: true }),
    queriesPerEpoch: trainingFields.queriesPerEpoch.meta({ otherwise: DATA, advanced: true }),
    learningRate: trainingFields.learningRate.meta({ otherwise: DATA, advanced: true }),
    backend: trainingFields.backend.meta({ advanced: true }),
    precision: trainingFields.precision,
    memory,
    /** False stops at verified matches, without COLMAP. */
    reconstruct: z.boolean().default(true).meta({
      label: 'Build 3D models',
      help: 'where places are found first they stay groups of verified matches, without COLMAP',
      advanced: true,
    }),
    undo: z
      .boolean()
      .default(false)
      .meta({ label: 'Undo', help: 'search takes the network again that it took before', advanced: true }),
  }),
  result: adaptReport,
});
