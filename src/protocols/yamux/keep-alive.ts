/**
 * When to give up: decisions only, in injected time. A ping on every tick, so that a remote that only listens hears from us
 * too. Dead after 30 s without a byte, of which the last tick's ping had 15 s for its answer; where a tick is late, the
 * process itself was frozen, and the next one judges. So a remote that falls silent is given up 30 s to 45 s later.
 * @source reliability limits, times: muxer keep-alive (15 + 15 s); P8, F11; go-yamux v5, Session.measureRTT
 */
export const KEEP_ALIVE_EVERY_MS = 15_000;
const DEAD_AFTER_MS = 30_000;
/** A tick this late judges nobody who was silent for it alone. */
const LATE_TICK_MS = 1_000;
/** Bytes that make no chunk are a sign of life if so many come in a tick: a slow line brings more, one that dribbles does not. @source N24 */
const MIN_PROGRESS_BYTES = 1_024;
/** Pings that wait for an answer: later ones go out all the same, the oldest is forgotten. */
const MAX_OUTSTANDING = 4;

interface SentPing {
  readonly value: number;
  readonly sentAt: number;
}
/** Most of the time every ping was answered. */
const NONE: readonly SentPing[] = [];

export class KeepAlive {
  rttMs: number | undefined;
  private heardAt: number;
  private hasHeard = false;
  private tickDueAt: number;
  private silentTicks = 0;
  private nextPing = 0;
  private outstanding = NONE;

  constructor(
    now: number,
    private bytes = 0,
  ) {
    this.heardAt = now;
    this.tickDueAt = now + KEEP_ALIVE_EVERY_MS;
  }

  /** A chunk came. */
  heard(now: number): void {
    this.heardAt = now;
    this.hasHeard = true;
    this.silentTicks = 0;
  }

  /**
   * What the tick asks for: to send a ping of this value, or to give up. `bytes` have come so far below the layers that
   * make chunks of them: a slow line may take long for one.
   */
  tick(now: number, bytes: number): number | 'dead' {
    if (bytes - this.bytes >= MIN_PROGRESS_BYTES && !this.hasHeard) this.heard(now);
    this.bytes = bytes;
    this.hasHeard = false;
    const late = now - this.tickDueAt > LATE_TICK_MS;
    this.tickDueAt = now + KEEP_ALIVE_EVERY_MS;
    const silentTicks = this.silentTicks;
    this.silentTicks += 1;
    const silent = now - this.heardAt >= DEAD_AFTER_MS;
    return silent && silentTicks > 0 && (!late || silentTicks > 1) ? 'dead' : this.ping(now);
  }

  /** The value of a ping to send now. */
  ping(now: number): number {
    const value = this.nextPing;
    this.nextPing = (this.nextPing + 1) >>> 0;
    this.outstanding = [...this.outstanding.slice(1 - MAX_OUTSTANDING), { value, sentAt: now }];
    return value;
  }

  /** An answer came, and with it those to earlier pings are not to come; one that was not asked for is ignored, as go does. */
  pong(value: number, now: number): void {
    const at = this.outstanding.findIndex((ping) => ping.value === value);
    const answered = this.outstanding[at];
    if (answered === undefined) return;
    this.outstanding = at + 1 === this.outstanding.length ? NONE : this.outstanding.slice(at + 1);
    const sample = now - answered.sentAt;
    this.rttMs = this.rttMs === undefined ? sample : (this.rttMs + sample) / 2;
  }
}
