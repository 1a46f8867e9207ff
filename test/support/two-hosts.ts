import type { Host, HostEvent, Stream } from '../../src/index.js';
import { simulateNetwork, type SimulatedNetwork } from '../../src/testing.js';
import { NO_SERVICES } from './no-services.js';

/** Two hosts of a network in virtual time, 5 ms apart; `b` tells its events. */
export interface TwoHosts {
  readonly net: SimulatedNetwork;
  readonly a: Host;
  readonly b: Host;
  readonly events: readonly HostEvent[];
  open(id: string, lazy?: boolean): Promise<Stream>;
}

export async function twoHosts(): Promise<TwoHosts> {
  const events: HostEvent[] = [];
  const net = simulateNetwork({ seed: 1, link: { latencyMs: 5 } });
  const a = await net.createHost({ services: NO_SERVICES });
  const b = await net.createHost({
    services: NO_SERVICES,
    events: { next: (event) => events.push(event) },
  });
  return { net, a, b, events, open: (id, lazy = false) => net.runUntil(a.newStream(b.addrs, id, { lazy })) };
}
