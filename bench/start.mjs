// How long a program waits for its host: the import of the built package, and `createHost` after that, each in a process
// of its own, in turns with js-libp2p with the same parts (TCP, noise, yamux, identify, ping); medians.
//   npm run bench:start [-- --only ours]
// Fails where `createHost` takes more than 10 ms, or the import more than half of js-libp2p's.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { argument, isCommand } from './arguments.mjs';
import { progress, progressEnds, resultOf } from './measure.mjs';
import { available, nodeFlags } from './peers.mjs';
import { asMarkdown, ratio } from './report.mjs';

const RUNS = 9;
const MAX_CREATE_MS = 10;
const MIN_IMPORT_RATIO = 2;
const here = fileURLToPath(new URL('.', import.meta.url));
const js = fileURLToPath(new URL('../test/interop/js/', import.meta.url));

/** What is imported, and how a host is made of it. */
const programs = {
  ours: [
    `const { createHost, noise, tcp } = await import('${here}../dist/index.js');`,
    `const host = await createHost({
       listen: ['/ip4/127.0.0.1/tcp/0'], transports: [tcp()], security: [noise()],
     });`,
  ],
  js: [
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
const ROWS = [
  { id: 'import', name: 'import, ms', lessIsBetter: true },
  { id: 'create', name: 'create a host that listens, ms', lessIsBetter: true },
];

function run(name) {
  const [load, create] = programs[name];
  const program = `
    const t0 = performance.now();
    ${load}
    const t1 = performance.now();
    ${create}
    const t2 = performance.now();
    console.log(JSON.stringify({ import: t1 - t0, create: t2 - t1 }));
    process.exit(0);`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...nodeFlags[name], '--input-type=module', '--eval', program],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

export const START = {
  ids: ROWS.map(({ id }) => id),
  /** Both rows, of those among `names` that are written in JavaScript. */
  run(names, runs) {
    const found = {};
    // The first finds nothing in the system's caches, and does not count.
    for (let turn = 0; turn <= runs; turn += 1) {
      for (const name of names.filter((one) => one in programs)) {
        progress(`import and create: ${name}`, turn + 1);
        const times = run(name);
        if (turn > 0) (found[name] ??= []).push(times);
      }
    }
    const valuesOf = (id) =>
      Object.fromEntries(Object.entries(found).map(([name, list]) => [name, list.map((times) => times[id])]));
    return ROWS.map((row) => resultOf(row, valuesOf(row.id)));
  },
};

function command() {
  const results = START.run(available(argument('--only', 'ours,js').split(',')), RUNS);
  progressEnds();
  console.log(asMarkdown(results));
  const [load, create] = results;
  const failures = [];
  if (create.medians.ours > MAX_CREATE_MS)
    failures.push(`createHost takes more than ${String(MAX_CREATE_MS)} ms`);
  if (ratio(load, 'js') < MIN_IMPORT_RATIO) failures.push("the import takes more than half of js-libp2p's");
  for (const failure of failures) console.error(failure);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
if (isCommand(import.meta.url)) command();
