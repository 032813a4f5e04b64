import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import vue from 'eslint-plugin-vue';
import tseslint from 'typescript-eslint';

/** Capabilities from the ground up: each may import those before it, never one after it (ARCHITECTURE.md). */
const CAPABILITIES = [
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
  'clustering',
  'mining',
  'evaluation',
  'domains',
  'training',
  'exchange',
  'search',
];

const forbid = (files, patterns, message) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: [{ group: patterns, message }] }] },
});

const capabilityRules = CAPABILITIES.map((name, i) => {
  const above = CAPABILITIES.slice(i + 1).flatMap((n) => [`../${n}/*`, `../${n}/**`, `../../${n}/**`]);
  return forbid(
    [`src/main/engine/${name}/**`],
    [
      'electron',
      'vue',
      'three',
      '**/desktop/**',
      '**/server/**',
      '**/cli/**',
      '**/renderer/**',
      '../engine.ts',
      '../work/**',
      ...above,
    ],
    `${name} may import only shared and the capabilities before it: ${CAPABILITIES.slice(0, i).join(', ') || 'none'}`,
  );
});

export default tseslint.config(
  { ignores: ['node_modules', 'out', 'resources', 'test-output', 'demo-library', 'coverage'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  ...vue.configs['flat/recommended'],
  prettier,
  {
    languageOptions: { globals: { console: 'readonly', process: 'readonly', Buffer: 'readonly', URL: 'readonly' } },
    rules: {
      // The compiler checks indices (noUncheckedIndexedAccess); `!` marks those that are in bounds by construction.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/unified-signatures': 'off',
      'no-undef': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
    },
  },
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
    rules: { 'vue/require-default-prop': 'off', 'no-restricted-exports': 'off' },
  },
  // A test may mount several small components of its own.
  { files: ['test/page/**'], rules: { 'vue/one-component-per-file': 'off' } },
  { files: ['*.config.ts', 'eslint.config.js'], rules: { 'no-restricted-exports': 'off' } },
  forbid(
    ['src/shared/**'],
    ['../main/**', '../renderer/**', '../preload/**', 'node:*', 'electron', 'vue'],
    'shared imports nothing of ours and nothing of a platform',
  ),
  forbid(['src/preload/**'], ['../main/**', '../renderer/**'], 'the bridge knows the contract alone'),
  forbid(
    ['src/renderer/**'],
    ['**/main/**', 'node:*', 'electron'],
    'the page reaches the engine through the contract alone',
  ),
  forbid(
    ['src/main/engine/*.ts'],
    ['electron', '**/desktop/**', '**/server/**', '**/cli/**', '**/renderer/**'],
    'the engine knows no face',
  ),
  forbid(
    ['src/main/server/**'],
    ['electron', '**/desktop/**', '**/cli/**', '**/renderer/**'],
    'the server knows the engine alone',
  ),
  forbid(['src/main/cli/**'], ['electron', '**/desktop/**', '**/renderer/**'], 'the command line never loads Electron'),
  ...capabilityRules,
);
