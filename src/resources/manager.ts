/** Enforces the limits of a host: who may take what, in the order of RM-40. Synchronous; reads no clock of its own. */
import { LimitError } from '../core/errors.js';
import type {
  ConnectionFacts,
  ConnectionScope,
  Direction,
  ResourceManager,
  ResourceStat,
} from '../core/limits-contract.js';
import { AddressGate, type Admitted } from './address-gate.js';
import { ConnectionHolder, type ConnectionClaim, type HolderOwner } from './connection-holder.js';
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
    const { allowlist, allowlistedSystem } = this.deps.limits;
    const network = allowlist.networkOf(host);
    const own =
      network === undefined ? undefined : { name: network, connections: allowlistedSystem.connections };
    const admitted = this.gate.admit(host, this.deps.now(), own);
    if ('limit' in admitted) throw this.refusal(admitted.scope, admitted.limit, admitted.value, direction);
    const id = this.nextConnection;
    this.nextConnection += 1;
    const claim = { id, host, direction, usesDescriptor };
    try {
      return own === undefined
        ? new ConnectionHolder(this.owner, claim, admitted)
        : this.letIn(claim, admitted);
    } catch (error) {
      this.gate.leave(admitted);
      throw error;
    }
  }

  mustVerifySource(host: string | undefined): boolean {
    return this.gate.mustVerify(host, this.deps.now());
  }

  /** As everybody else; where that is refused, which nobody need know then, under the allowlisted scopes (RM-40.4). */
  private letIn(claim: ConnectionClaim, networks: Admitted): ConnectionHolder {
    let isTrying = true;
    const refuse: Refuse = (scope, limit, direction) =>
      isTrying
        ? limitError(scope.name, limit, scope.limits[limit], direction)
        : this.refuse(scope, limit, direction);
    try {
      const holder = new ConnectionHolder(this.owner, claim, networks, refuse);
      isTrying = false;
      return holder;
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      return new ConnectionHolder(this.owner, claim, networks, this.refuse, this.tree.allowlisted);
    }
  }

  stat(): ResourceStat {
    const { system, transient, allowlisted } = this.tree;
    return {
      system: system.stat(),
      transient: transient.stat(),
      allowlistedSystem: allowlisted.system.stat(),
      allowlistedTransient: allowlisted.transient.stat(),
      ...this.tree.stats(),
      networks: this.gate.size,
    };
  }

  /** What all connections' scopes share. */
  private readonly owner: HolderOwner;

  private readonly refuse: Refuse = ({ name, limits }, limit, direction) =>
    this.refusal(name, limit, limits[limit], direction);

  private refusal(...refused: Parameters<typeof limitError>): LimitError {
    const error = limitError(...refused);
    this.deps.refused(error);
    return error;
  }
}

/** What came in is the remote's doing, what goes out is ours. */
function limitError(scope: string, limit: string, value: number, direction: Direction): LimitError {
  return new LimitError(scope, limit, value, direction === 'inbound' ? 'remote' : 'local');
}
