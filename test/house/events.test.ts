import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { HostEvent } from '../../src/index.js';

/** The contract's, in its order. */
const TYPES = [
  'dial:start',
  'dial:resolve',
  'dial:plan',
  'dial:refuse',
  'dial:attempt',
  'dial:progress',
  'dial:fail',
  'dial:cancel',
  'dial:connect',
  'dial:end',
  'listen:open',
  'listen:close',
  'listen:error',
  'addrs:change',
  'connection:open',
  'connection:close',
  'connection:refuse',
  'peer:connect',
  'peer:disconnect',
  'peer:identify',
  'peer:protocols',
  'stream:open',
  'stream:close',
  'handler:error',
  'protocols:change',
  'blackhole:change',
  'limit:refuse',
  'connection:prune',
  'reachability:change',
  'relay:reserve',
  'relay:expire',
  'relay:open',
  'relay:close',
  'unhandled',
  'warning',
] as const satisfies readonly HostEvent['type'][];

/** The types that the union has, as the compiler sees them. */
function declared(): string[] {
  const path = fileURLToPath(new URL('../../src/core/events.ts', import.meta.url));
  const program = ts.createProgram([path], { strict: true, module: ts.ModuleKind.NodeNext, noEmit: true });
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(path)!;
  const alias = file.statements.find(
    (statement): statement is ts.TypeAliasDeclaration =>
      ts.isTypeAliasDeclaration(statement) && statement.name.text === 'HostEvent',
  )!;
  const type = checker.getTypeAtLocation(alias).getProperty('type')!;
  const union = checker.getTypeOfSymbolAtLocation(type, alias);
  return (union as ts.UnionType).types.map((member) => (member as ts.StringLiteralType).value);
}

it('[EVT] the union of events has the types of the contract, and no other', () => {
  expect(declared().sort()).toEqual([...TYPES].sort());
}, 60_000);
