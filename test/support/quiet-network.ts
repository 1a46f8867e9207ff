import { simulateNetwork, type SimulatedNetwork } from '../../src/testing.js';
import { NO_SERVICES } from './no-services.js';

/** A simulated network on whose hosts nothing runs but what the test starts. */
export function quietNetwork(options: Parameters<typeof simulateNetwork>[0]): SimulatedNetwork {
  const net = simulateNetwork(options);
  const createHost: SimulatedNetwork['createHost'] = (host = {}) =>
    net.createHost({ services: NO_SERVICES, ...host } as typeof host);
  // Everything else is the network's own.
  return Object.assign(Object.create(net) as SimulatedNetwork, { createHost });
}
