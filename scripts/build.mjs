// Builds `dist`: declarations by tsc, and for every door that package.json names one file of JavaScript, with what doors
// share in a few more beside it, since a program waits a third of a millisecond for each file that it imports. Packages
// stay outside.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

rmSync(`${root}dist`, { recursive: true, force: true });
const types = spawnSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}tsconfig.json`, '--emitDeclarationOnly'],
  { stdio: 'inherit' },
);
if (types.status !== 0) process.exit(1);

const doors = Object.values(exports)
  .flatMap((door) => [door.default, door.browser?.default])
  .filter((file) => file !== undefined);
await build({
  entryPoints: doors.map((file) => file.replace('./dist/', `${root}src/`).replace(/\.js$/, '.ts')),
  outdir: `${root}dist`,
  chunkNames: 'shared/[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'neutral',
  packages: 'external',
  target: 'es2022',
  sourcemap: true,
  // `src` is part of the package.
  sourcesContent: false,
  logLevel: 'warning',
});
