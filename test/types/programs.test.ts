import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import * as door from '../../src/index.js';
import * as testing from '../../src/testing.js';
import { LATER_EXPORTS, LATER_MEMBERS, LATER_OPTIONS } from './later.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The errors of the programs against the built package, as the names that are missing. */
function missing(): { exports: string[]; members: string[]; options: string[]; others: string[] } {
  const program = ts.createProgram([`${root}test/types/programs.ts`], {
    target: ts.ScriptTarget.ES2022,
    lib: [
      'lib.es2023.d.ts',
      'lib.esnext.disposable.d.ts',
      'lib.dom.d.ts',
      'lib.dom.iterable.d.ts',
      'lib.dom.asynciterable.d.ts',
    ],
    module: ts.ModuleKind.NodeNext,
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
  });
  const found = {
    exports: [] as string[],
    members: [] as string[],
    options: [] as string[],
    others: [] as string[],
  };
  for (const { code, messageText } of ts.getPreEmitDiagnostics(program)) {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n');
    const name =
      /(?:exported member(?: named)?|Property) '(\w+)'|'(\w+)' does not exist in type|no exported member named '(\w+)'/.exec(
        text,
      );
    const what = name?.slice(1).find(Boolean) ?? '';
    if (code === 2305 || code === 2724) found.exports.push(what);
    else if (code === 2339) found.members.push(what);
    else if (code === 2353 || code === 2769 || code === 2561) found.options.push(what);
    // A parameter without a type is what a missing function leaves behind.
    else if (code !== 7006) found.others.push(text);
  }
  return found;
}

const unique = (names: readonly string[]): string[] => [...new Set(names)].sort();

it('the programs are those of the contract, and use what is built but for a list of names', () => {
  expect(readFileSync(`${root}test/types/programs.ts`, 'utf8')).toContain('What users write');
  const found = missing();
  expect(found.others).toEqual([]);
  expect(unique(found.exports)).toEqual(unique(LATER_EXPORTS));
  expect(unique(found.members)).toEqual(unique(LATER_MEMBERS));
  expect(unique(found.options).filter((name) => !LATER_OPTIONS.includes(name))).toEqual([]);
}, 60_000);

it('nothing that is listed for later exists', () => {
  const exported = [...Object.keys(door), ...Object.keys(testing)];
  expect(LATER_EXPORTS.filter((name) => exported.includes(name))).toEqual([]);
});
