import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { DEFAULT_LIMITS } from '../../src/peerstore/limits.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const guide = readFileSync(`${root}docs/guide/peerstore.md`, 'utf8');

it('the examples of the guide compile', () => {
  const examples = [...guide.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  expect(examples).toHaveLength(2);
  const given = `import type { PeerId } from 'rx-libp2p'; declare const friend: PeerId;\n`;
  const names = examples.map((_, at) => `${root}test/house/peerstore-guide-${String(at)}.ts`);
  const texts = new Map(names.map((name, at) => [name, `${at === 0 ? given : ''}${examples[at]!}`]));
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.asynciterable.d.ts'],
    types: ['node'],
    customConditions: ['rx-libp2p-source'],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (name) => texts.has(name) || fileExists(name);
  host.readFile = (name) => texts.get(name) ?? readFile(name);
  host.getSourceFile = (name, version, ...others) => {
    const text = texts.get(name);
    return text === undefined
      ? getSourceFile(name, version, ...others)
      : ts.createSourceFile(name, text, version);
  };
  const program = ts.createProgram(names, options, host);
  const errors = names.flatMap((name) =>
    program
      .getSemanticDiagnostics(program.getSourceFile(name))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
  );
  expect(errors).toEqual([]);
}, 60_000);

it('the guide names every limit', () => {
  for (const name of Object.keys(DEFAULT_LIMITS)) expect(guide).toContain(`\`${name}\``);
});
