import type { SchedulerLike, Subscription } from 'rxjs';
import { ExpiryHeap, type Expiring } from '../core/expiry-heap.js';
import { Libp2pError } from '../core/errors.js';
import type { HostStream } from '../stream/stream.js';

/** Stream code for one that nobody used any more. @source libp2p error codes: garbage collected */
const GARBAGE_COLLECTED = 0x1006;

/** A connection, as far as its streams may be idle; `expiresAt` is when the first of them could be due. */
export interface StreamsOwner extends Expiring {
  readonly openStreams: Iterable<HostStream>;
}

/**
 * Resets streams on which no byte has moved for their idle time: one timer a host, set for the earliest stream that could
 * be due, so that neither a byte nor a stream nor a connection costs one.
 */
export class IdleStreams {
  private readonly owners = new ExpiryHeap<StreamsOwner>();
  private timer: Subscription | undefined;
  private timerAt = Infinity;

  constructor(private readonly scheduler: SchedulerLike) {}

  /** A stream was opened: it may be due before all others of its owner, where it is given less time than they are. */
  watch(owner: StreamsOwner, stream: HostStream): void {
    if (owner.heapAt !== -1 && dueAt(stream) >= owner.expiresAt) return;
    owner.expiresAt = dueAt(stream);
    this.owners.place(owner);
    this.arm();
  }

  /**
   * It has ended, and so have its streams. One that only has no stream any more is left for the timer to find: another
   * stream may follow, as they do by the thousand.
   */
  forget(owner: StreamsOwner): void {
    this.owners.remove(owner);
    if (this.owners.first === undefined) this.disarm();
  }

  private disarm(): void {
    this.timer?.unsubscribe();
    this.timer = undefined;
    this.timerAt = Infinity;
  }

  private arm(): void {
    const { first } = this.owners;
    if (first === undefined || first.expiresAt >= this.timerAt) return;
    this.disarm();
    const now = this.scheduler.now();
    this.timerAt = Math.max(now + 1, first.expiresAt);
    this.timer = this.scheduler.schedule(() => {
      this.disarm();
      this.sweep(this.scheduler.now());
      this.arm();
    }, this.timerAt - now);
  }

  private sweep(now: number): void {
    for (
      let { first } = this.owners;
      first !== undefined && first.expiresAt <= now;
      first = this.owners.first
    ) {
      this.owners.remove(first);
      let earliest = Infinity;
      for (const stream of [...first.openStreams]) {
        if (dueAt(stream) <= now) abort(stream);
        else earliest = Math.min(earliest, dueAt(stream));
      }
      // What was opened by whoever heard of it has placed it again.
      if (earliest === Infinity || (first.heapAt !== -1 && first.expiresAt <= earliest)) continue;
      first.expiresAt = Math.max(now + 1, earliest);
      this.owners.place(first);
    }
  }
}

function abort(stream: HostStream): void {
  const what = `no byte has moved for ${String(stream.idleTimeoutMs)} ms`;
  stream.abort(new Libp2pError('ERR_STREAM_IDLE', 'network', what), GARBAGE_COLLECTED);
}

function dueAt(stream: HostStream): number {
  return stream.activeAt + stream.idleTimeoutMs;
}
