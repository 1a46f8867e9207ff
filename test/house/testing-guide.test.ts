import { readFileSync } from 'node:fs';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
/** Without indentation, which differs between a guide and what it is taken from. */
const flat = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .trim();

const guide = read('docs/guide/testing.md');
const example = flat(read('examples/simulation/counter.ts'));

it('every piece of code in the guide to testing is part of an example that compiles and runs', () => {
  const pieces = [...guide.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => flat(code));
  expect(pieces.length).toBeGreaterThan(5);
  for (const piece of pieces) expect(example).toContain(piece);
});
