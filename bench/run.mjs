// Ours against js-libp2p, in one run: two processes each, on loopback, TCP + noise + yamux, in turns, the median of three.
//   npm run bench [-- --json] [-- --quick] [-- --no-services]   the last: ours without identify and ping, as js-libp2p is here
//   npm run bench:quic …                                        the same over QUIC, through the same native addon
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const quick = process.argv.includes('--quick');
const isQuic = process.argv.includes('--quic');
const asJson = process.argv.includes('--json');
const here = fileURLToPath(new URL('.', import.meta.url));
const js = fileURLToPath(new URL('../test/interop/js/', import.meta.url));
if (!existsSync(`${js}node_modules/libp2p`)) {
  console.error('installing js-libp2p …');
  if (spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: js, stdio: ['ignore', 2, 2] }).status !== 0)
    process.exit(1);
}

function start(implementation) {
  const args =
    implementation === 'js'
      ? ['--require', `${js}polyfill.cjs`, `${js}bench-peer.mjs`, ...process.argv.slice(2)]
      : [`${here}peer-ours.mjs`, ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await answers.next()).value);
  return { child, next, ask: (message) => (child.stdin.write(`${JSON.stringify(message)}\n`), next()) };
}
const peers = {};
for (const implementation of ['ours', 'js']) {
  const [server, client] = [start(implementation), start(implementation)];
  peers[implementation] = { server, client, addr: (await server.next()).addr };
  await client.next();
}

const MIB = 1048576;
const measures = [
  ['connect, ms (median)', 'connect', { count: quick ? 10 : 60 }, true],
  ['streams/s, one at a time', 'streams', { count: quick ? 300 : 2000, atOnce: 1 }],
  ['streams/s, 100 in flight', 'streams', { count: quick ? 1000 : 8000, atOnce: 100 }],
  ['upload, MiB/s', 'upload', { bytes: (quick ? 32 : 256) * MIB }],
  ['download, MiB/s', 'download', { bytes: (quick ? 32 : 256) * MIB }],
];
const rows = [];
for (const [name, scenario, options, lessIsBetter] of measures) {
  const values = { ours: [], js: [] };
  for (let turn = 0; turn < (quick ? 1 : 3); turn += 1) {
    // Over QUIC js-libp2p loses the end of a stream that ends before its handler has begun, and waits for ever.
    for (const implementation of isQuic && scenario === 'streams' ? ['ours'] : ['ours', 'js']) {
      process.stderr.write(`\r${name}: ${implementation}, ${String(turn + 1)}        `);
      const { client, addr } = peers[implementation];
      const { value, error } = await client.ask({ scenario, addr, options });
      if (error !== undefined) throw new Error(`${implementation}: ${error}`);
      values[implementation].push(value);
    }
  }
  const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
  const [ours, theirs] = [median(values.ours), median(values.js)];
  rows.push({ name, ours, js: theirs, ratio: lessIsBetter ? theirs / ours : ours / theirs });
}
process.stderr.write('\r'.padEnd(60) + '\r');
for (const { server, client } of Object.values(peers)) for (const { child } of [server, client]) child.kill();

const round = (value) =>
  value === undefined ? '–' : value < 100 ? value.toFixed(2) : Math.round(value).toLocaleString('en');
if (asJson) console.log(JSON.stringify({ node: process.version, rows }, null, 2));
else {
  console.log(`| Node ${process.version} | rx-libp2p | js-libp2p | times better |\n|---|---|---|---|`);
  for (const { name, ours, js: theirs, ratio } of rows)
    console.log(
      `| ${name} | ${round(ours)} | ${round(theirs)} | ${Number.isNaN(ratio) ? '–' : ratio.toFixed(1)} |`,
    );
}
