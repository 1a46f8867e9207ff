// What a dial costs, and whether the ten thousandth costs what the first does: one host dials 10,000 peers, each once.
//   npm run bench:dial-cost [-- --peers 10000] [-- --keep]
// The peers are light: a listener of the memory transport and a real upgrade (noise, yamux), each with a key of its own,
// made before anything is measured. The time of a dial has both ends' handshakes in it, for they run in this process.
// A connection is ended when it is there, so that the heap shows what dialing leaves behind; with --keep it stays, and the
// heap shows what a connection takes (and its keep-alive shows in the times). Then as many peers are dialed where nobody
// listens. Fails where the median dial of the last thousand takes 20 % more, or less, than that of the first, or where
// something is left.
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { firstValueFrom } from 'rxjs';
import { createHost, generateKey, noise, parseMultiaddr, peerIdFrom, yamux } from '../src/index.ts';
import { upgradeInbound } from '../src/connection/upgrade.ts';
import { createMemoryNetwork, memory } from '../src/memory.ts';
import { monotonicScheduler as scheduler } from '../src/platform/monotonic-scheduler.ts';
import { platformRandom as random } from '../src/crypto/random.ts';

const option = (name, otherwise) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const PEERS = option('--peers', 10_000);
const STEP = 1_000;
const WARM_UP = 2_000;
const TOLERANCE = 0.2;
const keep = process.argv.includes('--keep');
assert(global.gc, 'run it with --expose-gc');

const network = createMemoryNetwork();
const transport = memory({ network }).create({ scheduler, random });
const muxer = yamux().create({ scheduler, random });
const NOBODY = { onStream: (stream) => stream.reset(new Error('no streams here')), onClose: () => undefined };

/** A peer that takes connections and nothing else. */
function lightPeer(number) {
  const privateKey = generateKey('Ed25519', { random });
  const security = noise().create({ scheduler, random, privateKey });
  const addr = `/memory/${String(number)}`;
  const deps = { security: [security], muxers: [muxer] };
  transport.listen(parseMultiaddr(addr)).subscribe((event) => {
    if (event.type !== 'inbound') return;
    upgradeInbound(event.connection, deps).subscribe({
      next: (upgraded) => upgraded.muxer.mux(upgraded.duplex, upgraded.role, NOBODY).start(),
      error: () => undefined,
    });
  });
  return `${addr}/p2p/${peerIdFrom(privateKey).toString()}`;
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
async function heapBytes() {
  await turn();
  global.gc();
  return process.memoryUsage().heapUsed;
}

/** Dials each target once; a row per thousand. */
async function measure(title, targets, dial) {
  console.log(`\n${title}\n${'dials'.padStart(8)}  median ms  mean ms  heap, bytes a dial`);
  const medians = [];
  const heap = [];
  let before = await heapBytes();
  for (let at = 0; at < targets.length; at += STEP) {
    const times = [];
    for (const target of targets.slice(at, at + STEP)) {
      const startedAt = performance.now();
      await dial(target);
      times.push(performance.now() - startedAt);
      // What a closed connection still has to say is not the next dial's.
      await turn();
    }
    const after = await heapBytes();
    medians.push(median(times));
    heap.push((after - before) / times.length);
    before = after;
    const mean = times.reduce((sum, ms) => sum + ms, 0) / times.length;
    console.log(
      `${String(at + times.length).padStart(8)}  ${medians.at(-1).toFixed(3).padStart(9)}  ${mean.toFixed(3).padStart(7)}  ${heap.at(-1).toFixed(0).padStart(18)}`,
    );
  }
  const drift = medians.at(-1) / medians[0] - 1;
  console.log(`the last thousand takes ${(drift * 100).toFixed(1)} % more than the first`);
  return { drift, heap };
}

const host = await createHost({ transports: [memory({ network })], listen: [] });
const idle = timers();
async function connect(target) {
  const connection = await firstValueFrom(host.dial(target));
  if (!keep) connection.abort(new Error('enough'));
}
async function fail(target) {
  await firstValueFrom(host.dial(target)).then(
    () => assert.fail('nobody listens there'),
    () => undefined,
  );
}

console.error(`making ${String(WARM_UP + PEERS)} peers …`);
const peers = Array.from({ length: WARM_UP + PEERS }, (_, n) => lightPeer(n + 1));
const nowhere = Array.from(
  { length: WARM_UP + PEERS },
  (_, n) =>
    `/memory/${String(10_000_000 + n)}/p2p/${peerIdFrom(generateKey('Ed25519', { random })).toString()}`,
);
for (const target of peers.slice(0, WARM_UP)) {
  await connect(target);
  await turn();
}
const connected = await measure(
  `dials that connect${keep ? '; connections stay' : ', and are ended'}`,
  peers.slice(WARM_UP),
  connect,
);
assert.deepEqual(host.dialing, { callers: 0, descriptors: 0, backedOff: 0 });
assert.equal(host.connections.length, keep ? WARM_UP + PEERS : 0);
if (!keep) assert.equal(timers(), idle, 'a timer is left');

for (const target of nowhere.slice(0, WARM_UP)) await fail(target);
const failed = await measure(
  'dials that fail, and are remembered by the back-off',
  nowhere.slice(WARM_UP),
  fail,
);
// The back-off's own bound.
assert.deepEqual(host.dialing, { callers: 0, descriptors: 0, backedOff: Math.min(10_000, WARM_UP + PEERS) });
host.clearDialBackoff();
assert.equal(host.dialing.backedOff, 0);
await host.stop();

for (const { drift } of keep ? [failed] : [connected, failed])
  assert(Math.abs(drift) <= TOLERANCE, `the cost of a dial is not flat: ${(drift * 100).toFixed(1)} %`);
