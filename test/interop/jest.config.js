import root from '../../jest.config.js';

/** @type {import('jest').Config} */
export default {
  ...root,
  rootDir: '../..',
  roots: ['<rootDir>/test/interop'],
  testPathIgnorePatterns: ['/node_modules/'],
  modulePathIgnorePatterns: ['<rootDir>/test/interop/js'],
  testTimeout: 60_000,
  reporters: ['default', '<rootDir>/test/interop/matrix-reporter.js'],
};
