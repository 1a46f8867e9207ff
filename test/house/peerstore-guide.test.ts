import { readFileSync } from 'node:fs';
import { DEFAULT_LIMITS } from '../../src/peerstore/limits.js';

const guide = readFileSync(new URL('../../docs/guide/peerstore.md', import.meta.url), 'utf8');

it('the guide names every limit', () => {
  for (const name of Object.keys(DEFAULT_LIMITS)) expect(guide).toContain(`\`${name}\``);
});
