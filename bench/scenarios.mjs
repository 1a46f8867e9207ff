// What is measured, the same for every implementation. A peer prints its address and then runs what it is told.
import { createInterface } from 'node:readline';

/** Runs `count` of `work`, `atOnce` in flight; ms for all. */
async function timed(count, atOnce, work) {
  let next = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) {
        next += 1;
        await work();
      }
    }),
  );
  return performance.now() - start;
}

const scenarios = {
  /** Ms of one connect, the median. */
  async connect(peer, addr, { count }) {
    const times = [];
    for (let i = 0; i < count; i += 1) {
      const client = await peer.connect();
      const start = performance.now();
      await peer.dial(client, addr);
      times.push(performance.now() - start);
      await peer.stop(client);
    }
    return times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
  },
  /** Streams a second: opened, 32 bytes there and back, closed. */
  async streams(peer, addr, { count, atOnce }) {
    const client = await peer.connect();
    await peer.dial(client, addr);
    await timed(Math.min(count, 500), atOnce, () => peer.ask(client, addr, new Uint8Array(32)));
    const ms = await timed(count, atOnce, () => peer.ask(client, addr, new Uint8Array(32)));
    await peer.stop(client);
    return (count / ms) * 1000;
  },
  /** MiB a second, one way. */
  async upload(peer, addr, { bytes }) {
    return throughput(peer, bytes, (client, total) => peer.upload(client, addr, total), addr);
  },
  async download(peer, addr, { bytes }) {
    return throughput(peer, bytes, (client, total) => peer.download(client, addr, total), addr);
  },
};

async function throughput(peer, bytes, move, addr) {
  const client = await peer.connect();
  await peer.dial(client, addr);
  await move(client, bytes / 8);
  const start = performance.now();
  const moved = await move(client, bytes);
  const ms = performance.now() - start;
  await peer.stop(client);
  if (moved !== bytes) throw new Error(`${moved} of ${bytes} bytes arrived`);
  return bytes / 1048576 / (ms / 1000);
}

export function runPeer(peer) {
  const say = (value) => console.log(JSON.stringify(value));
  createInterface({ input: process.stdin }).on('line', async (line) => {
    const { scenario, addr, options } = JSON.parse(line);
    try {
      say({ value: await scenarios[scenario](peer, addr, options) });
    } catch (error) {
      say({ error: String(error?.stack ?? error) });
    }
  });
  process.stdin.on('end', () => process.exit(0));
  say({ addr: peer.addr });
}
