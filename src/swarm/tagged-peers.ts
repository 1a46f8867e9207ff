/** What the connection manager knows of each peer: its connections, its tags, since when. Time is an argument. @source go-libp2p, CM-2 to CM-6 */
import { LimitError } from '../core/errors.js';
import { SmallMap } from '../core/small-map.js';
import type { PeerStanding } from './prune-order.js';

/** Tags of one peer, plain and decaying. @source reliability limits, metadata */
const MAX_TAGS = 64;
/** Peers that have tags and no connection; the oldest is forgotten. @source reliability limits, peerstore */
const MAX_TEMPORARY = 10_000;

export interface DecayingValue {
  readonly value: number;
  /** Ms. */
  readonly bumpedAt: number;
}
export interface TagInfo {
  /** Ms: see `PeerStanding`. */
  readonly firstSeenAt: number;
  readonly value: number;
  readonly tags: ReadonlyMap<string, number>;
  /** When each connection was made, by the remote's address. */
  readonly connections: ReadonlyMap<string, number>;
}
export interface TaggedConnection {
  readonly direction: 'inbound' | 'outbound';
  readonly streamCount: number;
  readonly remoteAddr: { toString(): string };
}
type ValueChanged = (peer: string, name: string, value: number | undefined) => void;

const NO_TAGS = new Map<string, number>();
const NO_DECAYING = new Map<string, DecayingValue>();

class TaggedPeer<C extends TaggedConnection> implements PeerStanding {
  /** These two are `NONE` or its own: hardly a peer has any. */
  tags: Map<string, number> = NO_TAGS;
  decaying: Map<string, DecayingValue> = NO_DECAYING;
  /** With the time at which each was made. */
  readonly since = new SmallMap<C, number>();
  isTemporary = true;

  constructor(
    readonly id: string,
    public firstSeenAt: number,
    private readonly protectedPeers: { has(peer: string): boolean },
  ) {}

  get value(): number {
    let sum = 0;
    for (const value of this.tags.values()) sum += value;
    for (const { value } of this.decaying.values()) sum += value;
    return sum;
  }
  get isProtected(): boolean {
    return this.protectedPeers.has(this.id);
  }
  get connections(): readonly C[] {
    return this.since.keys();
  }
  get isEmpty(): boolean {
    return this.tags.size === 0 && this.decaying.size === 0 && this.since.size === 0;
  }
  valueOf(name: string): number | undefined {
    const [plain, decaying] = [this.tags.get(name), this.decaying.get(name)?.value];
    return plain === undefined ? decaying : plain + (decaying ?? 0);
  }
}
export type { TaggedPeer };

export class TaggedPeers<C extends TaggedConnection> {
  private readonly temporary = new Map<string, TaggedPeer<C>>();
  private readonly connected = new Map<string, TaggedPeer<C>>();
  private count = 0;
  private decayingCount = 0;

  /** `changed` hears of every tag's new value, `undefined` when it is gone. */
  constructor(
    private readonly protectedPeers: { has(peer: string): boolean },
    private readonly changed: ValueChanged = () => undefined,
  ) {}

  get connectionCount(): number {
    return this.count;
  }
  /** Whether there is anything that decays. */
  get decays(): boolean {
    return this.decayingCount > 0;
  }
  /** Those without a connection first, then in the order in which they connected. */
  get all(): readonly TaggedPeer<C>[] {
    return [...this.temporary.values(), ...this.connected.values()];
  }

  /** One that is known already is ignored. */
  add(peer: string, connection: C, now: number): void {
    const known = this.find(peer) ?? new TaggedPeer<C>(peer, now, this.protectedPeers);
    if (known.since.has(connection)) return;
    known.since.set(connection, now);
    this.count += 1;
    if (!known.isTemporary) return;
    known.isTemporary = false;
    known.firstSeenAt = now;
    this.temporary.delete(peer);
    this.connected.set(peer, known);
  }

  /** With its last connection a peer loses its tags. One that is not known is ignored. */
  remove(peer: string, connection: C): void {
    const known = this.connected.get(peer);
    if (known?.since.delete(connection) !== true) return;
    this.count -= 1;
    if (known.since.size === 0) this.forget(known);
  }

  /** Of a plain tag. */
  tagValue(peer: string, name: string): number | undefined {
    return this.find(peer)?.tags.get(name);
  }

  /** Overwrites; `undefined` takes it away. Throws a `LimitError`. */
  setTag(peer: string, name: string, value: number | undefined, now: number): void {
    const known = this.find(peer) ?? (value === undefined ? undefined : this.made(peer, now));
    if (known === undefined) return;
    if (value === undefined) known.tags.delete(name);
    else {
      this.checkRoom(known, known.tags, name);
      if (known.tags === NO_TAGS) known.tags = new Map();
      known.tags.set(name, value);
    }
    this.told(known, name);
  }

  decayingValue(peer: string, name: string): DecayingValue | undefined {
    return this.find(peer)?.decaying.get(name);
  }

  /** As `setTag`. */
  setDecaying(peer: string, name: string, value: DecayingValue | undefined, now: number): void {
    const known = this.find(peer) ?? (value === undefined ? undefined : this.made(peer, now));
    if (known === undefined) return;
    const before = known.decaying.size;
    if (value === undefined) known.decaying.delete(name);
    else {
      this.checkRoom(known, known.decaying, name);
      if (known.decaying === NO_DECAYING) known.decaying = new Map();
      known.decaying.set(name, value);
    }
    this.decayingCount += known.decaying.size - before;
    this.told(known, name);
  }

  info(peer: string): TagInfo | undefined {
    const known = this.find(peer);
    if (known === undefined) return undefined;
    const names = [...known.tags.keys(), ...known.decaying.keys()];
    return {
      firstSeenAt: known.firstSeenAt,
      value: known.value,
      tags: new Map(names.map((name) => [name, known.valueOf(name) ?? 0])),
      connections: new Map(
        known.since.entries().map(([connection, at]) => [connection.remoteAddr.toString(), at]),
      ),
    };
  }

  forget(peer: TaggedPeer<C>): void {
    this.temporary.delete(peer.id);
    this.connected.delete(peer.id);
    this.decayingCount -= peer.decaying.size;
    const names = new Set([...peer.tags.keys(), ...peer.decaying.keys()]);
    for (const name of names) this.changed(peer.id, name, undefined);
  }

  clear(): void {
    this.temporary.clear();
    this.connected.clear();
    [this.count, this.decayingCount] = [0, 0];
  }

  private find(peer: string): TaggedPeer<C> | undefined {
    return this.connected.get(peer) ?? this.temporary.get(peer);
  }

  private made(peer: string, now: number): TaggedPeer<C> {
    const made = new TaggedPeer<C>(peer, now, this.protectedPeers);
    this.temporary.set(peer, made);
    const [oldest] = this.temporary.values();
    if (this.temporary.size > MAX_TEMPORARY && oldest !== undefined) this.forget(oldest);
    return made;
  }

  private checkRoom(peer: TaggedPeer<C>, into: ReadonlyMap<string, unknown>, name: string): void {
    if (!into.has(name) && peer.tags.size + peer.decaying.size >= MAX_TAGS)
      throw new LimitError('peer', 'tags', MAX_TAGS, 'local');
  }

  private told(peer: TaggedPeer<C>, name: string): void {
    this.changed(peer.id, name, peer.valueOf(name));
    if (peer.isEmpty) this.forget(peer);
  }
}
