/** The code of a guide, and whether it compiles against the sources. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));

export function readGuide(name: string): string {
  return readFileSync(`${root}docs/guide/${name}.md`, 'utf8');
}

export function examplesIn(guide: string): readonly string[] {
  return [...guide.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text = '']) => text);
}

/** What the compiler says of modules that stand in docs/guide. */
export function problemsIn(examples: readonly string[]): readonly string[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.asynciterable.d.ts'],
    module: ts.ModuleKind.NodeNext,
    customConditions: ['rx-libp2p-source'],
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options);
  const texts = new Map(examples.map((text, at) => [`${root}docs/guide/example-${String(at)}.ts`, text]));
  const { fileExists, readFile } = host;
  host.fileExists = (name) => texts.has(name) || fileExists(name);
  host.readFile = (name) => texts.get(name) ?? readFile(name);
  const program = ts.createProgram([...texts.keys()], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ file, messageText }) =>
        `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
}
