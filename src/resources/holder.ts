/** One connection's or stream's part in every scope above it: all of it is taken, or nothing (RM-4), and given back once (RM-6). */
import { Libp2pError, type LimitError } from '../core/errors.js';
import type { Direction, Scope } from '../core/limits-contract.js';
import { Counters, type LimitName, type Limits } from './counters.js';

/** Makes the error of a refusal, and tells whoever wants to know. */
export type Refuse = (scope: Counters, limit: LimitName, direction: Direction) => LimitError;

export abstract class Holder implements Scope {
  /** What itself has, and all that is opened on it. */
  readonly own: Counters;
  /** Itself, then those above it, in the order in which they are asked. */
  private chain: readonly Counters[] = [];
  private held = 0;
  private over = false;

  constructor(
    limits: Limits,
    protected readonly direction: Direction,
    protected readonly refuse: Refuse,
  ) {
    this.own = new Counters(this, limits);
  }

  reserveMemory(byteLength: number): void {
    this.assertOpen();
    assertSize(byteLength);
    for (const scope of this.chain)
      if (scope.lacksMemory(byteLength)) throw this.refuse(scope, 'memoryBytes', this.direction);
    this.hold(byteLength);
  }

  tryReserveMemory(byteLength: number): boolean {
    if (this.over) return false;
    assertSize(byteLength);
    for (const scope of this.chain) if (scope.lacksSpareMemory(byteLength)) return false;
    this.hold(byteLength);
    return true;
  }

  releaseMemory(byteLength: number): void {
    if (this.over) return;
    assertSize(byteLength);
    this.hold(-Math.min(byteLength, this.held));
  }

  done(): void {
    if (this.over) return;
    this.leave(this.chain);
    this.over = true;
    this.chain = [];
    this.held = 0;
  }

  /** Made up only where somebody asks. */
  abstract get name(): string;
  /** The limit of `scope` that this one would exceed. */
  protected abstract limitOf(scope: Counters): LimitName | undefined;
  protected abstract count(scope: Counters, by: 1 | -1): void;

  protected begin(chain: readonly Counters[], byteLength: number): void {
    this.held = byteLength;
    this.enter(chain);
    this.chain = chain;
  }

  /** Takes its place in `entered`, gives up the one in `left`; `chain` is what is asked from then on. */
  protected move(entered: readonly Counters[], left: readonly Counters[], chain: readonly Counters[]): void {
    this.enter(entered);
    this.leave(left);
    this.chain = chain;
  }

  /** Throws where it would not be let in. */
  protected check(scopes: readonly Counters[]): void {
    for (const scope of scopes) {
      const limit = this.limitOf(scope) ?? (scope.lacksMemory(this.held) ? 'memoryBytes' : undefined);
      if (limit === undefined) continue;
      // Those that were only made to be asked are forgotten again.
      for (const asked of scopes) asked.settle();
      throw this.refuse(scope, limit, this.direction);
    }
  }

  protected assertOpen(): void {
    if (this.over)
      throw new Libp2pError('ERR_CONNECTION_CLOSED', 'local', `${this.name}: resource scope closed`);
  }

  private enter(scopes: readonly Counters[]): void {
    this.check(scopes);
    for (const scope of scopes) {
      this.count(scope, 1);
      scope.memoryBytes += this.held;
    }
  }

  private leave(scopes: readonly Counters[]): void {
    for (const scope of scopes) {
      this.count(scope, -1);
      scope.memoryBytes -= this.held;
      scope.settle();
    }
  }

  private hold(byteLength: number): void {
    this.held += byteLength;
    for (const scope of this.chain) scope.memoryBytes += byteLength;
  }
}

/** @source RM-12 */
function assertSize(byteLength: number): void {
  if (!(byteLength >= 0))
    throw new Libp2pError(
      'ERR_INVALID_OPTION',
      'local',
      `can't reserve negative memory. rsvp=${String(byteLength)}`,
    );
}
