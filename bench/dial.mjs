// One good address behind dead ones: our dialer against js-libp2p's, in one run, on loopback, TCP + noise + yamux.
//   npm run bench:dial [-- --json] [-- --quick]
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { median } from './measure.mjs';
import { available } from './peers.mjs';

const quick = process.argv.includes('--quick');
const asJson = process.argv.includes('--json');
const here = fileURLToPath(new URL('.', import.meta.url));
const js = fileURLToPath(new URL('../test/interop/js/', import.meta.url));

const ROUNDS = quick ? 1 : 3;
const WARM_UP_DIALS = quick ? 5 : 20;
const DEAD = quick ? [0, 1, 2] : [0, 1, 2, 7, 9];
const KINDS = ['silent', 'blocked'];
/** Ms for `happyEyeballs({ privateMs: 250 })`, by dead addresses. */
const TARGETS = { 1: 300, 2: 600, 7: 1800 };
/** js-libp2p gives up after 10 s, we after 60: whoever takes longer than this is stuck. */
const DIAL_BOUND_MS = 30_000;
const RUN_BOUND_MS = 300_000;

available(['js']);

const children = [];
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));
setTimeout(() => {
  console.error(`\nstill not done after ${RUN_BOUND_MS / 1000} s`);
  process.exit(1);
}, RUN_BOUND_MS).unref();

/** A process that says something in its first line, or a dialer, which answers under the id that it was asked with. */
function start(args) {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  child.once('exit', (status) => {
    console.error(`\n${args.at(-1)} ended with ${String(status)}`);
    process.exit(1);
  });
  return { child, lines: createInterface({ input: child.stdout }) };
}
const firstLine = ({ lines }) =>
  new Promise((resolve) => lines.once('line', (line) => resolve(JSON.parse(line))));

function dialer(args) {
  const { child, lines } = start(args);
  const waiting = new Map();
  let nextId = 1;
  lines.on('line', (line) => {
    const answer = JSON.parse(line);
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  return (task) =>
    new Promise((resolve, reject) => {
      const id = nextId;
      nextId += 1;
      const late = setTimeout(
        () => reject(new Error(`no end of a dial to ${task.addrs.join(' ')}`)),
        DIAL_BOUND_MS,
      );
      waiting.set(id, (answer) => {
        clearTimeout(late);
        resolve(answer);
      });
      child.stdin.write(`${JSON.stringify({ id, ...task })}\n`);
    });
}

// ── the cast ─────────────────────────────────────────────────────────────────────────────────────────────────────────
const { addr: good } = await firstLine(start([`${here}peer-ours.mjs`]));
const [, goodPort, peer] = /^\/ip4\/127\.0\.0\.1\/tcp\/(\d+)\/p2p\/(.+)$/.exec(good);
const most = String(Math.max(...DEAD));
const ports = {};
for (const kind of KINDS)
  ports[kind] = (await firstLine(start([`${here}dead-peer.mjs`, kind, most, goodPort]))).ports;
const addrsOf = (kind, dead) => [
  ...ports[kind].slice(0, dead).map((port) => `/ip4/127.0.0.1/tcp/${port}/p2p/${peer}`),
  good,
];
const ours = dialer([`${here}dial-peer-ours.mjs`]);
const theirs = dialer(['--require', `${js}polyfill.cjs`, `${js}dial-peer.mjs`]);
const contenders = {
  '250 ms': (addrs) => ours({ addrs, strategy: '250 ms' }),
  default: (addrs) => ours({ addrs, strategy: 'default' }),
  js: (addrs) => theirs({ addrs }),
};

// ── the measurement ──────────────────────────────────────────────────────────────────────────────────────────────────
const rows = DEAD.flatMap((dead) =>
  (dead === 0 ? ['silent'] : KINDS).map((kind) => ({
    dead,
    kind: dead === 0 ? 'none' : kind,
    addrs: addrsOf(kind, dead),
    results: { '250 ms': [], default: [], js: [] },
  })),
);
const name = ({ dead, kind }) => (dead === 0 ? 'none' : `${dead} ${kind}`);
const progress = (text) => process.stderr.write(`\r${text}`.padEnd(60));

async function measure(row, contender) {
  const result = await contenders[contender](row.addrs);
  const { connected } = result;
  if (connected !== undefined && (connected.peer !== peer || !good.startsWith(connected.addr)))
    throw new Error(`${contender}: ${connected.addr}, ${connected.peer} is not who was dialed: ${good}`);
  row.results[contender].push(result);
}

for (const contender of Object.keys(contenders))
  for (let i = 0; i < WARM_UP_DIALS; i += 1) {
    progress(`warming up: ${contender}, ${i + 1}`);
    await contenders[contender]([good]);
  }
for (let round = 1; round <= ROUNDS; round += 1) {
  for (const row of rows)
    for (const contender of row.dead === 0 ? ['250 ms', 'default', 'js'] : ['250 ms', 'default']) {
      progress(`round ${round} of ${ROUNDS}: ${name(row)}, ${contender}`);
      await measure(row, contender);
    }
  // It waits 6 s for each: all rows at once, each with a host of its own.
  progress(`round ${round} of ${ROUNDS}: js-libp2p, dead addresses`);
  await Promise.all(rows.filter(({ dead }) => dead > 0).map((row) => measure(row, 'js')));
}
progress('');
process.stderr.write('\r');

// ── what came out ────────────────────────────────────────────────────────────────────────────────────────────────────
function summaryOf(results) {
  const errors = results.flatMap(({ error = [] }) => error);
  return {
    ms: median(results.map(({ ms }) => ms)),
    dials: median(results.map(({ dials }) => dials)),
    failed: errors.length,
    error: errors[0],
    everyMs: results.map(({ ms }) => ms),
  };
}
const table = rows.map((row) => {
  const [wide, byDefault, theirs] = ['250 ms', 'default', 'js'].map((contender) =>
    summaryOf(row.results[contender]),
  );
  const target = TARGETS[row.dead];
  const met = target === undefined ? undefined : wide.failed === 0 && wide.ms <= target;
  return { dead: row.dead, kind: row.kind, target, met, '250 ms': wide, default: byDefault, js: theirs };
});
const reordered = rows.filter(({ addrs, results }) =>
  results.js.some(({ order }) => order.join() !== addrs.join()),
);
const sorting =
  reordered.length === 0
    ? 'js-libp2p dialed in the order that it was given: the dead ones first, one after the other.'
    : `js-libp2p's sorter changed the order of: ${reordered.map(name).join(', ')}.`;

const time = (ms) =>
  ms < 100 ? `${ms.toFixed(1)} ms` : ms < 2000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
const cell = ({ ms, dials, failed }) =>
  `${failed === 0 ? '' : 'fails after '}${time(ms)}, ${dials} ${dials === 1 ? 'dial' : 'dials'}`;
const targets = table
  .filter(({ target }) => target !== undefined)
  .map(({ dead, kind, target, met }) => `${dead} ${kind} <= ${target} ms ${met ? 'met' : 'MISSED'}`);
if (asJson)
  console.log(JSON.stringify({ node: process.version, rounds: ROUNDS, sorting, rows: table }, null, 2));
else {
  console.log(
    `| dead ones in front, Node ${process.version} | rx-libp2p, 250 ms apart | rx-libp2p, default (30 ms) | js-libp2p |`,
  );
  console.log('|---|---|---|---|');
  for (const row of table)
    console.log(`| ${name(row)} | ${cell(row['250 ms'])} | ${cell(row.default)} | ${cell(row.js)} |`);
  console.log(`\nThe median of ${ROUNDS}. Targets for 250 ms apart: ${targets.join(', ')}.\n${sorting}`);
  const { error } = table.find(({ js: { failed } }) => failed > 0)?.js ?? {};
  if (error !== undefined) console.log(`Where it fails, it says: ${error}`);
}
process.exit(0);
