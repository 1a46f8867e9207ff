// How long a program waits for its host: the import of the built package, and `createHost` after that, each in a process
// of its own, in turns with js-libp2p with the same parts (TCP, noise, yamux, identify, ping); medians of nine.
//   npm run bench:start [-- --only ours]
// Fails where `createHost` takes more than 10 ms, or the import more than half of js-libp2p's.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const RUNS = 9;
const MAX_CREATE_MS = 10;
const MAX_IMPORT_SHARE = 1 / 2;
const onlyOurs = process.argv.includes('--only');
const here = fileURLToPath(new URL('.', import.meta.url));
const js = fileURLToPath(new URL('../test/interop/js/', import.meta.url));
if (!onlyOurs && !existsSync(`${js}node_modules/libp2p`)) {
  console.error('installing js-libp2p …');
  if (spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: js, stdio: ['ignore', 2, 2] }).status !== 0)
    process.exit(1);
}

const programs = {
  ours: [
    [],
    `const { createHost, noise, tcp } = await import('${here}../dist/index.js');`,
    `const host = await createHost({
       listen: ['/ip4/127.0.0.1/tcp/0'], transports: [tcp()], security: [noise()],
     });`,
  ],
  js: [
    ['--require', `${js}polyfill.cjs`],
    `const { createLibp2p } = await import('${js}node_modules/libp2p/dist/src/index.js');
     const [{ noise }, { yamux }, { identify, identifyPush }, { ping }, { tcp }] = await Promise.all([
       '@chainsafe/libp2p-noise', '@chainsafe/libp2p-yamux', '@libp2p/identify', '@libp2p/ping', '@libp2p/tcp',
     ].map((name) => import('${js}node_modules/' + name + '/dist/src/index.js')));`,
    `const host = await createLibp2p({
       addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] }, transports: [tcp()],
       connectionEncrypters: [noise()], streamMuxers: [yamux()],
       services: { identify: identify(), push: identifyPush(), ping: ping() },
     });`,
  ],
};

function run([flags, load, create]) {
  const program = `
    const t0 = performance.now();
    ${load}
    const t1 = performance.now();
    ${create}
    const t2 = performance.now();
    console.log(JSON.stringify({ load: t1 - t0, create: t2 - t1 }));
    process.exit(0);`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...flags, '--input-type=module', '--eval', program],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const results = { ours: [], js: [] };
const names = onlyOurs ? ['ours'] : ['ours', 'js'];
for (let turn = 0; turn <= RUNS; turn += 1) {
  for (const name of names) {
    const result = run(programs[name]);
    // The first finds nothing in the system's caches.
    if (turn > 0) results[name].push(result);
  }
}
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const of = (name, key) => median(results[name].map((result) => result[key]));

console.log(
  `| ms, medians of ${String(RUNS)}, Node ${process.version} | import | create a host that listens |\n|---|---|---|`,
);
for (const name of names)
  console.log(
    `| ${name === 'ours' ? 'rx' : 'js'}-libp2p | ${of(name, 'load').toFixed(0)} | ${of(name, 'create').toFixed(1)} |`,
  );
const failures = [];
if (of('ours', 'create') > MAX_CREATE_MS)
  failures.push(`createHost takes more than ${String(MAX_CREATE_MS)} ms`);
if (!onlyOurs && of('ours', 'load') > MAX_IMPORT_SHARE * of('js', 'load'))
  failures.push("the import takes more than half of js-libp2p's");
for (const failure of failures) console.error(failure);
process.exitCode = failures.length === 0 ? 0 : 1;
