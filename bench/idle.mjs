// What an idle connection takes, and an idle stream, ours and js-libp2p's in one run: JS heap and external memory after GC,
// in the process of one host that has dialed a thousand peers, and in that of one that a thousand have dialed. TCP on
// loopback, noise, yamux, identify done. The thousand live in a process of their own, which is not measured.
//   npm run bench:idle [-- --connections 1000] [-- --only ours] [-- --snapshot file.heapsnapshot]
// Fails where ours takes more than 8 KiB a connection, or 1 KiB a stream.
import { fileURLToPath } from 'node:url';
import { argument, isCommand } from './arguments.mjs';
import { progress, progressEnds, resultOf } from './measure.mjs';
import { available, nodeFlags, Peer } from './peers.mjs';
import { NAMES, table } from './report.mjs';

const CONNECTIONS = Number(argument('--connections', 1_000));
/** Code is compiled, and tables are filled, by connections that come before those that are measured. */
const WARM_UP = 500;
/** Streams, on so many connections; and how many on each come first. */
const STREAMS = 1_000;
const CARRIERS = 10;
const STREAMS_BEFORE = 50;
const TARGET_KIB = { connection: 8, stream: 1 };
const KIB = 1024;
const snapshot = argument('--snapshot');
const script = (path) => fileURLToPath(new URL(path, import.meta.url));
const hosts = { ours: script('idle-ours.mjs'), js: script('../test/interop/js/idle-js.mjs') };

/** One host that is measured, and a crowd; `work` tells them what to do. */
async function withHosts(name, work) {
  const peers = [0, 1].map(
    () => new Peer(process.execPath, [...nodeFlags[name], script('idle-peer.mjs'), hosts[name]]),
  );
  const asks = peers.map((peer) => async (command, options = {}) => {
    const { value, error } = await peer.ask({ command, ...options });
    if (error !== undefined) throw new Error(`${name}, ${command}: ${error}`);
    return value;
  });
  try {
    return await work(...asks);
  } finally {
    for (const peer of peers) peer.stop();
  }
}

const fileOf = (name, end) =>
  name === 'ours' && snapshot !== undefined ? `${snapshot}.${end}.heapsnapshot` : undefined;
/** KiB of each of so many. */
const each = (after, before, count) => {
  const heap = (after.heap - before.heap) / count / KIB;
  const external = (after.external - before.external) / count / KIB;
  return { heap, external, both: heap + external };
};

/** One connection of a host into which, or out of which, all of them go. */
const connection = (role) => (name) =>
  withHosts(name, async (one, crowd) => {
    const [addr] = role === 'listening' ? await one('listen', { count: 1 }) : [];
    const connect = async (count) => {
      if (role === 'listening') return crowd('dialFromMany', { count, addr });
      return one('dialAll', { addrs: await crowd('listen', { count }) });
    };
    await connect(WARM_UP);
    const before = await one('measure', { connections: WARM_UP });
    await connect(CONNECTIONS);
    const options = { connections: WARM_UP + CONNECTIONS, snapshot: fileOf(name, role) };
    return each(await one('measure', options), before, CONNECTIONS);
  });

/** One stream that is open and idle, its reader included, at the end that has more of it. */
const stream = (name) =>
  withHosts(name, async (one, crowd) => {
    const addrs = await crowd('listen', { count: CARRIERS });
    await one('dialAll', { addrs });
    await one('openStreams', { addrs, count: STREAMS_BEFORE });
    const ends = { opening: one, taking: crowd };
    const used = async (options = () => ({})) => {
      const found = [];
      for (const [end, ask] of Object.entries(ends)) found.push(await ask('used', options(end)));
      return found;
    };
    const before = await used();
    await one('openStreams', { addrs, count: STREAMS / CARRIERS });
    const after = await used((end) => ({ snapshot: fileOf(name, `stream-${end}`) }));
    const both = after.map((bytes, at) => each(bytes, before[at], STREAMS));
    return both.sort((a, b) => b.both - a.both)[0];
  });

const row = (id, name, kind, measureOne) => ({
  ids: [id],
  isSlow: true,
  target: TARGET_KIB[kind],
  /** The row, of those among `names` that are written in JavaScript. */
  async run(names) {
    const extras = {};
    for (const of of names.filter((one) => one in hosts)) {
      progress(`${name}: ${of}`);
      extras[of] = await measureOne(of);
    }
    const values = Object.fromEntries(Object.entries(extras).map(([of, { both }]) => [of, [both]]));
    return [resultOf({ id, name, lessIsBetter: true }, values, { extras })];
  },
});

export const IDLE = [
  row('idle-dialing', 'an idle connection, dialing side, KiB', 'connection', connection('dialing')),
  row('idle-listening', 'an idle connection, listening side, KiB', 'connection', connection('listening')),
  row('idle-stream', 'an idle stream, the end that has more of it, KiB', 'stream', stream),
];

async function command() {
  const names = available(argument('--only', 'ours,js').split(','));
  const lines = [];
  for (const { run, target } of IDLE) {
    const [{ name, extras }] = await run(names);
    for (const [of, { heap, external, both }] of Object.entries(extras))
      lines.push([name, NAMES[of], ...[heap, external, both].map((kib) => kib.toFixed(1))]);
    if (!(extras.ours?.both > target)) continue;
    console.error(`${name}: ${extras.ours.both.toFixed(1)}; ${String(target)} are the target`);
    process.exitCode = 1;
  }
  progressEnds();
  console.log(table([`Node ${process.version}`, '', 'heap', 'external', 'both'], lines));
}
if (isCommand(import.meta.url)) await command();
