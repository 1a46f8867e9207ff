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

/** Drives the keep-alive decisions: one timer a session. */
export class Heartbeat {
  readonly keepAlive: KeepAlive;
  private timer: Subscription | undefined;

  constructor(
    private readonly scheduler: SchedulerLike,
    private readonly owner: HeartbeatOwner,
  ) {
    this.keepAlive = new KeepAlive(scheduler.now(), owner.heardBytes);
  }

  start(): void {
    this.owner.sendPing(this.keepAlive.ping(this.scheduler.now()));
    this.arm();
  }

  stop(): void {
    this.timer?.unsubscribe();
  }

  private arm(): void {
    this.timer = this.scheduler.schedule(() => {
      const now = this.scheduler.now();
      this.owner.onTick(now);
      const wish = this.keepAlive.tick(now, this.owner.heardBytes);
      if (wish === 'dead') this.owner.onDead();
      else {
        this.owner.sendPing(wish);
        this.arm();
      }
    }, KEEP_ALIVE_EVERY_MS);
  }
}
