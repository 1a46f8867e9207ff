// Addresses that lead nowhere: `node dead-peer.mjs silent|blocked <count> <below>` takes <count> ports below <below>, prints
// them, lowest first, and is dead until it is killed or its parent is gone. "silent" accepts and never says a byte. "blocked" fills
// its own backlog and blocks its event loop, so that connects stay unanswered (a loopback port without a listener refuses).
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { connect, createServer } from 'node:net';

const [kind, count, below] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const host = '127.0.0.1';
const parent = process.ppid;
/** The system lets one more wait than it is told. */
const BACKLOG = 1;
const FILLERS = BACKLOG + 3;

const ports = [];
for (let port = below - 1; ports.length < count; port -= 1) {
  if (port < 1024) throw new Error(`there are no ${count} free ports below ${below}`);
  const server = createServer((socket) => socket.on('error', () => undefined).resume());
  server.listen({ host, port, backlog: kind === 'blocked' ? BACKLOG : 511 });
  const bound = await Promise.race([
    once(server, 'listening').then(() => true),
    once(server, 'error').then(() => false),
  ]).catch(() => false);
  if (bound) ports.unshift(port);
}
const tell = () => writeSync(1, `${JSON.stringify({ ports })}\n`);

if (kind === 'silent') {
  tell();
  setInterval(() => {
    if (process.ppid !== parent) process.exit(0);
  }, 500);
} else {
  for (const port of ports)
    for (let i = 0; i < FILLERS; i += 1) connect({ host, port }).on('error', () => undefined);
  // Behind the connects and before the event loop looks at what they brought.
  process.nextTick(() => {
    tell();
    const never = new Int32Array(new SharedArrayBuffer(4));
    while (process.ppid === parent) Atomics.wait(never, 0, 0, 500);
    process.exit(0);
  });
}
