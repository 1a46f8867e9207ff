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
/**
 * Packages stay outside, but for the runtime of our generated code: nothing of it passes our face, and it comes in forty
 * files, which take longer to load than all of ours (ADR 6). Most of them are the multibases in which it would take bytes as
 * text, which nobody gives it.
 */
const WITHIN = /^protons-runtime$/;
/** Of public types: the objects are to be everybody's. */
const OUTSIDE = /^uint8arraylist$/;
const MULTIBASES = /^uint8arrays\/from-string$/;
const packages = {
  name: 'packages',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[^./]/ }, ({ path, importer }) => {
      if (MULTIBASES.test(path)) return { path, namespace: 'no-multibases' };
      const isWithin = WITHIN.test(path) || importer.includes('/node_modules/');
      return isWithin && !OUTSIDE.test(path) ? undefined : { path, external: true };
    });
    onLoad({ filter: /.*/, namespace: 'no-multibases' }, () => ({
      contents: 'export function fromString() { throw new TypeError("bytes, not text"); }',
    }));
  },
};

await build({
  absWorkingDir: root,
  entryPoints: doors.map((file) => file.replace('./dist/', './src/').replace(/\.js$/, '.ts')),
  outdir: 'dist',
  chunkNames: 'shared/[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'neutral',
  plugins: [packages],
  target: 'es2022',
  sourcemap: true,
  // `src` is part of the package.
  sourcesContent: false,
  logLevel: 'warning',
});
