/**
 * Everything that leaves: frames that jump the queue, then the streams in turn, gathered once a tick into one write, as
 * long as the channel has room. Byte path (ADR 2; measured by `bench/`).
 */
import type { SchedulerLike } from 'rxjs';
import type { PlainChannel, RoomWatcher } from '../../core/duplex.js';
import { Batch, type Slab } from './batch.js';
import { HEADER_BYTES } from './frame.js';
import type { YamuxStream } from './stream.js';

/** One write to the channel: about one noise message. @source byte-path measurements: 48 KiB plaintexts did best */
const BATCH_BYTES = 48 * 1024;
/** A body while other streams wait: short, so that none waits long. */
const SHARED_BODY_BYTES = 16 * 1024;

interface ControlFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly length: number;
}

export class Outbox implements RoomWatcher {
  bytesWritten = 0;
  private control: ControlFrame[] = [];
  private pong: ControlFrame | undefined;
  private ready: YamuxStream[] = [];
  private readyHead = 0;
  private hasRoom = true;
  /** Whether a write is being put together: nothing may end the channel before it has left. */
  flushing = false;
  private flushScheduled = false;
  private closed = false;

  constructor(
    private readonly channel: PlainChannel,
    private readonly scheduler: SchedulerLike,
    private readonly slab: Slab,
  ) {}

  get controlFrames(): number {
    return this.control.length;
  }

  pushControl(frame: ControlFrame): void {
    this.control.push(frame);
    this.scheduleFlush();
  }

  /** The newest ping's answer: one waits at most. */
  pushPong(frame: ControlFrame): void {
    this.pong = frame;
    this.scheduleFlush();
  }

  pushStream(stream: YamuxStream): void {
    if (stream.scheduled || !stream.wantsTurn) return;
    stream.scheduled = true;
    this.ready.push(stream);
    this.scheduleFlush();
  }

  /** The channel's. */
  onRoom(hasRoom: boolean): void {
    this.hasRoom = hasRoom;
    if (hasRoom) this.scheduleFlush();
  }

  /** Writes what there is now, room or not: for the last words. */
  flushAll(): void {
    this.hasRoom = true;
    this.flush();
  }

  close(): void {
    this.closed = true;
    this.control = [];
    this.ready = [];
  }

  private scheduleFlush(): void {
    if (this.flushScheduled || this.flushing || !this.hasRoom || this.closed) return;
    this.flushScheduled = true;
    this.scheduler.schedule(() => {
      this.flushScheduled = false;
      this.flush();
    }, 0);
  }

  /** Writes what there is, as far as there is room. */
  flush(): void {
    if (this.flushing) return;
    this.flushing = true;
    while (this.hasRoom && !this.closed) {
      const batch = new Batch(this.slab);
      this.fillControl(batch);
      this.fillStreams(batch);
      if (batch.byteLength === 0) break;
      this.bytesWritten += batch.byteLength;
      this.channel.write(batch.take());
    }
    this.flushing = false;
  }

  private fillControl(batch: Batch): void {
    if (this.pong !== undefined) this.control.push(this.pong);
    this.pong = undefined;
    if (this.control.length === 0) return;
    const frames = this.control;
    this.control = [];
    for (const { type, flags, streamId, length } of frames) batch.header(type, flags, streamId, length);
  }

  private fillStreams(batch: Batch): void {
    while (this.readyHead < this.ready.length) {
      const budget = BATCH_BYTES - batch.byteLength - 2 * HEADER_BYTES;
      // A stream is not given a crumb at the end of a batch: its turn comes first in the next one.
      if (budget < BATCH_BYTES / 8) return;
      const stream = this.ready[this.readyHead];
      this.readyHead += 1;
      if (stream === undefined) continue;
      const alone = this.readyHead === this.ready.length;
      stream.fill(batch, alone ? budget : Math.min(budget, SHARED_BODY_BYTES));
      if (stream.wantsTurn) this.ready.push(stream);
      else stream.scheduled = false;
      this.compact();
    }
  }

  private compact(): void {
    if (this.readyHead < 64 && this.readyHead !== this.ready.length) return;
    this.ready = this.ready.slice(this.readyHead);
    this.readyHead = 0;
  }
}
