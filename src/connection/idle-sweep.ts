import type { SchedulerLike, Subscription } from 'rxjs';
import { Libp2pError } from '../core/errors.js';
import type { HostStream } from '../stream/stream.js';

/** Stream code for one that nobody used any more. @source libp2p error codes: garbage collected */
const GARBAGE_COLLECTED = 0x1006;

/**
 * Resets streams on which no byte has moved for their idle time: one timer a connection, set for the earliest stream
 * that could be due, so that neither a byte nor a stream costs one.
 */
export class IdleSweep {
  private timer: Subscription | undefined;
  private timerAt = Infinity;
  private closed = false;

  constructor(
    private readonly scheduler: SchedulerLike,
    /** Filled and emptied here. */
    private readonly streams: Set<HostStream>,
  ) {}

  /** A stream was opened: it may be due before all others, where it is given less time than they are. */
  watch(stream: HostStream): void {
    this.streams.add(stream);
    if (dueAt(stream) < this.timerAt) this.arm();
  }

  /** A stream has ended. */
  unwatch(stream: HostStream): void {
    this.streams.delete(stream);
    if (this.streams.size === 0) this.disarm();
  }

  close(): void {
    this.closed = true;
    this.disarm();
  }

  private disarm(): void {
    this.timer?.unsubscribe();
    this.timerAt = Infinity;
  }

  private arm(): void {
    this.disarm();
    if (this.closed || this.streams.size === 0) return;
    const now = this.scheduler.now();
    let earliest = Infinity;
    for (const stream of this.streams) earliest = Math.min(earliest, dueAt(stream));
    this.timerAt = Math.max(now + 1, earliest);
    this.timer = this.scheduler.schedule(() => {
      this.sweep();
      this.arm();
    }, this.timerAt - now);
  }

  private sweep(): void {
    const now = this.scheduler.now();
    for (const stream of [...this.streams]) {
      if (dueAt(stream) > now) continue;
      stream.abort(
        new Libp2pError(
          'ERR_STREAM_IDLE',
          'network',
          `no byte has moved for ${String(stream.idleTimeoutMs)} ms`,
        ),
        GARBAGE_COLLECTED,
      );
    }
  }
}

function dueAt(stream: HostStream): number {
  return stream.activeAt + stream.idleTimeoutMs;
}
