import js from '@eslint/js';
import rxjsX from 'eslint-plugin-rxjs-x';
import globals from 'globals';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Time and chance come from outside: only the platform's own rooms may ask for them. */
const CLOCKS = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'performance'].map((name) => ({
  name,
  message: 'Time is injected: use the scheduler that you were given.',
}));

export default defineConfig(
  globalIgnores([
    'examples/rpc/generated/',
    'dist/',
    '.guides/',
    'coverage/',
    'docs/api/',
    'src/generated/',
    'test/interop/js/',
    'test/types/programs.ts',
    // Its own package, of which the root's checks know nothing: run.py checks its types.
    'examples/notebooks/',
  ]),
  js.configs.recommended,
  { files: ['**/*.{js,mjs,cjs}'], languageOptions: { globals: globals.node } },
  {
    files: ['src/**/*.ts', 'test/**/*.ts', 'examples/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, rxjsX.configs.strict],
    languageOptions: {
      parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: false }],
      // An empty map of services is what a host without services has.
      '@typescript-eslint/no-generated-empty-object-type': 'off',
      // It takes an error factory for a value that is thrown.
      'rxjs-x/throw-error': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      complexity: ['error', 10],
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      'no-restricted-globals': ['error', ...CLOCKS],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Time is injected.' },
        { object: 'Math', property: 'random', message: 'Chance is injected.' },
      ],
      // Layers hand channels on inside a value, so that nothing is lost in between (ADR 1).
      'rxjs-x/no-nested-subscribe': 'off',
      'rxjs-x/no-ignored-subscription': 'off',
    },
  },
  { files: ['src/transports/**/*.ts', 'src/platform/**/*.ts'], rules: { 'no-restricted-globals': 'off' } },
  // The two classes that are Observables: the guard, and the stream that wears its face (ADR 1).
  {
    files: [
      'src/rx/guarded.ts',
      'src/stream/stream.ts',
      'src/platform/monotonic-scheduler.ts',
      'src/testing/virtual-clock.ts',
    ],
    rules: { 'rxjs-x/no-subclass': 'off' },
  },
  {
    files: ['test/**/*.ts', 'examples/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      'rxjs-x/no-ignored-error': 'off',
      'rxjs-x/no-unsafe-takeuntil': 'off',
      'rxjs-x/no-ignored-default-value': 'off',
      'rxjs-x/no-nested-subscribe': 'off',
      'rxjs-x/no-floating-observables': 'off',
      'rxjs-x/no-ignored-subscription': 'off',
    },
  },
);
