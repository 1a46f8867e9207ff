/** The scopes that connections and streams share: system, transient, and those that are there by name while they are used (RM-1). */
import { quote } from '../core/errors.js';
import type { ScopeStat } from '../core/limits-contract.js';
import { Counters, type Limits } from './counters.js';
import type { AddressNumbers } from './address-gate.js';
import type { Allowlist } from './allowlist.js';

/** A limit for everybody, and for those that have their own. */
export interface KeyedLimits {
  readonly each: Limits;
  readonly named: ReadonlyMap<string, Limits>;
}
export interface CompleteLimits {
  readonly system: Limits;
  readonly transient: Limits;
  readonly connection: Limits;
  readonly stream: Limits;
  readonly peer: KeyedLimits;
  readonly protocol: KeyedLimits;
  readonly protocolPeer: KeyedLimits;
  readonly service: KeyedLimits;
  readonly servicePeer: KeyedLimits;
  readonly addresses: AddressNumbers;
  readonly allowlist: Allowlist;
  readonly allowlistedSystem: Limits;
  readonly allowlistedTransient: Limits;
}
/** What every connection counts under. */
export interface Roots {
  readonly system: Counters;
  readonly transient: Counters;
}

export class ScopeTree implements Roots {
  readonly system: Counters;
  readonly transient: Counters;
  /** For those who are let in although the others are full (RM-44). */
  readonly allowlisted: Roots;
  private readonly peers = new Map<string, PeerScope>();
  private readonly protocols = new Map<string, Counters>();
  private readonly services = new Map<string, Counters>();

  constructor(readonly limits: CompleteLimits) {
    this.system = new Counters('system', limits.system);
    this.transient = new Counters('transient', limits.transient);
    this.allowlisted = {
      system: new Counters('allowlistedSystem', limits.allowlistedSystem),
      transient: new Counters('allowlistedTransient', limits.allowlistedTransient),
    };
  }

  peer(peer: string): PeerScope {
    const known = this.peers.get(peer);
    if (known !== undefined) return known;
    const made = new PeerScope(peer, this.limits, this.peers);
    this.peers.set(peer, made);
    return made;
  }

  protocol(protocol: string): Counters {
    return scopeIn(this.protocols, protocol, this.limits.protocol, 'protocol');
  }

  service(service: string): Counters {
    return scopeIn(this.services, service, this.limits.service, 'service');
  }

  stats(): Readonly<Record<'peers' | 'protocols' | 'services', Readonly<Record<string, ScopeStat>>>> {
    return {
      peers: statsOf([...this.peers].map(([key, { own }]) => [key, own])),
      protocols: statsOf([...this.protocols]),
      services: statsOf([...this.services]),
    };
  }
}

/** A peer's own, and what it has of each protocol and service; those constrain nobody else (RM-1). */
export class PeerScope {
  readonly own: Counters;
  private readonly protocols = new Map<string, Counters>();
  private readonly services = new Map<string, Counters>();

  constructor(
    private readonly id: string,
    private readonly all: CompleteLimits,
    home: { delete(key: string): unknown },
  ) {
    const { each, named } = all.peer;
    const limits = named.get(id);
    // One whose limits were set by name stays (RM-11).
    this.own = new Counters(
      `peer:${id}`,
      limits ?? each,
      limits === undefined ? { home, key: id } : undefined,
    );
  }

  protocol(protocol: string): Counters {
    return scopeIn(this.protocols, protocol, this.all.protocolPeer, 'protocol', `.peer:${this.id}`);
  }

  service(service: string): Counters {
    return scopeIn(this.services, service, this.all.servicePeer, 'service', `.peer:${this.id}`);
  }
}

function scopeIn(
  home: Map<string, Counters>,
  key: string,
  { each, named }: KeyedLimits,
  kind: string,
  suffix = '',
): Counters {
  const known = home.get(key);
  if (known !== undefined) return known;
  const own = named.get(key);
  // A protocol scope of one peer goes with its last stream, whoever set its limits: there may be many peers.
  const sticky = own !== undefined && suffix === '';
  const name = (): string => `${kind}:${printable(key)}${suffix}`;
  const made = new Counters(name, own ?? each, sticky ? undefined : { home, key });
  home.set(key, made);
  return made;
}

/** Names that a remote chose can reach a message. */
function printable(name: string): string {
  return /^[\x21-\x7e]{1,256}$/.test(name) ? name : quote(name);
}

function statsOf(
  scopes: readonly (readonly [key: string, scope: Counters])[],
): Readonly<Record<string, ScopeStat>> {
  return Object.fromEntries(scopes.map(([key, scope]) => [key, scope.stat()]));
}
