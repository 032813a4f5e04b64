import { z } from 'zod';
import { BACKENDS, BACKEND_NAMES, PRECISIONS, PRECISION_NAMES } from './facts/backends.ts';
import type { ChoicePurpose } from './facts/desktop.ts';
import { NEGATIVE_STRATEGIES, POSITIVE_STRATEGIES } from './facts/mining.ts';

/** What a schema says of itself for people: faces derive forms, options and messages from it. */
declare module 'zod' {
  interface GlobalMeta {
    /** How a form calls it. */
    label?: string;
    /** One phrase for forms and `--help`. */
    help?: string;
    /** What holds where it is left out, for people; a schema with a default says it by itself. */
    otherwise?: string;
    /** Its option on the command line, without dashes, where that is not its name. */
    flag?: string;
    /** What stands for its value in `--help`: `file` in `--out <file>`. */
    value?: string;
    /** What pages may send: an `id` alone, or nothing (`false`: paths of this machine). */
    page?: 'id' | false;
    /** Of an id: which of the lists that the studio has it is chosen from. */
    choose?: 'network' | 'edge network';
    /** Of a path: what a person chooses for it in the studio, which then sends the id of the choice. Left out: it cannot be said there. */
    pick?: ChoicePurpose;
    /**
     * Of a path with `pick` that is written: what is made within the folder that was chosen, a file where this has an ending. Where something of
     * that name is there, a number is added.
     */
    made?: string;
    /** What to do where it was refused. */
    hint?: string;
    /** Only for those who look for it: forms fold it away. */
    advanced?: boolean;
    /** What it is counted in, for forms: `px`. */
    unit?: string;
    /** By how much a form's arrows change it. */
    step?: number;
    /** Its option is given once for each of several values, in place of commas. */
    repeated?: boolean;
    /** What forms call the values of an enumeration. */
    names?: Readonly<Record<string, string>>;
  }
}

/** Ids are content hashes in hex. */
export const id = z.string().regex(/^[0-9a-f]{8,64}$/);
export const none = z.strictObject({});
/** Chosen by who asks, another for every request: what comes a second time under the same one is answered as before and not done again. */
export const onceKey = z.string().min(16).max(64).optional();
/** A row's number in the database. */
export const rowNumber = z.int().positive();
export const fraction = z.number().min(0).max(1);

/** A file or folder of the engine's machine. Pages never send one. */
export const path = z.string().min(1).max(4096).meta({ value: 'path', page: false });
export const file = path.meta({ value: 'file', page: false });
export const folder = path.meta({ value: 'folder', page: false });
/** Of everything that writes where a person says. */
export const force = z.boolean().optional().meta({
  label: 'Write over',
  help: 'write over files that are there already; never over anything in a library',
  page: false,
});

/** Names that Windows gives to devices, and what no system takes in one: a library may be carried elsewhere. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
/** Signs of paths, what no file system takes, and what turns the direction of writing, so that a name is not what it seems. */
const NOT_IN_NAMES = /[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069/\\:*?"<>|]/u;
const NAME_BYTES = 200;

/** The name of a new library: of one folder, never a path. */
export const libraryName = z
  .string()
  .min(1)
  .max(100)
  .refine((name) => new TextEncoder().encode(name).length <= NAME_BYTES, 'is too long')
  .refine((name) => !NOT_IN_NAMES.test(name), 'may not contain any of / \\ : * ? " < > |')
  .refine((name) => !name.startsWith('.') && !/[. ]$/.test(name) && !name.startsWith(' '), {
    message: 'may not begin with a dot or a space, nor end with one',
  })
  .refine((name) => !DEVICE.test(name), 'is a name that Windows keeps for devices')
  .meta({ label: 'Name', help: 'of the new library' });

/** A network as a person names it: pages send content hashes alone. */
export const network = z.string().min(1).max(4096).meta({
  label: 'Network',
  help: 'content hash or name in the library, a path to an ONNX file, "default" for the library\'s default, "embedded" for the one that the library began with, or "efficientnet-lite0" or "tiny" for one that comes with Covis',
  value: 'network',
  page: 'id',
  choose: 'network',
});
export const size = z.int().min(64).max(2048).meta({
  label: 'Size',
  help: 'long side of the photos in pixels',
  otherwise: '320; maps of edges 227',
});
/** What computes, wherever something is computed; the same option of every command and the one setting. */
export const backend = z.enum(BACKENDS).meta({
  label: 'Back end',
  help: 'what computes',
  otherwise: 'auto, or the setting',
  names: BACKEND_NAMES,
});
/** In what convolutions and maps are computed; the same option wherever `backend` is one. */
export const precision = z.enum(PRECISIONS).meta({
  label: 'Precision',
  help: 'of convolutions and maps: single, or half where WebGPU has shader-f16; weights, gradients and descriptors are kept in single',
  otherwise: 'that of the descriptors that are there, or single, or the setting',
  names: PRECISION_NAMES,
  advanced: true,
});
/** How many threads a process may be told to take. */
export const THREADS = z.int().min(1).max(1024);
export const seed = z
  .int()
  .min(0)
  .max(2 ** 31 - 1)
  .meta({
    label: 'Seed',
    help: 'seed of the split into training and held-out places, and of every draw',
    otherwise: '0',
  });

/** A network's descriptors as NETWORK-SIZE, or a stored set by its key or name. It never names a file. */
export const set = z
  .string()
  .min(1)
  .max(4096)
  .meta({ label: 'Descriptors', help: 'descriptor set of the library instead of those of a network', value: 'set' });

/** A version of a collection that work is narrowed to. */
export const collection = z.string().min(3).max(4096).meta({
  label: 'Collection',
  help: 'only photos of this version of a collection',
  hint: 'A version is named NAME@3, NAME@tag or NAME@digest.',
  otherwise: 'all photos',
  value: 'name@version',
});

/** Whether photos are described or drawn: photos, or edge maps of them. */
export const domain = z.enum(['photos', 'edges']).meta({ label: 'Input' });
/** Visual words of a vocabulary. */
export const words = z.int().min(2).max(16_777_216).meta({
  label: 'Words',
  help: 'visual words of the vocabulary',
  otherwise: 'one for every sixteenth feature',
});

/** The list of numbers that an option writes with commas. */
export const numbers = (least: number, most: number, length = 64) =>
  z.array(z.number().min(least).max(most)).min(1).max(length);

/** Mining by geometry (methods.md 1.2, 1.3); what is left out is the recipe's. */
export const mining = z
  .strictObject({
    positives: z.enum(POSITIVE_STRATEGIES).meta({
      label: 'Positives',
      help: 'closest descriptor (m1), most shared points (m2), random with enough overlap (m3)',
      otherwise: 'm3',
      names: { m1: 'm1: closest descriptor', m2: 'm2: most shared points', m3: 'm3: random, enough overlap' },
    }),
    negatives: z.enum(NEGATIVE_STRATEGIES).meta({
      label: 'Negatives',
      help: 'the hardest, the hardest with one a place, or any',
      otherwise: 'one-per-cluster',
      hint: 'How many is said with --count.',
    }),
    count: z
      .int()
      .min(1)
      .max(100)
      .meta({ label: 'Negatives of a tuple', help: 'negatives of a tuple', otherwise: '5' }),
    minShared: z
      .int()
      .min(0)
      .max(100_000)
      .meta({ label: 'Shared points', help: 'fewest shared 3D points of a positive', otherwise: '30' }),
    minOverlap: fraction.meta({
      label: 'Overlap',
      help: 'smallest overlap ratio of a positive of m3',
      otherwise: '0.2',
    }),
    maxScale: z
      .number()
      .min(1)
      .max(100)
      .meta({ label: 'Scale change', help: 'largest scale change of a positive of m3', otherwise: '1.5' }),
    cameraPool: z.int().min(1).max(100_000).meta({
      label: 'Camera pool',
      help: 'nearest cameras among which m1 and m2 choose',
      otherwise: '100',
      advanced: true,
    }),
    pool: z.int().min(2).max(10_000_000).meta({
      label: 'Pool',
      help: 'photos among which negatives are sought',
      otherwise: '20000',
      advanced: true,
    }),
    queries: z.int().min(1).max(1_000_000).meta({ label: 'Tuples', help: 'tuples to mine', otherwise: '200' }),
    queryFraction: z.number().positive().max(1).meta({
      label: 'Queries of a cluster',
      help: "share of a cluster's photos that may be queries",
      otherwise: '1',
      advanced: true,
    }),
    queriesPerCluster: z.int().min(0).max(1_000_000).meta({
      label: 'Most queries of a cluster',
      help: 'at most so many queries of a cluster; 0 for no limit',
      otherwise: 'no limit',
      advanced: true,
    }),
  })
  .partial();

/** Mining on the manifold of descriptors (methods.md 5); what is left out follows from the size of the collection. */
export const manifold = z
  .strictObject({
    k: z.int().min(2).max(10_000).meta({
      label: 'Neighbours',
      help: 'neighbours in the graph, itself included',
      otherwise: '30, at most 3 % of the photos',
    }),
    gamma: z
      .number()
      .positive()
      .max(20)
      .meta({ label: 'γ', help: 'power of the similarity', otherwise: '3', advanced: true }),
    alpha: z
      .number()
      .positive()
      .max(0.99999)
      .meta({ label: 'α', help: 'of the diffusion', otherwise: '0.99', advanced: true }),
    iterations: z
      .int()
      .min(1)
      .max(10_000)
      .meta({ label: 'Iterations', help: 'of conjugate gradients', otherwise: '20', advanced: true }),
    tolerance: fraction.meta({
      label: 'Tolerance',
      help: 'relative residual at which iterating ends',
      otherwise: '1e-10',
      advanced: true,
    }),
    positivesK: z.int().min(1).max(100_000).meta({
      label: 'Positives within',
      help: 'manifold rank within which positives are, and Euclidean rank beyond',
      otherwise: '50, at most 6 % of the photos',
    }),
    negativesK: z.int().min(1).max(1_000_000).meta({
      label: 'Negatives within',
      help: 'Euclidean rank within which negatives are, and manifold rank beyond',
      otherwise: '10000, at most half of the photos',
    }),
    kept: z.int().min(1).max(1000).meta({ label: 'Pool', help: 'largest pool of an anchor', otherwise: '50' }),
    anchors: z.enum(['maxima', 'all']).meta({
      label: 'Anchors',
      help: 'local maxima of importance, or every photo',
      otherwise: 'maxima',
    }),
    maxAnchors: z
      .int()
      .min(1)
      .max(1_000_000)
      .meta({ label: 'Most anchors', help: 'most important anchors that are kept', otherwise: '1500' }),
    importance: z.enum(['degree', 'power']).meta({
      label: 'Importance',
      help: 'degree, or power for a thousand steps of power iteration',
      otherwise: 'degree',
      advanced: true,
    }),
  })
  .partial();

export { ranking } from './methods/index.ts';
