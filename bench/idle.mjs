// What an idle connection takes, ours and js-libp2p's in one run: JS heap and external memory after GC, by connection, in
// the process of one host that has dialed a thousand peers, and in that of one that a thousand have dialed. TCP on loopback,
// noise, yamux, identify done. The thousand live in a process of their own, which is not measured.
//   npm run bench:idle [-- --connections 1000] [-- --only ours] [-- --snapshot file.heapsnapshot]
// Behind those, ours alone: what an idle stream takes, at each of its ends.
// Fails where ours takes more than 8 KiB a connection, or 1 KiB a stream.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const option = (name, otherwise) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const CONNECTIONS = Number(option('--connections', 1_000));
/** Code is compiled, and tables are filled, by connections that come before those that are measured. */
const WARM_UP = 500;
const TARGET_BYTES = 8 * 1024;
const STREAMS = 1_000;
const STREAM_TARGET_BYTES = 1024;
const only = option('--only');
const snapshot = option('--snapshot');
const here = fileURLToPath(new URL('.', import.meta.url));
const js = fileURLToPath(new URL('../test/interop/js/', import.meta.url));
if (only !== 'ours' && !existsSync(`${js}node_modules/libp2p`)) {
  console.error('installing js-libp2p …');
  if (spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: js, stdio: ['ignore', 2, 2] }).status !== 0)
    process.exit(1);
}
const implementations = {
  ours: ['--expose-gc', `${here}idle-peer.mjs`, `${here}idle-ours.mjs`],
  js: ['--expose-gc', '--require', `${js}polyfill.cjs`, `${here}idle-peer.mjs`, `${js}idle-js.mjs`],
};

function start(implementation) {
  const child = spawn(process.execPath, implementations[implementation], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (command, options = {}) => {
    child.stdin.write(`${JSON.stringify({ command, ...options })}\n`);
    const { value: line } = await answers.next();
    const { value, error } = JSON.parse(line ?? '{"error":"the process has ended"}');
    if (error !== undefined) throw new Error(`${implementation}, ${command}: ${error}`);
    return value;
  };
  return { ask, end: () => child.stdin.end() };
}

const roles = {
  async dialing(one, crowd, count) {
    await one.ask('dialAll', { addrs: await crowd.ask('listen', { count }) });
  },
  async listening(one, crowd, count, addr) {
    await crowd.ask('dialFromMany', { count, addr });
  },
};

/** Bytes of one connection. */
async function measure(implementation, role) {
  const [one, crowd] = [start(implementation), start(implementation)];
  try {
    const [addr] = role === 'listening' ? await one.ask('listen', { count: 1 }) : [];
    await roles[role](one, crowd, WARM_UP, addr);
    const before = await one.ask('measure', { connections: WARM_UP });
    await roles[role](one, crowd, CONNECTIONS, addr);
    const file = implementation === 'ours' && snapshot ? `${snapshot}.${role}.heapsnapshot` : undefined;
    const after = await one.ask('measure', { connections: WARM_UP + CONNECTIONS, snapshot: file });
    const each = (name) => (after[name] - before[name]) / CONNECTIONS;
    return { heap: each('heap'), external: each('external') };
  } finally {
    one.end();
    crowd.end();
  }
}

/** Bytes of one stream that is open and idle, at both its ends: on ten connections, a hundred each behind fifty that come first. */
async function measureStreams(implementation) {
  const [one, crowd] = [start(implementation), start(implementation)];
  try {
    const addrs = await crowd.ask('listen', { count: 10 });
    await one.ask('dialAll', { addrs });
    await one.ask('openStreams', { addrs, count: 50 });
    const before = [await one.ask('used'), await crowd.ask('used')];
    await one.ask('openStreams', { addrs, count: STREAMS / addrs.length });
    const file = (end) =>
      implementation === 'ours' && snapshot ? `${snapshot}.stream-${end}.heapsnapshot` : undefined;
    const after = [
      await one.ask('used', { snapshot: file('opening') }),
      await crowd.ask('used', { snapshot: file('taking') }),
    ];
    return after.map((bytes, at) => ({
      heap: (bytes.heap - before[at].heap) / STREAMS,
      external: (bytes.external - before[at].external) / STREAMS,
    }));
  } finally {
    one.end();
    crowd.end();
  }
}

const kib = (bytes) => (bytes / 1024).toFixed(1);
console.log(
  `| KiB an idle connection, Node ${process.version} | heap | external | both |\n|---|---|---|---|`,
);
let worst = 0;
for (const [implementation, name] of [
  ['ours', 'rx-libp2p'],
  ['js', 'js-libp2p'],
]) {
  if (only !== undefined && only !== implementation) continue;
  for (const role of Object.keys(roles)) {
    const { heap, external } = await measure(implementation, role);
    console.log(`| ${name}, ${role} | ${kib(heap)} | ${kib(external)} | ${kib(heap + external)} |`);
    if (implementation === 'ours') worst = Math.max(worst, heap + external);
  }
}
let worstStream = 0;
if (only !== 'js') {
  const ends = await measureStreams('ours');
  for (const [at, end] of ['opening', 'taking'].entries()) {
    const { heap, external } = ends[at];
    console.log(
      `| rx-libp2p, a stream, ${end} | ${kib(heap)} | ${kib(external)} | ${kib(heap + external)} |`,
    );
    worstStream = Math.max(worstStream, heap + external);
  }
}
if (worstStream > STREAM_TARGET_BYTES) {
  console.error(`an idle stream takes ${kib(worstStream)} KiB; ${kib(STREAM_TARGET_BYTES)} are the target`);
  process.exitCode = 1;
}
if (worst > TARGET_BYTES) {
  console.error(`an idle connection takes ${kib(worst)} KiB; ${kib(TARGET_BYTES)} are the target`);
  process.exitCode = 1;
}
