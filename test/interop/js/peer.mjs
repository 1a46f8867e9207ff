// A js-libp2p host that is told what to do, line by line: the other side of the interop tests.
import { createHash, randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { multiaddr } from '@multiformats/multiaddr';
import { createNode } from './node.mjs';

const say = (value) => console.log(JSON.stringify(value));

const node = await createNode(process.argv.slice(2));

async function send(stream, bytes) {
  for (let at = 0; at < bytes.length; at += 65536) {
    if (!stream.send(bytes.subarray(at, at + 65536))) await stream.onDrain();
  }
}
async function readAll(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk instanceof Uint8Array ? chunk : chunk.subarray());
  return Buffer.concat(chunks);
}
const digest = (bytes) => `${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`;
const options = { maxInboundStreams: 1000, maxOutboundStreams: 1000 };

await node.handle(
  '/interop/echo/1',
  async (stream) => {
    for await (const chunk of stream)
      await send(stream, chunk instanceof Uint8Array ? chunk : chunk.subarray());
    await stream.close();
  },
  options,
);
const count = async (stream) => {
  const bytes = await readAll(stream);
  await send(stream, Buffer.from(digest(bytes)));
  await stream.close();
};
await node.handle('/interop/count/1', count, options);
await node.handle(
  '/interop/slow/1',
  async (stream) => {
    stream.pause();
    await sleep(1000);
    stream.resume();
    await count(stream);
  },
  options,
);
await node.handle(
  '/interop/reset/1',
  async (stream) => {
    for await (const _ of stream) {
      stream.abort(new Error('reset on purpose'));
      return;
    }
  },
  options,
);

async function echo(open, size) {
  const stream = await open('/interop/echo/1');
  const sent = randomBytes(size);
  const [, got] = await Promise.all([send(stream, sent).then(() => stream.close()), readAll(stream)]);
  return got.equals(sent);
}
async function counted(open, id, size) {
  const stream = await open(id);
  const sent = randomBytes(size);
  const [, got] = await Promise.all([send(stream, sent).then(() => stream.close()), readAll(stream)]);
  return got.toString() === digest(sent);
}
const known = async (connection) => {
  const { protocols, addresses, metadata } = await node.peerStore.get(connection.remotePeer);
  return {
    protocols,
    addrs: addresses.map(({ multiaddr: addr }) => addr.toString()),
    certified: addresses.some(({ isCertified }) => isCertified),
    agent: new TextDecoder().decode(metadata.get('AgentVersion')),
  };
};
const until = async (read, wants) => {
  for (let tries = 0; tries < 100; tries += 1) {
    const value = await read().catch(() => undefined);
    if (value !== undefined && wants(value)) return value;
    await sleep(50);
  }
  throw new Error('waited in vain');
};
const scenarios = {
  // What we know of the other side, once it has been identified, and once it has told of a protocol that comes later.
  identify: (_, __, connection) =>
    until(
      () => known(connection),
      ({ agent, protocols }) => agent !== '' && protocols.length > 0,
    ),
  'wait-for': (_, { protocol }, connection) =>
    until(
      () => known(connection),
      ({ protocols }) => protocols.includes(protocol),
    ),
  'wait-without': (_, { protocol }, connection) =>
    until(
      () => known(connection),
      ({ protocols }) => !protocols.includes(protocol),
    ),
  handle: async (_, { protocol }) => {
    await node.handle(protocol, () => {});
  },
  unhandle: (_, { protocol }) => node.unhandle(protocol),
  ping: async (_, { size }, connection) => {
    const times = [];
    for (let i = 0; i < size; i += 1) times.push(await node.services.ping.ping(connection.remotePeer));
    return times.length;
  },
  echo: (open, { size }) => echo(open, size),
  count: (open, { size }) => counted(open, '/interop/count/1', size),
  slow: (open, { size }) => counted(open, '/interop/slow/1', size),
  many: async (open) =>
    (await Promise.all(Array.from({ length: 100 }, (_, i) => echo(open, 1000 + i)))).filter(Boolean).length,
  reset: async (open) => {
    const stream = await open('/interop/reset/1');
    stream.send(Buffer.from('x'));
    await readAll(stream);
  },
  'send-reset': async (open) => {
    const stream = await open('/interop/watch-reset/1');
    stream.send(Buffer.from('x'));
    await sleep(100);
    stream.abort(new Error('reset on purpose'));
  },
  unknown: async (open) => {
    await open('/interop/unknown/1');
  },
};

const addrs = node.getMultiaddrs().map(String);
say({ event: 'listening', addrs });
createInterface({ input: process.stdin }).on('line', async (line) => {
  const command = JSON.parse(line);
  try {
    const connection = await node.dial(multiaddr(command.addr));
    const result = await scenarios[command.scenario](
      (id) => connection.newStream(id, options),
      command,
      connection,
    );
    say({ id: command.id, result });
  } catch (error) {
    say({ id: command.id, error: `${error.name}: ${error.message}` });
  }
});
process.stdin.on('end', () => process.exit(0));
