import type { SchedulerLike, Subscription } from 'rxjs';
import { KEEP_ALIVE_EVERY_MS, KeepAlive } from './keep-alive.js';

export interface HeartbeatOwner {
  /** Bytes that have come so far. */
  readonly heardBytes: number;
  /** Time has passed: look after what is late. */
  onTick(now: number): void;
  sendPing(value: number): void;
  onDead(): void;
}

/**
 * One timer for all sessions of a muxer: as each is due so long after its last beat, who was last is due last, and the list
 * is in order by itself.
 */
export class Heartbeats {
  private first: Heartbeat | undefined;
  private last: Heartbeat | undefined;
  private timer: Subscription | undefined;

  constructor(readonly scheduler: SchedulerLike) {}

  add(beat: Heartbeat): void {
    beat.dueAt = this.scheduler.now() + KEEP_ALIVE_EVERY_MS;
    beat.before = this.last;
    if (this.last === undefined) this.first = beat;
    else this.last.next = beat;
    this.last = beat;
    this.arm();
  }

  /** One that is not there is passed over. */
  remove(beat: Heartbeat): void {
    if (this.first !== beat && beat.before === undefined) return;
    if (beat.before === undefined) this.first = beat.next;
    else beat.before.next = beat.next;
    if (beat.next === undefined) this.last = beat.before;
    else beat.next.before = beat.before;
    beat.before = undefined;
    beat.next = undefined;
    if (this.first !== undefined) return;
    this.timer?.unsubscribe();
    this.timer = undefined;
  }

  private arm(): void {
    if (this.timer !== undefined || this.first === undefined) return;
    this.timer = this.scheduler.schedule(
      () => {
        this.timer = undefined;
        this.beat(this.scheduler.now());
      },
      Math.max(0, this.first.dueAt - this.scheduler.now()),
    );
  }

  private beat(now: number): void {
    try {
      for (let { first } = this; first !== undefined && first.dueAt <= now; first = this.first) {
        this.remove(first);
        first.beat(now);
      }
    } finally {
      this.arm();
    }
  }
}

/** Drives the keep-alive decisions of one session. */
export class Heartbeat {
  readonly keepAlive: KeepAlive;
  /** Its place among the others; theirs to keep. */
  dueAt = 0;
  before: Heartbeat | undefined;
  next: Heartbeat | undefined;

  constructor(
    private readonly beats: Heartbeats,
    private readonly owner: HeartbeatOwner,
  ) {
    this.keepAlive = new KeepAlive(beats.scheduler.now(), owner.heardBytes);
  }

  start(): void {
    this.owner.sendPing(this.keepAlive.ping(this.beats.scheduler.now()));
    this.beats.add(this);
  }

  stop(): void {
    this.beats.remove(this);
  }

  beat(now: number): void {
    this.owner.onTick(now);
    const wish = this.keepAlive.tick(now, this.owner.heardBytes);
    if (wish === 'dead') this.owner.onDead();
    else {
      this.owner.sendPing(wish);
      this.beats.add(this);
    }
  }
}
