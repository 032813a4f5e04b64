/**
 * The rooms of this house and who may import whom: the one list that the dependency check (`npm run layers`), the lint rule for
 * worker files and the tests read. To add a room, put its name where it belongs in ROOMS.
 */

/** Rooms of the engine from the ground up: each may import those before it, never one after it. */
export const ROOMS = [
  'environment',
  'kernels',
  'formats',
  'library',
  'queue',
  'features',
  'sfm',
  'network',
  'edges',
  'inputs',
  'retrieval',
  'teacher',
  'mining',
  'clustering',
  'evaluation',
  'domains',
  'training',
  'adapt',
  'exchange',
  'collections',
  'search',
  'start',
  'plan',
  'work',
  'answers',
];

/**
 * Floors of the page from the ground up, by paths under src/renderer. `ground` is what everything may stand on: talking to the engine
 * and the colours of the theme.
 */
export const FLOORS = [
  ['ground', 'transport/|stores/theme\\.ts$|env\\.d\\.ts$|styles/'],
  ['kit', 'kit/'],
  ['scenes', 'scenes/'],
  ['stores', 'stores/'],
  ['views', 'actions/|views/'],
  ['app', 'app/|main\\.ts$'],
];

const SHARED = 'src/shared/';
const ENGINE = 'src/main/engine/';
const any = (paths) => `^(${paths.join('|')})`;

/** @returns a layer: files that match `from` may import, of ours, only what matches `to`. */
const layer = (name, from, to, why) => ({ name, from, to, why });

const rooms = ROOMS.map((room, i) =>
  layer(
    `room-${room}`,
    `^${ENGINE}${room}/`,
    any([SHARED, ...ROOMS.slice(0, i + 1).map((r) => `${ENGINE}${r}/`)]),
    `${room} may import only shared and the rooms below it: ${ROOMS.slice(0, i).join(', ') || 'none'}`,
  ),
);

const floors = FLOORS.map(([floor, path], i) =>
  layer(
    `page-${floor}`,
    `^src/renderer/(${path})`,
    any([SHARED, ...FLOORS.slice(0, i + 1).map(([, p]) => `src/renderer/(${p})`)]),
    `the page's ${floor} may import only shared and: ${FLOORS.slice(0, i + 1)
      .map(([f]) => f)
      .join(', ')}`,
  ),
);

/** Every layer; of a file that several match, the first counts. */
export const LAYERS = [
  layer('shared', `^${SHARED}`, any([SHARED]), 'shared imports nothing else of ours'),
  layer('preload', '^src/preload/', any([SHARED, 'src/preload/']), 'the bridge knows the contract alone'),
  ...rooms,
  layer('engine', `^${ENGINE}engine\\.ts$`, any([SHARED, ENGINE]), 'the engine knows no face'),
  layer('room-unlisted', `^${ENGINE}`, '^$', 'this room or file is not in the list of rooms.mjs'),
  layer('server', '^src/main/server/', any([SHARED, ENGINE, 'src/main/server/']), 'the server knows the engine alone'),
  layer(
    'cli',
    '^src/main/cli/',
    any([SHARED, ENGINE, 'src/main/server/', 'src/main/cli/', 'scripts/engine-node\\.mjs$']),
    'the command line knows the engine and the server',
  ),
  layer(
    'desktop',
    '^src/main/desktop/',
    any([SHARED, `${ENGINE}environment/`, 'src/main/desktop/', 'scripts/engine-node\\.mjs$']),
    'the desktop reaches the engine through its process alone; it may use the ground room, and know types of the server',
  ),
  layer('main-unlisted', '^src/main/', '^$', 'this folder is not in the list of rooms.mjs'),
  ...floors,
  layer(
    'page-gallery',
    '^src/renderer/gallery/',
    any([SHARED, 'src/renderer/gallery/', ...FLOORS.slice(0, 4).map(([, p]) => `src/renderer/(${p})`)]),
    'the gallery shows what views are made of, and no view',
  ),
  layer('page-unlisted', '^src/renderer/', '^$', 'this folder is not in the list of rooms.mjs'),
  layer('scripts', '^scripts/', any(['src/shared/', 'src/main/', 'scripts/']), 'scripts use the engine and its faces'),
];

/** Where a layer may know types of what it may not load: [layer, path of what is known]. */
export const TYPES_ONLY = [
  ['desktop', '^src/main/server/'],
  ['page-ground', '^src/preload/'],
];

/** Packages with a place (a name that ends in `/` stands for its whole scope): only files that match may import them. */
export const PACKAGES = [
  {
    name: 'electron',
    packages: ['electron'],
    from: '^src/(main/desktop|preload)/',
    why: 'Electron is loaded by the desktop and its bridge alone',
  },
  {
    name: 'page-package',
    packages: [
      ...[
        'vue',
        'pinia',
        'vue-router',
        'reka-ui',
        'three',
        'echarts',
        'd3-force',
        'd3-geo',
        'topojson-client',
        'world-atlas',
      ],
      ...['@vue/', '@lucide/', '@tanstack/', '@fontsource-variable/'],
    ],
    from: '^(src/renderer/|test/|electron\\.vite\\.config\\.ts$)',
    why: 'only the page is made of these',
  },
  {
    name: 'sqlite',
    packages: ['better-sqlite3'],
    from: '^(src/main/engine/library/|src/main/engine/sfm/colmap-database\\.ts$|scripts/|test/)',
    why: 'the database is reached through the library',
  },
  {
    name: 'onnxruntime',
    packages: ['onnxruntime-node'],
    from: '^(src/main/engine/network/(ort|tf/tf-runtime)\\.ts$|src/main/engine/training/machine/probe\\.ts$|scripts/|test/)',
    why: 'a process has one copy, which network/ort.ts loads',
  },
  {
    name: 'tensorflow',
    packages: ['@tensorflow/', 'webgpu'],
    from: '^(src/main/engine/(network|training)/tf/|test/)',
    why: 'one runner and one executor alone use it',
  },
];

/** True for files of this project that have layers. */
const ours = /^(src|scripts|test)\//;

/**
 * Why a file may not load another of ours, by paths from the project's root with forward slashes.
 * @returns the layer that refuses it, or undefined where it is allowed.
 */
export function refusal(from, to) {
  const found = LAYERS.find((l) => new RegExp(l.from).test(from));
  if (found === undefined || !ours.test(to) || new RegExp(found.to).test(to)) return undefined;
  return found;
}
