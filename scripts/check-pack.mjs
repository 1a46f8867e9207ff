/**
 * The package as its users get it: packed, installed into an empty folder, and the README's example run from there as an ES
 * module, from CommonJS, and as TypeScript under both resolutions. Says how many packages that are, and how many MB.
 *
 *   npm run build && node scripts/check-pack.mjs
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Above these somebody should ask why. */
const MOST_PACKAGES = 35;
const MOST_MB = 16;
const PATIENCE_MS = 20_000;

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'packed-'));
const run = (command, ...args) =>
  execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** What it prints until it has said hello: its hosts would go on. */
function saysHello(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: folder });
    let said = '';
    const hear = (chunk) => {
      said += chunk;
      if (/^hello$/m.test(said)) child.kill('SIGKILL');
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    child.on('close', () => {
      clearTimeout(timer);
      if (said === 'hello\n') resolve();
      else reject(new Error(`it does not just say hello, but:\n${said}`));
    });
  });
}

const [, example] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
if (example === undefined) throw new Error('the README has no example');
const imports = /^import (\{[^}]*\}) from ('[^']*');$/gm;
const body = example.replace(imports, '');
const requires = [...example.matchAll(imports)].map(
  ([, names, from]) => `const ${names} = require(${from});`,
);

/** Without the types of Node: the example has to do with what the package brings along. */
const typesOf = (module, moduleResolution) => () => {
  const compilerOptions = {
    ...{ module, moduleResolution, strict: true, noEmit: true, target: 'es2022', types: [] },
    lib: ['es2023', 'esnext.disposable', 'dom', 'dom.iterable', 'dom.asynciterable'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['example.mts'] }));
  run(process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '-p', folder);
};

const CHECKS = {
  'ES module': () => saysHello('example.mjs'),
  CommonJS: () => saysHello('example.cjs'),
  'TypeScript, nodenext': typesOf('nodenext', 'nodenext'),
  'TypeScript, bundler': typesOf('preserve', 'bundler'),
};

let failed = 0;
try {
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: root,
      encoding: 'utf8',
    }),
  );
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  run(
    'npm',
    'install',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    '--ignore-scripts',
    join(folder, packed.filename),
  );
  writeFileSync(join(folder, 'example.mjs'), example);
  writeFileSync(join(folder, 'example.mts'), example);
  writeFileSync(join(folder, 'example.cjs'), `${requires.join('\n')}\n(async () => {${body}})();\n`);
  for (const [name, check] of Object.entries(CHECKS)) {
    try {
      await check();
      console.log(`${name}: ok`);
    } catch (error) {
      failed += 1;
      console.error(`${name}: ${error.message}\n${error.stdout ?? ''}`);
    }
  }
  const { packages } = JSON.parse(readFileSync(join(folder, 'node_modules/.package-lock.json'), 'utf8'));
  const count = Object.keys(packages).length;
  const mb = sizeOf(join(folder, 'node_modules')) / 1e6;
  console.log(
    `${packed.filename}: ${(packed.size / 1e6).toFixed(1)} MB packed; installed, with rxjs: ${count} packages, ${mb.toFixed(1)} MB`,
  );
  for (const [name, bytes] of largest(packages))
    console.log(`  ${(bytes / 1e6).toFixed(2).padStart(6)} MB  ${name}`);
  if (count > MOST_PACKAGES || mb > MOST_MB) {
    failed += 1;
    console.error(`at most ${MOST_PACKAGES} packages and ${MOST_MB} MB are wanted`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;

function sizeOf(path) {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce(
      (sum, { parentPath, path: older, name }) => sum + statSync(join(parentPath ?? older, name)).size,
      0,
    );
}

function largest(packages) {
  return Object.keys(packages)
    .map((name) => [name.replace('node_modules/', ''), sizeOf(join(folder, name))])
    .sort(([, a], [, b]) => b - a)
    .slice(0, 8);
}
