// What is measured, the same for every implementation in JavaScript; test/interop/go/bench does the same in Go. A peer
// prints its address and then runs what it is told, line by line.
import { createInterface } from 'node:readline';
import { median } from './measure.mjs';

export const MESSAGE_BYTES = 32;
const CHUNK_BYTES = 65_536;
const MIB = 1_048_576;
const message = new Uint8Array(MESSAGE_BYTES);

/** Runs `count` of `work`, `atOnce` in flight; ms for all. */
async function timed(count, atOnce, work) {
  let next = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async (_, lane) => {
      while (next < count) {
        next += 1;
        await work(lane);
      }
    }),
  );
  return performance.now() - start;
}

/** One connected client for as long as `work` lasts. */
async function withClient(peer, addr, work) {
  const client = await peer.connect();
  try {
    const connection = await peer.dial(client, addr);
    await peer.identified(client, connection);
    return await work(connection);
  } finally {
    await peer.stop(client);
  }
}

/** One client dials and hangs up again and again. */
async function dialOnce(peer, client, addr, identified) {
  const start = performance.now();
  const connection = await peer.dial(client, addr);
  if (identified) await peer.identified(client, connection);
  const ms = performance.now() - start;
  // The next dial is to find nothing left of this one.
  await peer.identified(client, connection);
  await peer.hangUp(client, connection);
  return ms;
}

async function throughput(peer, addr, bytes, move) {
  return withClient(peer, addr, async (connection) => {
    await move(connection, bytes / 8);
    const start = performance.now();
    const moved = await move(connection, bytes);
    const seconds = (performance.now() - start) / 1000;
    if (moved !== bytes) throw new Error(`${String(moved)} of ${String(bytes)} bytes arrived`);
    return bytes / MIB / seconds;
  });
}

/** What `grow` has made so far, and the connection that its streams are on. */
const grown = [];
let grownOn;
/** The host whose connection is the one more. */
let prober;

const scenarios = {
  /** Ms of one connect, the median. */
  async connect(peer, addr, { count, identified }) {
    const client = await peer.connect();
    const times = [];
    for (let at = 0; at < count + 5; at += 1) times.push(await dialOnce(peer, client, addr, identified));
    await peer.stop(client);
    return median(times.slice(5));
  },
  /** Connections a second, made by `atOnce` hosts, each of which dials and hangs up. */
  async connects(peer, addr, { count, atOnce, identified }) {
    const clients = [];
    for (let at = 0; at < atOnce; at += 1) clients.push(await peer.connect());
    const work = (lane) => dialOnce(peer, clients[lane], addr, identified);
    await timed(atOnce, atOnce, work);
    const ms = await timed(count, atOnce, work);
    for (const client of clients) await peer.stop(client);
    return (count / ms) * 1000;
  },
  /** Ms for 32 bytes there and back on an open stream, the mean. */
  ping: (peer, addr, { count }) =>
    withClient(peer, addr, async (connection) => {
      const echo = await peer.openEcho(connection);
      for (let at = 0; at < count / 4; at += 1) await echo.roundTrip(message);
      const ms = await timed(count, 1, () => echo.roundTrip(message));
      await echo.close();
      return ms / count;
    }),
  /** Streams a second: opened, 32 bytes there and back, closed. */
  streams: (peer, addr, { count, atOnce }) =>
    withClient(peer, addr, async (connection) => {
      const work = () => peer.ask(connection, message);
      await timed(count / 4, atOnce, work);
      return (count / (await timed(count, atOnce, work))) * 1000;
    }),
  /** MiB a second, one way. */
  upload: (peer, addr, { bytes }) => throughput(peer, addr, bytes, peer.upload),
  download: (peer, addr, { bytes }) => throughput(peer, addr, bytes, peer.download),
  /** Both at once on one connection: the sum, and what the slower had of the faster. */
  both: (peer, addr, { bytes }) =>
    withClient(peer, addr, async (connection) => {
      const oneWay = async (move) => {
        const start = performance.now();
        await move(connection, bytes);
        return performance.now() - start;
      };
      const all = () => Promise.all([oneWay(peer.upload), oneWay(peer.download)]);
      await all();
      const times = await all();
      return {
        value: (2 * bytes) / MIB / (Math.max(...times) / 1000),
        fairness: Math.min(...times) / Math.max(...times),
      };
    }),
  /** Small messages a second on one stream, as many each way at once; and how much memory that took at most. */
  messages: (peer, addr, { count }) =>
    withClient(peer, addr, async (connection) => {
      await peer.messages(connection, count / 10);
      const before = process.memoryUsage.rss();
      let peak = before;
      const watch = setInterval(() => {
        peak = Math.max(peak, process.memoryUsage.rss());
      }, 20);
      const start = performance.now();
      const heard = await peer.messages(connection, count);
      const seconds = (performance.now() - start) / 1000;
      clearInterval(watch);
      if (heard !== count * MESSAGE_BYTES) throw new Error(`${String(heard)} bytes came back`);
      return { value: (2 * count) / seconds, grownMiB: (peak - before) / MIB };
    }),
  /** Ms to the first byte of an answer, from cold, and of a further stream: over a link with a delay. */
  async firstByte(peer, addr) {
    const client = await peer.connect();
    const start = performance.now();
    const connection = await peer.dial(client, addr);
    await peer.firstByte(connection, message);
    const cold = performance.now() - start;
    await peer.identified(client, connection);
    const again = performance.now();
    await peer.firstByte(connection, message);
    const furtherMs = performance.now() - again;
    await peer.stop(client);
    return { value: cold, furtherMs };
  },
  /** So many connections more, each by a host of its own, or so many streams on one; they stay. */
  async grow(peer, addr, { kind, more }) {
    await timed(more, Math.min(32, more), async () => {
      if (kind === 'connections') {
        const client = await peer.connect();
        await peer.identified(client, await peer.dial(client, addr));
        grown.push(client);
      } else {
        grownOn ??= await peer.dial(await peer.connect(), addr);
        const echo = await peer.openEcho(grownOn);
        await echo.roundTrip(message);
        grown.push(echo);
      }
    });
    return grown.length;
  },
  /** One more and gone again, so many times: a host's connection beside those that others hold, or a stream of the grown connection. */
  async probe(peer, addr, { kind, count }) {
    if (kind === 'connections') prober ??= await peer.connect();
    const work =
      kind === 'connections' ? () => dialOnce(peer, prober, addr, true) : () => peer.ask(grownOn, message);
    await timed(count, 1, work);
    return count;
  },
  /** What this process has had of the processor so far, ms. */
  cpu() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

/** As much of `total` as is left, in chunks: for those who pull. */
export function* chunks(total) {
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (let sent = 0; sent < total; sent += chunk.byteLength) yield chunk;
}

export function* messages(count) {
  for (let sent = 0; sent < count; sent += 1) yield message;
}

/** The first message says how many are to come, itself included. */
export const countMessage = (count) => new TextEncoder().encode(String(count).padEnd(MESSAGE_BYTES));

export function runPeer(peer) {
  const say = (value) => console.log(JSON.stringify(value));
  createInterface({ input: process.stdin }).on('line', async (line) => {
    const { scenario, addr, options } = JSON.parse(line);
    try {
      const answer = await scenarios[scenario](peer, addr, options ?? {});
      say(typeof answer === 'number' ? { value: answer } : answer);
    } catch (error) {
      say({ error: String(error?.stack ?? error) });
    }
  });
  process.stdin.on('end', () => process.exit(0));
  say({ addr: peer.addr });
}
