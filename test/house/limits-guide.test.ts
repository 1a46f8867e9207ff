import { readFileSync } from 'node:fs';
import { unlimited } from '../../src/index.js';
import { simulateNetwork } from '../../src/testing.js';
import { limits } from '../../examples/limits/chat.js';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const guide = read('docs/guide/limits.md');

it('the guide shows the example as it is, and a host takes its limits', async () => {
  expect(guide).toContain(`\`\`\`ts\n${read('examples/limits/chat.ts')}\`\`\``);
  const net = simulateNetwork({ seed: 1 });
  const host = await net.createHost({ limits });
  await net.runUntil(host.stop());
});

it('the guide names every scope', () => {
  for (const scope of Object.keys(unlimited)) expect(guide).toContain(scope);
});
