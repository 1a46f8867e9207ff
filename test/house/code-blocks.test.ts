import { blocksIn, flat } from '../../scripts/code-blocks.js';

const page = `# A page

\`\`\`ts
one();
\`\`\`

<!-- output -->
\`\`\`text
1
\`\`\`

<!-- from examples/two.ts -->
\`\`\`ts
  two();
\`\`\`

\`\`\`text
no code
\`\`\`

\`\`\`sh
npm start
\`\`\`
`;

it('finds the code of a page, with what is said of it, what it prints, and its line', () => {
  expect(blocksIn('page.md', page)).toEqual([
    { file: 'page.md', line: 4, code: 'one();\n', note: '', output: '1\n' },
    { file: 'page.md', line: 14, code: '  two();\n', note: 'from examples/two.ts', output: undefined },
  ]);
});

it('finds every example in the comments of a source, without its stars', () => {
  const source = `/**
 * Promises a thing.
 *
 * @example
 * \`\`\`ts
 * thing();
 *
 * other();
 * \`\`\`
 */
interface A {
  /**
   * @example
   * \`\`\`ts
   * if (a)
   *   b();
   * \`\`\`
   */
}`;
  expect(blocksIn('a.ts', source).map(({ line, code }) => [line, code])).toEqual([
    [6, 'thing();\n\nother();\n'],
    [15, 'if (a)\n  b();\n'],
  ]);
});

it('code is the same however deep it stands, and different if a word is', () => {
  expect(flat('    a();\n      b();\n')).toBe(flat('a();\n  b();'));
  expect(flat('a();')).not.toBe(flat('a;'));
});
