/** Events by go-libp2p's names for them, where it has one. @source swarm sheet, MET-40, EVT-1 to EVT-8 */
import type { HostEvent } from '../core/events.js';
import type { Collectors } from './collectors.js';

const NAMES: Partial<Record<HostEvent['type'], string>> = {
  'peer:connect': 'EvtPeerConnectednessChanged',
  'peer:disconnect': 'EvtPeerConnectednessChanged',
  'peer:identify': 'EvtPeerIdentificationCompleted',
  'peer:protocols': 'EvtPeerProtocolsUpdated',
  'protocols:change': 'EvtLocalProtocolsUpdated',
  'addrs:change': 'EvtLocalAddressesUpdated',
  'reachability:change': 'EvtLocalReachabilityChanged',
};

export function countEvent({ eventsEmitted }: Collectors, { type }: HostEvent): void {
  const event = NAMES[type];
  if (event !== undefined) eventsEmitted.inc({ event });
}
