/**
 * A protocol that was proposed without waiting for the answer. Byte path (ADR 2; measured by `bench/`): one object holds
 * what is proposed, reads the answer and is its deadline.
 */
import { TimeoutError } from '../core/errors.js';
import type { Bytes } from '../core/duplex.js';
import { LazyAnswer, proposalOf } from '../protocols/multistream/offer.js';
import type { Deadline, Deadlines } from '../rx/deadlines.js';
import type { PendingProposal } from '../stream/stream-facts.js';
import type { HostStream } from '../stream/stream.js';
import { NEGOTIATION_FAILED, NEGOTIATION_MS } from './negotiation.js';

export class LazyProposal extends LazyAnswer implements PendingProposal, Deadline {
  dueAt = 0;
  private stream: HostStream | undefined;

  constructor(
    protocol: string,
    readonly holdsEnd: boolean,
    private readonly deadlines: Deadlines,
  ) {
    super(protocol);
  }

  get bytes(): Bytes {
    return proposalOf(this.protocol);
  }

  /** Waits for the answer from now on. */
  begin(stream: HostStream): void {
    this.stream = stream;
    this.deadlines.set(this);
  }

  settled(): void {
    this.deadlines.clear(this);
  }

  expire(): void {
    if (this.stream?.awaitsAnswer !== true) return;
    this.stream.abort(new TimeoutError(`the answer to ${this.protocol}`, NEGOTIATION_MS), NEGOTIATION_FAILED);
  }
}
