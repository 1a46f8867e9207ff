import { readFileSync } from 'node:fs';
import { unlimited } from '../../src/index.js';
import { relay } from '../../examples/limits/relay.js';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const guide = read('docs/guide/limits.md');

it('the guide shows the example as it is, and it runs', async () => {
  expect(guide).toContain(`\`\`\`ts\n${read('examples/limits/relay.ts')}\`\`\``);
  const host = await relay();
  await host.stop();
});

it('the guide names every scope', () => {
  for (const scope of Object.keys(unlimited)) expect(guide).toContain(scope);
});
