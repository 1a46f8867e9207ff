/** The scopes that connections and streams share: system, transient, and those that are there by name while they are used (RM-1). */
import { quote } from '../core/errors.js';
import type { ScopeStat } from '../core/limits-contract.js';
import { SmallMap } from '../core/small-map.js';
import { Counters, type Keeper, type Limits, type Named } from './counters.js';
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

export class ScopeTree implements Roots, Keeper {
  readonly system: Counters;
  readonly transient: Counters;
  /** For those who are let in although the others are full (RM-44). */
  readonly allowlisted: Roots;
  private readonly peers = new Map<string, PeerScope>();
  private readonly protocols = new ScopeSet('protocol');
  private readonly services = new ScopeSet('service');

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
    const made = new PeerScope(peer, this);
    this.peers.set(peer, made);
    return made;
  }

  /** A peer that is not used any more. */
  forget(peer: string | undefined): void {
    if (peer !== undefined) this.peers.delete(peer);
  }

  protocol(protocol: string): Counters {
    return this.protocols.get(protocol, this.limits.protocol);
  }

  service(service: string): Counters {
    return this.services.get(service, this.limits.service);
  }

  stats(): Readonly<Record<'peers' | 'protocols' | 'services', Readonly<Record<string, ScopeStat>>>> {
    return {
      peers: statsOf([...this.peers].map(([key, { own }]) => [key, own])),
      protocols: statsOf(this.protocols.entries()),
      services: statsOf(this.services.entries()),
    };
  }
}

/** A peer's own, and what it has of each protocol and service; those constrain nobody else (RM-1). */
export class PeerScope implements Named {
  readonly own: Counters;
  /** Made by the first stream: most peers are idle. */
  private protocols: ScopeSet | undefined;
  private services: ScopeSet | undefined;

  constructor(
    private readonly id: string,
    private readonly tree: ScopeTree,
  ) {
    const { each, named } = tree.limits.peer;
    const limits = named.get(id);
    // One whose limits were set by name stays (RM-11).
    this.own = limits === undefined ? new Counters(this, each, tree, id) : new Counters(this, limits);
  }

  get name(): string {
    return `peer:${this.id}`;
  }

  protocol(protocol: string): Counters {
    this.protocols ??= new ScopeSet('protocol', this, () => {
      this.protocols = undefined;
    });
    return this.protocols.get(protocol, this.tree.limits.protocolPeer);
  }

  service(service: string): Counters {
    this.services ??= new ScopeSet('service', this, () => {
      this.services = undefined;
    });
    return this.services.get(service, this.tree.limits.servicePeer);
  }
}

/** Scopes that are there by name while they are used. */
class ScopeSet implements Keeper {
  private readonly scopes = new SmallMap<string, Counters>();

  constructor(
    private readonly kind: string,
    private readonly owner?: Named,
    private readonly emptied?: () => void,
  ) {}

  get(key: string, { each, named }: KeyedLimits): Counters {
    const known = this.scopes.get(key);
    if (known !== undefined) return known;
    const own = named.get(key);
    // A protocol scope of one peer goes with its last stream, whoever set its limits: there may be many peers.
    const sticky = own !== undefined && this.owner === undefined;
    const name = new ScopeName(this.kind, key, this.owner);
    const made = new Counters(name, own ?? each, sticky ? undefined : this, key);
    this.scopes.set(key, made);
    return made;
  }

  forget(key: string | undefined): void {
    if (key === undefined) return;
    this.scopes.delete(key);
    if (this.scopes.size === 0) this.emptied?.();
  }

  entries(): readonly (readonly [key: string, scope: Counters])[] {
    return this.scopes.entries();
  }
}

class ScopeName implements Named {
  constructor(
    private readonly kind: string,
    private readonly key: string,
    private readonly owner: Named | undefined,
  ) {}

  get name(): string {
    const suffix = this.owner === undefined ? '' : `.${this.owner.name}`;
    return `${this.kind}:${printable(this.key)}${suffix}`;
  }
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
