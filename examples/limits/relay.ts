/** A host with limits of its own, which says what it refuses. */
import { createHost, ofType, type Host } from 'rx-libp2p';

const MIB = 1024 * 1024;

export async function relay(): Promise<Host> {
  const host = await createHost({
    limits: {
      // 1000 connections; of their directions inbound gets two thirds, as it had before.
      system: { connections: 1_000, memoryBytes: 512 * MIB },
      // One peer may open 200 streams of this protocol, all peers together 5000.
      protocols: { '/chat/1.0.0': { inboundStreams: 5_000 } },
      protocolPeers: { '/chat/1.0.0': { inboundStreams: 200 } },
      // Nobody is pushed to from here.
      protocolPeer: { outboundStreams: 0 },
      // Many users behind one address.
      addresses: { ip4: { connections: 100, perSecond: 10, burst: 200 } },
    },
  });
  host.event$.pipe(ofType('limit:refuse')).subscribe(({ scope, limit, value }) => {
    console.log(`${scope}: ${limit} is ${String(value)}`);
  });
  return host;
}
