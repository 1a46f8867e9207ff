// This package's host, as bench/idle-peer.mjs wants it. A thousand connections are to stay: nothing is pruned, and the
// limits are the usual ones but for the number of connections, which is the machine's.
import { lastValueFrom } from 'rxjs';
import { createHost, noise } from '../dist/index.js';

const IDLE = '/idle/1.0.0';
/** A hundred streams of one protocol with one peer are more than the usual limits allow. */
const MANY_STREAMS = { streams: 1_000, inboundStreams: 1_000, outboundStreams: 1_000 };
const limits = {
  system: {
    connections: 10_000,
    inboundConnections: 10_000,
    outboundConnections: 10_000,
    descriptors: 10_000,
  },
  peer: MANY_STREAMS,
  protocolPeer: MANY_STREAMS,
  transient: {
    connections: 1_000,
    inboundConnections: 1_000,
    outboundConnections: 1_000,
    descriptors: 1_000,
  },
};

export async function create(listen) {
  const host = await createHost({ listen, limits, security: [noise()], connectionManager: false });
  host.handle(IDLE).subscribe((stream) => stream.subscribe());
  return {
    /** A stream that is agreed on, and on which nothing more comes. */
    async openStream(addr) {
      const stream = await lastValueFrom(host.newStream(addr, IDLE));
      stream.subscribe();
      stream.next(new Uint8Array(1));
    },
    addr: () => String(host.addrs[0]),
    dial: (addr) => lastValueFrom(host.dial(addr)),
    connections: () => host.connections.length,
    identified: () =>
      host.peers.filter((peer) => host.peerStore.get(peer)?.metadata.has('AgentVersion')).length,
  };
}
