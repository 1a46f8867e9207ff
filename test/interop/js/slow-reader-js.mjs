// js-libp2p's side of bench/slow-reader.mjs.
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { identify } from '@libp2p/identify';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';

const PROTOCOL = '/bench/slow-reader/1';
const create = (listen) =>
  createLibp2p({
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
  });

export async function listen(consume) {
  const node = await create(['/ip4/127.0.0.1/tcp/0']);
  await node.handle(PROTOCOL, (stream) => consume(stream));
  return String(node.getMultiaddrs()[0]);
}

export async function open(addr) {
  const node = await create([]);
  const stream = await node.dialProtocol(multiaddr(addr), PROTOCOL);
  return async (chunks) => {
    for (const chunk of chunks) if (!stream.send(chunk)) await stream.onDrain();
    await stream.close();
  };
}
