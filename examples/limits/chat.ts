/** The limits of a chat server, and a host that says what it refuses. */
import { createHost, ofType, type Host, type ResourceLimits } from 'rx-libp2p';

const MIB = 1024 * 1024;

export const limits: ResourceLimits = {
  // Of 1000 connections two thirds may be inbound, as by default.
  system: { connections: 1_000, memoryBytes: 512 * MIB },
  // One peer may open 200 streams of this protocol, all peers together 5000.
  protocols: { '/chat/1.0.0': { inboundStreams: 5_000 } },
  protocolPeers: { '/chat/1.0.0': { inboundStreams: 200 } },
  // Many users behind one address.
  addresses: { ip4: { connections: 100, perSecond: 10, burst: 200 } },
};

export async function chat(): Promise<Host> {
  const host = await createHost({ limits });
  host.event$.pipe(ofType('limit:refuse')).subscribe(({ scope, limit, value }) => {
    console.log(`${scope}: ${limit} is ${String(value)}`);
  });
  return host;
}
