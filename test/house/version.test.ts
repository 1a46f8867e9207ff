import { readFileSync } from 'node:fs';
import { VERSION } from '../../src/core/version.js';

it('peers are told the version of the package', () => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  expect((JSON.parse(text) as { version: string }).version).toBe(VERSION);
});
