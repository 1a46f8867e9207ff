// js-libp2p's host, as bench/idle-peer.mjs wants it.
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { identify, identifyPush } from '@libp2p/identify';
import { ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';

const IDLE = '/idle/1.0.0';
/** More than the usual, which are for each connection. */
const MANY_STREAMS = { maxInboundStreams: 1_000, maxOutboundStreams: 1_000 };
const onMessage = () => undefined;

export async function create(listen) {
  const node = await createLibp2p({
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: {
      maxConnections: 10_000,
      inboundConnectionThreshold: Infinity,
      maxIncomingPendingConnections: 1_000,
    },
    // It closes connections whose pings are late, as they are on a busy machine.
    connectionMonitor: { enabled: false },
    services: { identify: identify(), push: identifyPush(), ping: ping() },
  });
  let identified = 0;
  node.addEventListener('peer:identify', () => {
    identified += 1;
  });
  await node.handle(IDLE, (stream) => stream.addEventListener('message', onMessage), MANY_STREAMS);
  return {
    /** A stream that is agreed on, and on which nothing more comes. */
    async openStream(addr) {
      const stream = await node.dialProtocol(multiaddr(addr), IDLE, MANY_STREAMS);
      stream.addEventListener('message', onMessage);
      stream.send(new Uint8Array(1));
    },
    addr: () => String(node.getMultiaddrs()[0]),
    dial: (addr) => node.dial(multiaddr(addr)),
    connections: () => node.getConnections().length,
    identified: () => identified,
  };
}
