/** Two ends of a channel in memory: latency by a scheduler, back-pressure by a bound. */
import type { Observable, SchedulerLike, Subscription } from 'rxjs';
import { concatBytes, piecesOf } from '../core/bytes.js';
import type { Bytes, Duplex, RoomWatcher, Writable } from '../core/duplex.js';
import { asError, Libp2pError } from '../core/errors.js';
import { Flag } from '../rx/flag.js';
import { ReadableChannel } from '../rx/readable-channel.js';
import { latencyLink, type MemoryLink } from './memory-link.js';
import { Wire } from './memory-wire.js';

/** Under way or unread beyond this, the writer has no room … */
const HIGH_WATER_BYTES = 256 * 1024;
/** … until no more than this is left. */
const LOW_WATER_BYTES = 128 * 1024;
/** A writer without room of whose bytes none are taken for so long is cut off, as by TCP. @source reliability limits, times: write stall */
const WRITE_STALL_MS = 10_000;

/** Bytes that were written together, an end, a reset, or news for the place where it arrives. */
type Parcel = { readonly bytes: Bytes[]; readonly sentAt: number } | 'end' | Error | (() => void);

/** What belongs to each end: its own clock, and the way from it to the other. */
export interface MemoryEndDeps {
  readonly scheduler: SchedulerLike;
  readonly link: MemoryLink;
}

export function memoryPair(
  scheduler: SchedulerLike,
  latencyThere: () => number,
  latencyBack: () => number,
): readonly [Duplex, Duplex] {
  return linkedPair(
    { scheduler, link: latencyLink(latencyThere) },
    { scheduler, link: latencyLink(latencyBack) },
  );
}

export function linkedPair(near: MemoryEndDeps, far: MemoryEndDeps): readonly [MemoryEnd, MemoryEnd] {
  const ends = [new MemoryEnd(near, far), new MemoryEnd(far, near)] as const;
  ends[0].peer = ends[1];
  ends[1].peer = ends[0];
  return ends;
}

export class MemoryEnd extends ReadableChannel implements Duplex {
  peer: MemoryEnd | undefined;
  /** All that has come, read or not. */
  heardBytes = 0;
  readonly sink = {
    next: (bytes: Writable): void => {
      this.write(piecesOf(bytes));
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
  private readonly wire: Wire<Parcel>;
  private outstanding = 0;
  /** Taken here, and not told yet. */
  private unacknowledged = 0;
  private ended = false;
  private destroyed = false;
  /** What was written in this turn travels together. */
  private gathering: Bytes[] | undefined;
  private stall: Subscription | undefined;
  private progressAt = 0;

  constructor(
    private readonly own: MemoryEndDeps,
    other: MemoryEndDeps,
  ) {
    super();
    this.wire = new Wire<Parcel>({
      scheduler: other.scheduler,
      link: own.link,
      back: other.link,
      deliver: (parcel) => {
        if (typeof parcel === 'object' && 'bytes' in parcel) own.link.tap?.(parcel.sentAt, [...parcel.bytes]);
        this.peer?.receive(parcel);
      },
    });
  }

  get room$(): Observable<boolean> {
    return this.room.$;
  }

  override watchRoom(watcher: RoomWatcher): void {
    this.room.watch(watcher);
  }

  /** Runs `news` at the other end, behind what was sent before. */
  notify(news: () => void): void {
    this.send(news);
  }

  override write(pieces: readonly Uint8Array[]): void {
    // A copy, as a wire makes one: neither end sees what the other does to its buffer.
    const copy = concatBytes(...pieces);
    if (this.ended || copy.byteLength === 0) return;
    this.outstanding += copy.byteLength;
    const { pieceBytes } = this.own.link;
    if (pieceBytes === Infinity) this.gather(copy);
    else {
      this.gathering = undefined;
      for (let at = 0; at < copy.byteLength; at += pieceBytes) {
        const piece = copy.subarray(at, at + pieceBytes);
        this.wire.send({ bytes: [piece], sentAt: this.own.scheduler.now() }, piece.byteLength);
      }
    }
    if (this.outstanding > HIGH_WATER_BYTES) this.full();
  }

  private gather(bytes: Bytes): void {
    if (this.gathering === undefined) {
      const gathering: Bytes[] = [];
      this.gathering = gathering;
      this.own.scheduler.schedule(() => {
        if (this.gathering === gathering) this.gathering = undefined;
      }, 0);
      this.wire.send({ bytes: gathering, sentAt: this.own.scheduler.now() }, 0);
    }
    this.gathering.push(bytes);
  }

  private send(parcel: Parcel): void {
    this.gathering = undefined;
    this.wire.send(parcel, 0);
  }

  private receive(parcel: Parcel): void {
    if (typeof parcel === 'function') parcel();
    else if (parcel === 'end') {
      this.side.end();
      if (this.ended) this.room.complete();
    } else if (parcel instanceof Error) this.gone(parcel);
    else
      for (const bytes of parcel.bytes.splice(0)) {
        this.heardBytes += bytes.byteLength;
        this.side.push(bytes);
      }
  }

  // ── back-pressure ──────────────────────────────────────────────────────────────────────────────────────────────────
  /** Tells the writer that its bytes were taken: at once, but not against a link that is down. */
  override onConsumed(byteLength: number): void {
    this.unacknowledged += byteLength;
    if (this.unacknowledged > byteLength) return;
    this.wire.tell(() => {
      const taken = this.unacknowledged;
      this.unacknowledged = 0;
      this.peer?.taken(taken);
    });
  }

  private taken(byteLength: number): void {
    this.outstanding -= byteLength;
    this.progressAt = this.own.scheduler.now();
    if (this.outstanding > LOW_WATER_BYTES) return;
    this.disarm();
    this.room.set(true);
  }

  private full(): void {
    this.room.set(false);
    if (this.stall !== undefined || this.destroyed) return;
    const { scheduler } = this.own;
    this.progressAt = scheduler.now();
    const restMs = (): number => this.progressAt + WRITE_STALL_MS - scheduler.now();
    const stalled = (): void => {
      const what = `the other end took none of ${String(this.outstanding)} bytes for ${String(WRITE_STALL_MS)} ms`;
      this.destroy(new Libp2pError('ERR_WRITE_STALLED', 'network', `memory: ${what}`));
    };
    this.stall = scheduler.schedule(function () {
      const rest = restMs();
      if (rest > 0) this.schedule(undefined, rest);
      else stalled();
    }, WRITE_STALL_MS);
  }

  private disarm(): void {
    this.stall?.unsubscribe();
    this.stall = undefined;
  }

  // ── how it ends ────────────────────────────────────────────────────────────────────────────────────────────────────
  private gone(error: Error): void {
    this.ended = true;
    this.destroyed = true;
    this.disarm();
    this.wire.close();
    this.side.fail(error);
    this.room.complete();
  }

  private destroy(error: Error): void {
    this.side.fail(error);
    this.room.complete();
    if (this.destroyed) return;
    this.ended = true;
    this.destroyed = true;
    this.disarm();
    // Nobody is here any more for what is on its way.
    this.peer?.wire.close();
    this.send(
      new Libp2pError('ERR_TRANSPORT', 'network', 'memory: the connection was reset', { cause: error }),
    );
  }
}
