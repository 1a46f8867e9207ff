/** Each event to whom it concerns. */
import type { DialEvent, HostEvent } from '../core/events.js';
import { countEvent } from './bus-metrics.js';
import type { Collectors } from './collectors.js';
import { ConnectionMetrics } from './connection-metrics.js';
import { DialMetrics } from './dial-metrics.js';
import { IdentifyMetrics } from './identify-metrics.js';
import { blockedLabels, scopeLabel } from './labels.js';
import { ResourceMetrics } from './resource-metrics.js';

type Of<T extends HostEvent['type']> = Extract<HostEvent, { type: T }>;
/** @source MET-11 */
const BLACK_HOLE_STATES = { probing: 0, allowed: 1, blocked: 2 } as const;
const BLACK_HOLE_NAMES = { udp: 'UDP', ipv6: 'IPv6' } as const;

export class HostMetrics {
  private readonly connections: ConnectionMetrics;
  private readonly dials: DialMetrics;
  private readonly identify: IdentifyMetrics;
  private readonly resources: ResourceMetrics;

  constructor(private readonly collectors: Collectors) {
    this.connections = new ConnectionMetrics(collectors);
    this.dials = new DialMetrics(collectors);
    this.identify = new IdentifyMetrics(collectors);
    this.resources = new ResourceMetrics(collectors);
  }

  hear(event: HostEvent): void {
    if (isDialEvent(event)) {
      if (event.type === 'dial:connect') this.connections.dialed(event);
      this.dials.hear(event);
      return;
    }
    countEvent(this.collectors, event);
    switch (event.type) {
      case 'connection:open':
        this.connections.opened(event);
        this.resources.opened(event);
        break;
      case 'connection:close':
        this.connections.closed(event);
        this.identify.closed(event);
        this.resources.closed(event);
        break;
      case 'blackhole:change':
        this.blackHole(event);
        break;
      case 'limit:refuse':
        this.blocked(event);
        break;
      default:
        this.hearIdentity(event);
    }
  }

  private hearIdentity(event: HostEvent): void {
    if (event.type === 'stream:open') this.resources.streamOpened(event);
    else if (event.type === 'stream:close') {
      this.identify.exchanged(event);
      this.resources.streamClosed(event);
    } else if (event.type === 'peer:identify') this.identify.heard(event);
    else if (event.type === 'protocols:change') {
      this.identify.protocolsChanged(event);
      this.resources.protocolsChanged(event);
    } else if (event.type === 'addrs:change') this.identify.addrsChanged(event);
  }

  /** @source MET-11, MET-12 */
  private blackHole({ name, state, successFraction }: Of<'blackhole:change'>): void {
    const labels = { name: BLACK_HOLE_NAMES[name] };
    this.collectors.blackHoleState.set(labels, BLACK_HOLE_STATES[state]);
    this.collectors.blackHoleFraction.set(labels, successFraction);
  }

  /** @source MET-37 */
  private blocked({ scope, limit, error }: Of<'limit:refuse'>): void {
    const fault = 'fault' in error && typeof error.fault === 'string' ? error.fault : undefined;
    this.collectors.blocked.inc({ scope: scopeLabel(scope), ...blockedLabels(limit, fault) });
  }
}

function isDialEvent(event: HostEvent): event is DialEvent {
  return event.type.startsWith('dial:');
}
