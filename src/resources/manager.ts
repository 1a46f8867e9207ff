/** Enforces the limits of a host: who may take what, in the order of RM-40. Synchronous; reads no clock of its own. */
import { LimitError } from '../core/errors.js';
import type {
  ConnectionFacts,
  ConnectionScope,
  Direction,
  ResourceManager,
  ResourceStat,
} from '../core/limits-contract.js';
import { AddressGate } from './address-gate.js';
import { ConnectionHolder, type HolderOwner } from './connection-holder.js';
import type { Refuse } from './holder.js';
import { ScopeTree, type CompleteLimits } from './scope-tree.js';

export interface ManagerDeps {
  readonly limits: CompleteLimits;
  /** Ms on a monotonic clock. */
  readonly now: () => number;
  /** Hears every refusal once, before whoever asked does. */
  readonly refused: (error: LimitError) => void;
}

export class ScopedResourceManager implements ResourceManager {
  private readonly tree: ScopeTree;
  private readonly gate: AddressGate;
  private nextConnection = 1;

  constructor(private readonly deps: ManagerDeps) {
    this.tree = new ScopeTree(deps.limits);
    this.gate = new AddressGate(deps.limits.addresses);
    this.owner = { tree: this.tree, gate: this.gate, refuse: this.refuse };
  }

  openConnection(direction: Direction, { host, usesDescriptor }: ConnectionFacts): ConnectionScope {
    const admitted = this.gate.admit(host, this.deps.now());
    if ('limit' in admitted) throw this.refusal(admitted.scope, admitted.limit, admitted.value, direction);
    const id = this.nextConnection;
    this.nextConnection += 1;
    try {
      return new ConnectionHolder(this.owner, { id, direction, usesDescriptor }, admitted);
    } catch (error) {
      this.gate.leave(admitted);
      throw error;
    }
  }

  stat(): ResourceStat {
    const { system, transient } = this.tree;
    return {
      system: system.stat(),
      transient: transient.stat(),
      ...this.tree.stats(),
      networks: this.gate.size,
    };
  }

  /** What all connections' scopes share. */
  private readonly owner: HolderOwner;

  private readonly refuse: Refuse = ({ name, limits }, limit, direction) =>
    this.refusal(name, limit, limits[limit], direction);

  /** What came in is the remote's doing, what goes out is ours. */
  private refusal(scope: string, limit: string, value: number, direction: Direction): LimitError {
    const error = new LimitError(scope, limit, value, direction === 'inbound' ? 'remote' : 'local');
    this.deps.refused(error);
    return error;
  }
}
