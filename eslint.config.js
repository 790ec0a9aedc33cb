import parser from '@typescript-eslint/parser';
import regexp from 'eslint-plugin-regexp';

// Regular expressions alone; everything else is Biome's.
export default [
  {
    files: ['src/**/*.{ts,tsx}'],
    languageOptions: { parser },
    plugins: { regexp },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { report: 'potential', ignoreSticky: false }],
    },
  },
];
