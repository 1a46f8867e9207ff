/** The scopes of connections and of their streams (RM-2, RM-3). */
import { Libp2pError } from '../core/errors.js';
import {
  FREE_BYTES_EACH_WAY,
  type ConnectionScope,
  type Direction,
  type StreamScope,
} from '../core/limits-contract.js';
import type { Admitted, AddressGate } from './address-gate.js';
import type { Counters, LimitName } from './counters.js';
import { Holder, type Refuse } from './holder.js';
import type { PeerScope, Roots, ScopeTree } from './scope-tree.js';

/** Charged for a connection as it stands: one frame that is not whole yet, and its objects. @source reliability promise P4 */
const CONNECTION_BYTES = 32 * 1024;
const STREAM_BYTES = 2 * FREE_BYTES_EACH_WAY;

/** What all connections' scopes share. */
export interface HolderOwner {
  readonly tree: ScopeTree;
  readonly gate: AddressGate;
  readonly refuse: Refuse;
}
export interface ConnectionClaim {
  readonly id: number;
  readonly host: string | undefined;
  readonly direction: Direction;
  readonly usesDescriptor: boolean;
}

export class ConnectionHolder extends Holder implements ConnectionScope {
  private peer: PeerScope | undefined;
  private nextStream = 1;
  private readonly id: number;
  private readonly host: string | undefined;
  private readonly usesDescriptor: boolean;

  constructor(
    private readonly owner: HolderOwner,
    { id, host, direction, usesDescriptor }: ConnectionClaim,
    /** The networks that it is counted in, until it is done. */
    private networks: Admitted | undefined,
    /** The scopes that all connections share, or the allowlisted ones. */
    private readonly roots: Roots = owner.tree,
  ) {
    super(owner.tree.limits.connection, direction, owner.refuse);
    this.id = id;
    this.host = host;
    this.usesDescriptor = usesDescriptor;
    this.begin([this.own, roots.transient, roots.system], CONNECTION_BYTES);
  }

  get tree(): ScopeTree {
    return this.owner.tree;
  }
  get name(): string {
    return `conn-${String(this.id)}`;
  }

  checkPeer(peer: string): void {
    const { own } = this.tree.peer(peer);
    this.check([own]);
    own.settle();
  }

  setPeer(peer: string): void {
    this.assertOpen();
    if (this.peer !== undefined) throw twice('connection scope already attached to a peer');
    const { tree } = this;
    const { transient, system } = this.roots;
    const scope = tree.peer(peer);
    if (this.roots === tree || tree.limits.allowlist.allows(this.host, peer))
      this.move([scope.own], [transient], [this.own, scope.own, system]);
    // It came from there, and is not the one who may: it is like all others (RM-44).
    else this.move([scope.own, tree.system], [transient, system], [this.own, scope.own, tree.system]);
    this.peer = scope;
  }

  openStream(direction: Direction, protocol?: string): StreamScope {
    this.assertOpen();
    if (this.peer === undefined) throw twice('connection scope not attached to a peer');
    const id = this.nextStream;
    this.nextStream += 1;
    const stream = new StreamHolder(this, this.peer, direction, id, this.refuse);
    stream.open(protocol);
    return stream;
  }

  override done(): void {
    super.done();
    const { networks } = this;
    this.networks = undefined;
    if (networks !== undefined) this.owner.gate.leave(networks);
  }

  protected limitOf(scope: Counters): LimitName | undefined {
    return scope.connectionLimit(this.direction, this.usesDescriptor);
  }

  protected count(scope: Counters, by: 1 | -1): void {
    scope.countConnection(this.direction, this.usesDescriptor, by);
  }
}

/** Unlike go's, a stream counts towards its connection as well: that is how a connection's memory is bounded. */
class StreamHolder extends Holder implements StreamScope {
  private served = false;
  private protocol: string | undefined;

  constructor(
    private readonly connection: ConnectionHolder,
    private readonly peer: PeerScope,
    direction: Direction,
    private readonly id: number,
    refuse: Refuse,
  ) {
    super(connection.tree.limits.stream, direction, refuse);
  }

  /** Throws a `LimitError`, and takes nothing then. */
  open(protocol: string | undefined): void {
    const { connection, peer } = this;
    const { tree } = connection;
    if (protocol === undefined) {
      this.begin([this.own, connection.own, peer.own, tree.transient, tree.system], STREAM_BYTES);
      return;
    }
    const [ofPeer, ofAll] = [peer.protocol(protocol), tree.protocol(protocol)];
    this.begin([this.own, connection.own, peer.own, ofPeer, ofAll, tree.system], STREAM_BYTES);
    this.protocol = protocol;
  }

  get name(): string {
    return `${this.connection.name}: stream-${String(this.id)}`;
  }

  setProtocol(protocol: string): void {
    this.assertOpen();
    if (this.protocol !== undefined) throw twice('stream scope already attached to a protocol');
    const { connection, peer } = this;
    const { tree } = connection;
    const [ofPeer, ofAll] = [peer.protocol(protocol), tree.protocol(protocol)];
    // Spread, the list would have room for a dozen more.
    const chain = [this.own, connection.own, peer.own, ofPeer, ofAll, tree.system];
    this.move([ofPeer, ofAll], [tree.transient], chain);
    this.protocol = protocol;
  }

  setService(service: string): void {
    this.assertOpen();
    const { protocol } = this;
    if (protocol === undefined) throw twice('stream scope not attached to a protocol');
    if (this.served) throw twice('stream scope already attached to a service');
    const { connection, peer } = this;
    const { tree } = connection;
    const scopes = [peer.service(service), tree.service(service)];
    const attached = [peer.protocol(protocol), tree.protocol(protocol)];
    this.move(scopes, [], [this.own, connection.own, peer.own, ...scopes, ...attached, tree.system]);
    this.served = true;
  }

  protected limitOf(scope: Counters): LimitName | undefined {
    return scope.streamLimit(this.direction);
  }

  protected count(scope: Counters, by: 1 | -1): void {
    scope.countStream(this.direction, by);
  }
}

/** @source RM-10 */
function twice(message: string): Libp2pError {
  return new Libp2pError('ERR_INVALID_OPTION', 'local', message);
}
