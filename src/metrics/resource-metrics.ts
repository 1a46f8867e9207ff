/** What a host uses, as far as its events tell: connections, streams and descriptors. @source swarm sheet, MET-30 to MET-33, MET-36 */
import { usesDescriptor } from '../core/address-class.js';
import type { HostEvent } from '../core/events.js';
import { parseMultiaddr } from '../core/multiaddr.js';
import type { Collectors } from './collectors.js';
import { ProtocolLabels } from './protocol-labels.js';

type Of<T extends HostEvent['type']> = Extract<HostEvent, { type: T }>;
type Dir = 'inbound' | 'outbound';
interface Open {
  readonly peer: string;
  readonly dir: Dir;
  readonly usesDescriptor: boolean;
}
interface OpenStream {
  readonly peer: string;
  readonly dir: Dir;
  readonly protocol: string;
}

export class ResourceMetrics {
  private readonly protocols = new ProtocolLabels();
  /** As many as the host's limits allow, both. */
  private readonly connections = new Map<string, Open>();
  private readonly streams = new Map<string, OpenStream>();
  /** How many a peer has, by direction. */
  private readonly ofPeers = { connections: new Counts(), streams: new Counts() };

  constructor(private readonly collectors: Collectors) {}

  opened({ connectionId, peer, direction: dir, addr }: Of<'connection:open'>): void {
    const open = { peer, dir, usesDescriptor: takesDescriptor(addr) };
    this.connections.set(connectionId, open);
    this.countConnection(open, 1);
  }

  closed({ connectionId }: Of<'connection:close'>): void {
    const open = this.connections.get(connectionId);
    if (open === undefined) return;
    this.connections.delete(connectionId);
    this.countConnection(open, -1);
  }

  streamOpened({ streamId, peer, direction: dir, protocol }: Of<'stream:open'>): void {
    const open = { peer, dir, protocol: this.protocols.of(protocol, dir) };
    this.streams.set(streamId, open);
    this.countStream(open, 1);
  }

  streamClosed({ streamId }: Of<'stream:close'>): void {
    const open = this.streams.get(streamId);
    if (open === undefined) return;
    this.streams.delete(streamId);
    this.countStream(open, -1);
  }

  protocolsChanged({ added, removed }: Of<'protocols:change'>): void {
    this.protocols.changed(added, removed);
  }

  /** @source MET-30, MET-31, MET-36 */
  private countConnection(open: Open, by: 1 | -1): void {
    const { peer, dir } = open;
    const { connections, descriptors, peerConnections, previousPeerConnections } = this.collectors;
    connections.inc({ dir, scope: 'system' }, by);
    if (open.usesDescriptor) descriptors.inc({ scope: 'system' }, by);
    const { before, now } = this.ofPeers.connections.change(`${dir} ${peer}`, by);
    // The difference of the two is how many peers have how many now.
    if (before > 0) previousPeerConnections.observe({ dir }, before);
    if (now > 0) peerConnections.observe({ dir }, now);
  }

  /** @source MET-32, MET-33 */
  private countStream({ peer, dir, protocol }: OpenStream, by: 1 | -1): void {
    const { streams, peerStreams, previousPeerStreams } = this.collectors;
    streams.inc({ dir, scope: 'system', protocol: '' }, by);
    streams.inc({ dir, scope: 'protocol', protocol }, by);
    const { before, now } = this.ofPeers.streams.change(`${dir} ${peer}`, by);
    if (before > 0) previousPeerStreams.observe({ dir }, before);
    if (now > 0) peerStreams.observe({ dir }, now);
  }
}

class Counts {
  private readonly byKey = new Map<string, number>();

  change(key: string, by: 1 | -1): { readonly before: number; readonly now: number } {
    const before = this.byKey.get(key) ?? 0;
    const now = before + by;
    if (now === 0) this.byKey.delete(key);
    else this.byKey.set(key, now);
    return { before, now };
  }
}

function takesDescriptor(addr: string): boolean {
  try {
    return usesDescriptor(parseMultiaddr(addr));
  } catch {
    return false;
  }
}
