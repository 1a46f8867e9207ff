// One side of the benchmark, with js-libp2p as npm has it. Node 20 needs polyfill.cjs.
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { runPeer } from '../../../bench/scenarios.mjs';

const isQuic = process.argv.includes('--quic');
const transport = isQuic ? (await import('@chainsafe/libp2p-quic')).quic() : tcp();
const create = (listen) =>
  createLibp2p({
    addresses: { listen },
    transports: [transport],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: 1000 },
    connectionMonitor: { enabled: false },
  });
const options = { maxInboundStreams: 10_000, maxOutboundStreams: 10_000 };
const bytesOf = (chunk) => (chunk instanceof Uint8Array ? chunk : chunk.subarray());
const send = async (stream, total, chunk) => {
  for (let sent = 0; sent < total; sent += chunk.byteLength) if (!stream.send(chunk)) await stream.onDrain();
};
const all = async (stream) => {
  let bytes = 0;
  let last = new Uint8Array(0);
  for await (const chunk of stream) {
    bytes += chunk.byteLength;
    last = bytesOf(chunk);
  }
  return { bytes, last };
};

const node = await create([isQuic ? '/ip4/127.0.0.1/udp/0/quic-v1' : '/ip4/127.0.0.1/tcp/0']);
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
      await send(stream, Number(new TextDecoder().decode(bytesOf(chunk))), new Uint8Array(65536));
      await stream.close();
      return;
    }
  },
  options,
);

const open = async (client, addr, id) => (await client.dial(multiaddr(addr))).newStream(id, options);
runPeer({
  addr: String(node.getMultiaddrs()[0]),
  connect: () => create([]),
  dial: (client, addr) => client.dial(multiaddr(addr)),
  stop: (client) => client.stop(),
  ask: async (client, addr, bytes) => {
    const stream = await open(client, addr, '/bench/echo/1');
    stream.send(bytes);
    await stream.close();
    if ((await all(stream)).bytes !== bytes.byteLength) throw new Error('a short echo');
  },
  upload: async (client, addr, total) => {
    const stream = await open(client, addr, '/bench/sink/1');
    const answer = all(stream);
    await send(stream, total, new Uint8Array(65536));
    await stream.close();
    return Number(new TextDecoder().decode((await answer).last));
  },
  download: async (client, addr, total) => {
    const stream = await open(client, addr, '/bench/source/1');
    stream.send(new TextEncoder().encode(String(total)));
    return (await all(stream)).bytes;
  },
});
