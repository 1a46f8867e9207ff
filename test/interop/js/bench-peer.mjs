// One side of the benchmark, with js-libp2p as npm has it. Node 20 needs polyfill.cjs.
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { identify } from '@libp2p/identify';
import { tcp } from '@libp2p/tcp';
import { webSockets } from '@libp2p/websockets';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { chunks, countMessage, messages, MESSAGE_BYTES, runPeer } from '../../../bench/scenarios.mjs';

// Over which transport, and where it listens.
const OVER = {
  quic: async () => [(await import('@chainsafe/libp2p-quic')).quic(), '/ip4/127.0.0.1/udp/0/quic-v1'],
  websocket: () => [webSockets(), '/ip4/127.0.0.1/tcp/0/ws'],
  tcp: () => [tcp(), '/ip4/127.0.0.1/tcp/0'],
};
const over = ['quic', 'websocket'].find((name) => process.argv.includes(`--${name}`)) ?? 'tcp';
const [transport, place] = await OVER[over]();
const MAX_STREAMS = 20_000;
const create = async (listen) => {
  const node = await createLibp2p({
    addresses: { listen },
    transports: [transport],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ maxInboundStreams: MAX_STREAMS, maxOutboundStreams: MAX_STREAMS })],
    connectionManager: {
      maxConnections: MAX_STREAMS,
      inboundConnectionThreshold: Infinity,
      maxIncomingPendingConnections: 1000,
    },
    connectionMonitor: { enabled: false },
    services: { identify: identify() },
  });
  node.known = new Set();
  node.waiting = new Map();
  node.addEventListener('peer:identify', ({ detail: { connection } }) => {
    node.known.add(connection.id);
    node.waiting.get(connection.id)?.();
    node.waiting.delete(connection.id);
  });
  return node;
};
const options = { maxInboundStreams: MAX_STREAMS, maxOutboundStreams: MAX_STREAMS };
const bytesOf = (chunk) => (chunk instanceof Uint8Array ? chunk : chunk.subarray());
const sendAll = async (stream, source) => {
  for (const chunk of source) if (!stream.send(chunk)) await stream.onDrain();
};
const all = async (stream, first = () => undefined) => {
  let bytes = 0;
  let last = new Uint8Array(0);
  for await (const chunk of stream) {
    if (bytes === 0) first(bytesOf(chunk));
    bytes += chunk.byteLength;
    last = chunk;
  }
  return { bytes, last: bytesOf(last) };
};

const node = await create([place]);
await node.handle(
  '/bench/echo/1',
  async (stream) => {
    for await (const chunk of stream) stream.send(bytesOf(chunk));
    await stream.close();
  },
  options,
);
await node.handle(
  '/bench/sink/1',
  async (stream) => {
    const { bytes } = await all(stream);
    stream.send(new TextEncoder().encode(String(bytes)));
    await stream.close();
  },
  options,
);
await node.handle(
  '/bench/source/1',
  async (stream) => {
    for await (const chunk of stream) {
      await sendAll(stream, chunks(Number(new TextDecoder().decode(bytesOf(chunk)))));
      await stream.close();
      return;
    }
  },
  options,
);
await node.handle(
  '/bench/messages/1',
  async (stream) => {
    let sent;
    await all(stream, (chunk) => {
      const count = Number(new TextDecoder().decode(chunk.subarray(0, MESSAGE_BYTES)));
      sent = sendAll(stream, messages(count));
    });
    await sent;
    await stream.close();
  },
  options,
);

const open = (connection, id) => connection.newStream(id, options);
runPeer({
  addr: String(node.getMultiaddrs()[0]),
  connect: () => create([]),
  dial: (client, addr) => client.dial(multiaddr(addr)),
  identified: (client, { id }) =>
    client.known.has(id) ? undefined : new Promise((resolve) => client.waiting.set(id, resolve)),
  hangUp: (client, connection) => connection.close(),
  stop: (client) => client.stop(),
  openEcho: async (connection) => {
    const stream = await open(connection, '/bench/echo/1');
    const chunks = stream[Symbol.asyncIterator]();
    return {
      roundTrip: (bytes) => {
        stream.send(bytes);
        return chunks.next();
      },
      close: () => stream.close(),
    };
  },
  ask: async (connection, bytes) => {
    const stream = await open(connection, '/bench/echo/1');
    stream.send(bytes);
    await stream.close();
    if ((await all(stream)).bytes !== bytes.byteLength) throw new Error('a short echo');
  },
  firstByte: async (connection, bytes) => {
    const stream = await open(connection, '/bench/echo/1');
    stream.send(bytes);
    for await (const chunk of stream) {
      if (chunk.byteLength > 0) break;
    }
    await stream.close();
  },
  upload: async (connection, total) => {
    const stream = await open(connection, '/bench/sink/1');
    const answer = all(stream);
    await sendAll(stream, chunks(total));
    await stream.close();
    return Number(new TextDecoder().decode((await answer).last));
  },
  download: async (connection, total) => {
    const stream = await open(connection, '/bench/source/1');
    stream.send(new TextEncoder().encode(String(total)));
    return (await all(stream)).bytes;
  },
  messages: async (connection, count) => {
    const stream = await open(connection, '/bench/messages/1');
    const heard = all(stream);
    stream.send(countMessage(count));
    await sendAll(stream, messages(count - 1));
    await stream.close();
    return (await heard).bytes;
  },
});
