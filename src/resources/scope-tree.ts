/** The scopes that connections and streams share: system, transient, and those that are there by name while they are used (RM-1). */
import { quote } from '../core/errors.js';
import type { ScopeStat } from '../core/limits-contract.js';
import { KeyedCounters, LastingCounters, type Limits } from './counters.js';
import type { AddressNumbers } from './address-gate.js';

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
}

export class ScopeTree {
  readonly system: LastingCounters;
  readonly transient: LastingCounters;
  private readonly peers = new Map<string, PeerCounters>();
  private readonly protocols = new Map<string, KeyedCounters>();
  private readonly services = new Map<string, KeyedCounters>();

  constructor(readonly limits: CompleteLimits) {
    this.system = new LastingCounters('system', limits.system);
    this.transient = new LastingCounters('transient', limits.transient);
  }

  peer(peer: string): PeerCounters {
    const known = this.peers.get(peer);
    if (known !== undefined) return known;
    const made = new PeerCounters(peer, this.limits, this.peers);
    this.peers.set(peer, made);
    return made;
  }

  protocol(protocol: string): KeyedCounters {
    return scopeIn(this.protocols, protocol, this.limits.protocol, 'protocol');
  }

  service(service: string): KeyedCounters {
    return scopeIn(this.services, service, this.limits.service, 'service');
  }

  stats(): Readonly<Record<'peers' | 'protocols' | 'services', Readonly<Record<string, ScopeStat>>>> {
    return {
      peers: statsOf(this.peers),
      protocols: statsOf(this.protocols),
      services: statsOf(this.services),
    };
  }
}

/** A peer's own, and what it has of each protocol and service; those constrain nobody else (RM-1). */
export class PeerCounters extends KeyedCounters {
  private readonly protocols = new Map<string, KeyedCounters>();
  private readonly services = new Map<string, KeyedCounters>();

  constructor(
    private readonly id: string,
    private readonly all: CompleteLimits,
    home: { delete(key: string): unknown },
  ) {
    const own = all.peer.named.get(id);
    super(`peer:${id}`, own ?? all.peer.each, home, id, own !== undefined);
  }

  protocol(protocol: string): KeyedCounters {
    return scopeIn(this.protocols, protocol, this.all.protocolPeer, 'protocol', `.peer:${this.id}`);
  }

  service(service: string): KeyedCounters {
    return scopeIn(this.services, service, this.all.servicePeer, 'service', `.peer:${this.id}`);
  }
}

function scopeIn(
  home: Map<string, KeyedCounters>,
  key: string,
  { each, named }: KeyedLimits,
  kind: string,
  suffix = '',
): KeyedCounters {
  const known = home.get(key);
  if (known !== undefined) return known;
  const own = named.get(key);
  // A protocol scope of one peer goes with its last stream, whoever set its limits: there may be many peers.
  const sticky = own !== undefined && suffix === '';
  const made = new KeyedCounters(`${kind}:${printable(key)}${suffix}`, own ?? each, home, key, sticky);
  home.set(key, made);
  return made;
}

/** Names that a remote chose can reach a message. */
function printable(name: string): string {
  return /^[\x21-\x7e]{1,256}$/.test(name) ? name : quote(name);
}

function statsOf(scopes: ReadonlyMap<string, KeyedCounters>): Readonly<Record<string, ScopeStat>> {
  return Object.fromEntries([...scopes].map(([key, scope]) => [key, scope.stat()]));
}
