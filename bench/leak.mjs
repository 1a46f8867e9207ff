// Whether anything is left behind: two hosts on TCP, 10,000 connections that are opened, identified and closed, then
// 100,000 streams on one connection (reliability promise P15).
//   npm run bench:leak [-- --quick] [-- --connections 10000] [-- --streams 100000]
// What a host holds on to is counted when all is at rest, and compared with what it held after a few cycles; the heap is
// read after forced collections, and its slope is the median of the slopes between any two readings. Exits with 1 where
// anything is left, or the heap grows by more than 1 KiB in a thousand cycles. Run it without optimizing compilers and
// without forgetting bytecode, as the npm script does: what is made of functions is on the heap too, late and in lumps.
import assert from 'node:assert/strict';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { firstValueFrom } from 'rxjs';
import { createHost, ofType } from '../dist/index.js';

const option = (name, otherwise) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const quick = process.argv.includes('--quick');
const CONNECTIONS = option('--connections', quick ? 1_000 : 10_000);
const STREAMS = option('--streams', quick ? 15_000 : 100_000);
/** Readings of the heap over the cycles of one kind. */
const READINGS = 20;
/** Cycles before the first, as a part of all: what is made once is no leak. */
const WARM_UP = 0.3;
/** Bytes a thousand cycles. */
const MAX_SLOPE = 1024;
/** Bytes, in all: in a short run, what a collection leaves behind or does not would pass for a slope. */
const HEAP_NOISE = quick ? { connections: 16 * 1024, streams: 48 * 1024 } : { connections: 0, streams: 0 };
/** What closes a socket, or ends a timer, may take a moment. */
const REST_MS = 15_000;
const AT_ONCE = 16;
const ECHO = '/leak/echo/1';
assert(global.gc, 'run it with --expose-gc');

const progress = (text) => {
  if (process.stderr.isTTY) process.stderr.write(`\r${text}`.padEnd(70));
};
async function until(holds, what) {
  const end = performance.now() + REST_MS;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited for ${what} in vain`);
    await turn();
  }
}

// ── two hosts ────────────────────────────────────────────────────────────────────────────────────────────────────────
const identified = new Map();
let unhandled = 0;
async function make() {
  const host = await createHost({ listen: ['/ip4/127.0.0.1/tcp/0'], connectionManager: false });
  identified.set(host, 0);
  host.event$.pipe(ofType('peer:identify')).subscribe(() => identified.set(host, identified.get(host) + 1));
  host.event$.pipe(ofType('unhandled')).subscribe(({ message }) => {
    unhandled += 1;
    console.error(message);
  });
  host.handle(ECHO).subscribe((stream) => stream.pipeTo(stream).subscribe({ error: () => undefined }));
  return host;
}
const [a, b] = [await make(), await make()];
const both = [a, b];

/** Opened by each in turn; closed with a farewell, or at once, by either end. */
async function connectOnce(number) {
  const [from, to] = number % 2 === 0 ? [a, b] : [b, a];
  const before = both.map((host) => identified.get(host));
  const connection = await firstValueFrom(from.dial(to.addrs));
  await until(() => both.every((host, at) => identified.get(host) > before[at]), 'identify');
  const closing = number % 4 < 2 ? connection : to.connections[0];
  if (number % 3 === 0) closing.abort(new Error('enough'));
  else await closing.close();
  await until(() => both.every((host) => host.connections.length === 0), 'the end of a connection');
}

const payload = new Uint8Array(100).fill(7);
/**
 * Lazily or not; ended by both, and a few are reset by the one that opened them, or given up before their protocol is
 * agreed on: a connection puts up with 200 such a second.
 */
async function streamOnce(number) {
  const options = { lazy: number % 2 === 0 };
  const isReset = number % 100 === 44;
  if (number % 100 === 99) {
    a.newStream(b.peerId, ECHO, { lazy: false })
      .subscribe({ error: () => undefined })
      .unsubscribe();
    return;
  }
  const stream = await firstValueFrom(a.newStream(b.peerId, ECHO, options));
  await new Promise((resolve, reject) => {
    let bytes = 0;
    stream.subscribe({
      next: (chunk) => {
        bytes += chunk.byteLength;
        if (!isReset || bytes < payload.byteLength) return;
        stream.error(new Error('enough'));
        resolve();
      },
      error: isReset ? resolve : reject,
      complete: resolve,
    });
    stream.next(payload);
    if (!isReset) stream.complete();
  });
}

// ── what they hold on to ─────────────────────────────────────────────────────────────────────────────────────────────
/** By name. */
function held() {
  const rows = {};
  const resources = process.getActiveResourcesInfo();
  rows.timers = resources.filter((name) => name === 'Timeout').length;
  rows.handles = resources.filter((name) => !/Timeout|Immediate/.test(name)).length;
  for (const [at, host] of both.entries()) {
    const who = at === 0 ? 'dialer' : 'listener';
    const { system, transient, peers, protocols, services, networks } = host.resources.stat();
    const { inboundConnections, outboundConnections, inboundStreams, outboundStreams } = system;
    Object.assign(rows, {
      [`${who}: connections`]: host.connections.length,
      [`${who}: peers`]: host.peers.length,
      [`${who}: streams`]: host.connections.reduce((sum, { streams }) => sum + streams.length, 0),
      [`${who}: dials, descriptors`]: host.dialing.callers + host.dialing.descriptors,
      [`${who}: peers remembered`]: host.peerStore.peers.length,
      [`${who}: scope system, memory`]: system.memoryBytes,
      [`${who}: scope system, connections`]: inboundConnections + outboundConnections,
      [`${who}: scope system, streams`]: inboundStreams + outboundStreams,
      [`${who}: scope system, descriptors`]: system.descriptors,
      [`${who}: scope transient`]: Object.values(transient).reduce((sum, value) => sum + value, 0),
      [`${who}: scopes of peers, protocols`]: [peers, protocols, services].flatMap(Object.keys).length,
      [`${who}: networks counted`]: networks,
    });
  }
  return rows;
}
/** What is held when nothing changes any more: as `wanted`, or whatever it is after a while. */
async function atRest(wanted) {
  const same = () => JSON.stringify(held()) === JSON.stringify(wanted);
  if (wanted === undefined) await sleep(1_500);
  else await until(same, 'rest').catch(() => undefined);
  return held();
}

async function heapBytes() {
  for (let again = 0; again < 3; again += 1) {
    await turn();
    global.gc();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
const median = (list) => [...list].sort((x, y) => x - y)[Math.floor(list.length / 2)] ?? 0;
/** Bytes a thousand cycles, of readings that are `cycles` apart: one that is off moves nothing. @source Theil and Sen */
function slopeOf(readings, cycles) {
  const slopes = readings.flatMap((y, at) =>
    readings.slice(at + 1).map((v, further) => (v - y) / (cycles * (further + 1))),
  );
  return median(slopes) * 1_000;
}

// ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────────
let bad = 0;
function row(what, before, after, good) {
  if (!good) bad += 1;
  console.log(
    `${what.padEnd(40)}${String(before).padStart(12)}${String(after).padStart(12)}  ${good ? 'ok' : 'LEFT'}`,
  );
}

/** Runs `cycles` of them, `atOnce` at a time, and prints what is left. */
async function measure(title, cycles, atOnce, once) {
  let number = 0;
  const run = async (count) => {
    const end = number + count;
    while (number < end) {
      const batch = Array.from({ length: Math.min(atOnce, end - number) }, (_, at) => once(number + at));
      number += batch.length;
      await Promise.all(batch);
    }
  };
  progress(`${title}: warming up`);
  await run(Math.ceil(cycles * WARM_UP));
  const before = await atRest();
  const startedAt = performance.now();
  // Its room is taken now: readings are no growth.
  const heap = new Float64Array(READINGS + 1);
  const each = Math.round(cycles / READINGS);
  heap[0] = await heapBytes();
  for (let reading = 1; reading <= READINGS; reading += 1) {
    progress(`${title}: ${String(each * reading)} of ${String(cycles)}`);
    await run(each);
    heap[reading] = await heapBytes();
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const after = await atRest(before);
  progress('');
  console.log(`\n${title}: ${String(cycles)} cycles in ${seconds.toFixed(1)} s`);
  console.log(`${'held'.padEnd(40)}${'before'.padStart(12)}${'after'.padStart(12)}`);
  for (const [what, value] of Object.entries(after)) row(what, before[what], value, value === before[what]);
  const slope = slopeOf([...heap], each);
  const allowed = Math.max(MAX_SLOPE, (HEAP_NOISE[title] * 1_000) / cycles);
  console.log(
    `${'heap and external, bytes'.padEnd(40)}${String(heap[0]).padStart(12)}${String(heap.at(-1)).padStart(12)}`,
  );
  row('  growth a thousand cycles, and allowed', slope.toFixed(0), allowed.toFixed(0), slope <= allowed);
  if (process.argv.includes('--readings')) console.log([...heap].join(' '));
}

await measure('connections', CONNECTIONS, 1, connectOnce);
await firstValueFrom(a.dial(b.addrs));
await measure('streams', STREAMS, AT_ONCE, streamOnce);
await Promise.all(both.map((host) => host.stop()));
console.log('\nafter stop()');
await until(() => process.getActiveResourcesInfo().every((name) => !/TCP/.test(name)), 'sockets').catch(
  () => undefined,
);
const left = process.getActiveResourcesInfo().filter((name) => /TCP|Timeout/.test(name));
row('sockets and timers', 0, left.length, left.length === 0);
row('errors that nobody handled', 0, unhandled, unhandled === 0);
console.log(bad === 0 ? '\nnothing is left' : `\n${String(bad)} of these are left`);
process.exitCode = bad === 0 ? 0 : 1;
