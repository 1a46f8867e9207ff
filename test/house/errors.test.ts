import { readFileSync } from 'node:fs';
import { ERROR_CODES } from '../../src/core/errors.js';

it('every error code has its paragraph in the guide, and no paragraph is of another', () => {
  const guide = readFileSync(new URL('../../docs/guide/errors.md', import.meta.url), 'utf8');
  const paragraphs = [...guide.matchAll(/^### (ERR_\w+)\n(.+)$/gm)].map(([, code]) => code);
  expect(paragraphs).toEqual([...ERROR_CODES]);
});
