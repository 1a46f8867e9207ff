/** What the connections of a host are counted as. @source swarm sheet, MET-2 to MET-5, MET-7 */
import type { DialEvent, HostEvent } from '../core/events.js';
import type { Collectors } from './collectors.js';
import { addrLabels, keyTypeLabel } from './labels.js';

type Of<T extends HostEvent['type']> = Extract<HostEvent, { type: T }>;
interface Handshake {
  readonly transport: string;
  readonly security: string;
  readonly muxer: string;
  readonly early_muxer: string;
  readonly ip_version: string;
}
interface Open {
  readonly dir: 'inbound' | 'outbound';
  readonly handshake: Handshake;
  readonly openedAt: number;
}

export class ConnectionMetrics {
  /** Connections that are open: as many as the host's limits allow. */
  private readonly open = new Map<string, Open>();

  constructor(private readonly collectors: Collectors) {}

  opened(event: Of<'connection:open'>): void {
    const { at, connectionId, direction: dir, addr, encryption, muxer, earlyMuxer, peerId } = event;
    const early_muxer = String(earlyMuxer);
    const handshake = { ...addrLabels(addr), security: encryption, muxer, early_muxer };
    this.open.set(connectionId, { dir, handshake, openedAt: at });
    this.collectors.opened.inc({ dir, ...handshake });
    const { publicKey } = peerId;
    if (publicKey !== undefined)
      this.collectors.keyTypes.inc({ dir, key_type: keyTypeLabel(publicKey.type) });
  }

  closed({ connectionId, at }: Of<'connection:close'>): void {
    const connection = this.open.get(connectionId);
    if (connection === undefined) return;
    this.open.delete(connectionId);
    const labels = { dir: connection.dir, ...connection.handshake };
    this.collectors.closed.inc(labels);
    this.collectors.duration.observe(labels, (at - connection.openedAt) / 1000);
  }

  /** The connection has been told before, and counts from the start of its attempt, as in go-libp2p. */
  dialed({ connectionId, afterMs }: Extract<DialEvent, { type: 'dial:connect' }>): void {
    const connection = this.open.get(connectionId);
    if (connection !== undefined) this.collectors.handshake.observe(connection.handshake, afterMs / 1000);
  }
}
