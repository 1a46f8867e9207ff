/** What identify's exchanges are counted as. @source swarm sheet, MET-20 to MET-25 */
import type { HostEvent } from '../core/events.js';
import type { Collectors } from './collectors.js';

type Of<T extends HostEvent['type']> = Extract<HostEvent, { type: T }>;

/** @source libp2p identify specification */
const IDENTIFY = '/ipfs/id/1.0.0';
const IDENTIFY_PUSH = '/ipfs/id/push/1.0.0';

export class IdentifyMetrics {
  /** Connections whose remote has told of itself, until they close. */
  private readonly identified = new Set<string>();
  private protocols = 0;

  constructor(private readonly collectors: Collectors) {}

  /** Of the two protocols' streams, those that ended well. */
  exchanged({ protocol, direction: dir, code }: Of<'stream:close'>): void {
    if (code !== undefined) return;
    if (protocol === IDENTIFY) this.collectors.identify.inc({ dir });
    if (protocol === IDENTIFY_PUSH) this.collectors.identifyPush.inc({ dir });
  }

  heard({ connectionId, protocols, listenAddrs }: Of<'peer:identify'>): void {
    this.collectors.protocolsReceived.observe(protocols.length);
    this.collectors.addrsReceived.observe(listenAddrs.length);
    if (this.identified.has(connectionId)) return;
    this.identified.add(connectionId);
    const support = protocols.includes(IDENTIFY_PUSH) ? 'supported' : 'not supported';
    this.collectors.pushSupport.inc({ support });
  }

  closed({ connectionId }: Of<'connection:close'>): void {
    this.identified.delete(connectionId);
  }

  protocolsChanged({ added, removed }: Of<'protocols:change'>): void {
    this.protocols += added.length - removed.length;
    this.collectors.protocolsSent.set(this.protocols);
    this.collectors.pushesTriggered.inc({ trigger: 'protocols_updated' });
  }

  addrsChanged({ addrs }: Of<'addrs:change'>): void {
    this.collectors.addrsSent.set(addrs.length);
    this.collectors.pushesTriggered.inc({ trigger: 'addresses_updated' });
  }
}
