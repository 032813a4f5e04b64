import { LAYERS, PACKAGES, TYPES_ONLY } from './rooms.mjs';

/** Files of an earlier layer are left out of the later ones, because the first that matches counts. */
const layers = LAYERS.map(({ name, from, to, why }, i) => {
  const known = TYPES_ONLY.filter(([layer]) => layer === name).map(([, path]) => path);
  const earlier = LAYERS.slice(0, i).map((l) => l.from);
  const source = { path: from, ...(earlier.length > 0 ? { pathNot: earlier } : {}) };
  return [
    {
      name,
      comment: why,
      severity: 'error',
      from: source,
      to: { path: '^(src|scripts|test)/', pathNot: [to, ...known] },
    },
    ...known.map((path) => ({
      name,
      comment: why,
      severity: 'error',
      from: source,
      to: { path, dependencyTypesNot: ['type-only'] },
    })),
  ];
}).flat();

/** A package by its folder, by that of its types, and by its name where it cannot be resolved. */
const paths = (name) => {
  const end = name.endsWith('/') ? '' : '(/|$)';
  return [`^${name}${end}`, `node_modules/${name}${end}`, `node_modules/@types/${name}${end}`];
};

const packages = PACKAGES.map(({ name, packages: names, from, why }) => ({
  name,
  comment: why,
  severity: 'error',
  from: { pathNot: from },
  to: { path: names.flatMap(paths), dependencyTypesNot: ['core'] },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...layers,
    ...packages,
    {
      name: 'platform',
      comment: 'shared and the page run in a browser, too',
      severity: 'error',
      from: { path: '^src/(shared|renderer)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'circle',
      comment: 'two files that need each other are one, or a third is missing',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'not-there',
      comment: 'this import leads nowhere',
      severity: 'error',
      from: { path: '^(src|scripts)/' },
      to: { couldNotResolve: true, pathNot: '^(virtual:|@tensorflow/|webgpu$|.*\\?)' },
    },
    {
      name: 'orphan',
      comment: 'nothing imports this file, and it imports nothing',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: '\\.d\\.ts$' },
      to: {},
    },
    {
      name: 'development-only',
      comment: 'an installed Covis has no development dependencies',
      severity: 'error',
      from: { path: '^src/(shared|main/(engine|server|cli))/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(out|resources|test-output|demo-library|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.mts', '.js', '.mjs', '.vue', '.d.ts', '.json'],
    },
  },
};
