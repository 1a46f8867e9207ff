/** Two ends of a channel in memory: latency by a scheduler, back-pressure by a bound. */
import type { Observable, SchedulerLike } from 'rxjs';
import type { Bytes, Duplex, Writable } from '../core/duplex.js';
import { asError, Libp2pError } from '../core/errors.js';
import { Flag } from '../rx/flag.js';
import { ReadSide } from '../rx/read-side.js';

/** Under way or unread beyond this, the writer has no room … */
const HIGH_WATER_BYTES = 256 * 1024;
/** … until no more than this is left. */
const LOW_WATER_BYTES = 128 * 1024;

type Parcel = { readonly bytes: Bytes[] } | 'end' | Error;

export function memoryPair(
  scheduler: SchedulerLike,
  latencyThere: () => number,
  latencyBack: () => number,
): readonly [Duplex, Duplex] {
  const near = new MemoryEnd(scheduler, latencyThere);
  const far = new MemoryEnd(scheduler, latencyBack);
  near.peer = far;
  far.peer = near;
  return [near, far];
}

class MemoryEnd implements Duplex {
  peer: MemoryEnd | undefined;
  readonly sink = {
    next: (bytes: Writable): void => {
      this.write(bytes);
    },
    error: (error: unknown): void => {
      this.destroy(asError(error));
    },
    complete: (): void => {
      if (this.ended) return;
      this.ended = true;
      this.send('end');
      if (this.side.ended) this.room.complete();
    },
  };
  private readonly room = new Flag(true);
  private readonly side = new ReadSide({
    onConsumed: (byteLength) => {
      this.peer?.taken(byteLength);
    },
  });
  private outstanding = 0;
  private ended = false;
  private destroyed = false;
  private lastArrivalAt = 0;
  private readonly underWay: Parcel[] = [];
  /** What was written in this turn travels together. */
  private gathering: Bytes[] | undefined;

  constructor(
    private readonly scheduler: SchedulerLike,
    private readonly latencyMs: () => number,
  ) {}

  get room$(): Observable<boolean> {
    return this.room.$;
  }

  read(room$?: Observable<boolean>): Observable<Bytes> {
    return this.side.read(room$);
  }

  private write(bytes: Writable): void {
    if (this.ended || bytes.byteLength === 0) return;
    this.outstanding += bytes.byteLength;
    // A copy, as a wire makes one: neither end sees what the other does to its buffer.
    const copy = new Uint8Array(bytes.byteLength);
    if (bytes instanceof Uint8Array) copy.set(bytes);
    else copy.set(bytes.subarray());
    if (this.gathering === undefined) {
      this.gathering = [];
      this.send({ bytes: this.gathering });
    }
    this.gathering.push(copy);
    if (this.outstanding > HIGH_WATER_BYTES) this.room.set(false);
  }

  private send(parcel: Parcel): void {
    const { peer } = this;
    if (parcel === 'end' || parcel instanceof Error) this.gathering = undefined;
    else
      this.scheduler.schedule(() => {
        if (this.gathering === parcel.bytes) this.gathering = undefined;
      }, 0);
    // A link that becomes faster must not let what is sent now overtake what is under way.
    const now = this.scheduler.now();
    this.lastArrivalAt = Math.max(now + this.latencyMs(), this.lastArrivalAt);
    // Nor may two timers that are due together: whichever comes first brings the oldest.
    this.underWay.push(parcel);
    this.scheduler.schedule(() => {
      const oldest = this.underWay.shift();
      if (oldest !== undefined) peer?.receive(oldest);
    }, this.lastArrivalAt - now);
  }

  private receive(parcel: Parcel): void {
    if (parcel === 'end') {
      this.side.end();
      if (this.ended) this.room.complete();
    } else if (parcel instanceof Error) {
      this.ended = true;
      this.destroyed = true;
      this.side.fail(parcel);
      this.room.complete();
    } else for (const bytes of parcel.bytes.splice(0)) this.side.push(bytes);
  }

  private taken(byteLength: number): void {
    this.outstanding -= byteLength;
    if (this.outstanding <= LOW_WATER_BYTES) this.room.set(true);
  }

  private destroy(error: Error): void {
    this.side.fail(error);
    this.room.complete();
    if (this.destroyed) return;
    this.ended = true;
    this.destroyed = true;
    this.send(
      new Libp2pError('ERR_TRANSPORT', 'network', 'memory: the connection was reset', { cause: error }),
    );
  }
}
