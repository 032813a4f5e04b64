import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import vue from 'eslint-plugin-vue';
import tseslint from 'typescript-eslint';
import { checkedRows } from './scripts/lint/checked-rows.mjs';
import { workerLayers } from './scripts/lint/worker-layers.mjs';

export default tseslint.config(
  { ignores: ['node_modules', 'out', 'dist', 'resources', 'test-output', 'demo-library', 'coverage'] },
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
  // Two changes of the query in one turn take each other's place where each is made of the query that was there: changeQuery knows both.
  {
    files: ['src/renderer/**'],
    ignores: ['src/renderer/stores/query.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            "SpreadElement > MemberExpression[property.name='query']:matches([object.name=/route$/i], [object.property.name='currentRoute'], [object.object.property.name='currentRoute'])",
          message: 'Change the query through useQuery of stores/query.ts, which keeps what is not named.',
        },
      ],
    },
  },
  // An object is matched property by property, and a pattern has none of its own: it would match whatever is there.
  {
    files: ['test/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'CallExpression[callee.property.name=/^(toMatchObject|toEqual|toStrictEqual)$/] Property > Literal[regex]',
          message: 'A pattern in an object matches anything: write expect.stringMatching(…).',
        },
      ],
    },
  },
  // A test may mount several small components of its own.
  { files: ['test/page/**'], rules: { 'vue/one-component-per-file': 'off' } },
  { files: ['*.config.ts', 'eslint.config.js', '.dependency-cruiser.mjs'], rules: { 'no-restricted-exports': 'off' } },
  // What files import is checked by dependency-cruiser (npm run layers); what they name by URL it does not see.
  {
    files: ['src/**'],
    plugins: { covis: { rules: { 'worker-layers': workerLayers, 'checked-rows': checkedRows } } },
    rules: { 'covis/worker-layers': 'error', 'covis/checked-rows': 'error' },
  },
  // The one that checks, and the reader of foreign databases, which checks by itself.
  { files: ['src/main/engine/library/rows.ts', '**/colmap-database.ts'], rules: { 'covis/checked-rows': 'off' } },
);
