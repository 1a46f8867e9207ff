import { readFileSync } from 'node:fs';
import { unlimited } from '../../src/index.js';
import { simulateNetwork } from '../../src/testing.js';
import { limits } from '../../examples/limits/chat.js';

const guide = readFileSync(new URL('../../docs/guide/limits.md', import.meta.url), 'utf8');

it('a host takes the limits of the example', async () => {
  const net = simulateNetwork({ seed: 1 });
  const host = await net.createHost({ limits });
  await net.runUntil(host.stop());
});

it('the guide names every scope', () => {
  for (const scope of Object.keys(unlimited)) expect(guide).toContain(scope);
});
