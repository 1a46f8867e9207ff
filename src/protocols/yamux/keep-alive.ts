/**
 * When to ping and when to give up: decisions only, in injected time. A tick every 15 s; a ping if the line was quiet or
 * the round-trip time is old; dead after two silent ticks, if a ping has gone unanswered between them. One ping is
 * outstanding at a time.
 * @source go-yamux v5, Session.measureRTT and keepalive
 */
export const KEEP_ALIVE_EVERY_MS = 15_000;
const DEAD_AFTER_MS = 30_000;
const RTT_EVERY_MS = 30_000;
/** A tick this late says that the process was frozen: input may be waiting, so nobody is judged by it. */
const LATE_TICK_MS = 1_000;

export class KeepAlive {
  rttMs: number | undefined;
  private heardAt: number;
  private tickDueAt: number;
  private nextPing = 0;
  private outstanding: { readonly value: number; readonly sentAt: number } | undefined;
  private measuredAt = -Infinity;

  constructor(now: number) {
    this.heardAt = now;
    this.tickDueAt = now + KEEP_ALIVE_EVERY_MS;
  }

  /** Any byte came. */
  heard(now: number): void {
    this.heardAt = now;
  }

  /** What the tick asks for: a ping's value, `'dead'`, or nothing. */
  tick(now: number): number | 'dead' | undefined {
    const late = now - this.tickDueAt > LATE_TICK_MS;
    this.tickDueAt = now + KEEP_ALIVE_EVERY_MS;
    const silentMs = now - this.heardAt;
    // A tick that is due a moment before the line has been quiet for its time asks nobody, and the next one cannot judge.
    const asked = this.outstanding !== undefined && now - this.outstanding.sentAt >= KEEP_ALIVE_EVERY_MS;
    if (silentMs >= DEAD_AFTER_MS && asked && !late) return 'dead';
    const quiet = silentMs >= KEEP_ALIVE_EVERY_MS;
    return quiet || now - this.measuredAt >= RTT_EVERY_MS ? this.ping(now) : undefined;
  }

  /** The value of a ping to send now, or `undefined` while one is on its way. */
  ping(now: number): number | undefined {
    if (this.outstanding !== undefined) return undefined;
    const value = this.nextPing;
    this.nextPing = (this.nextPing + 1) >>> 0;
    this.outstanding = { value, sentAt: now };
    return value;
  }

  /** An answer came; one that was not asked for is ignored, as go does. */
  pong(value: number, now: number): void {
    if (this.outstanding?.value !== value) return;
    const sample = now - this.outstanding.sentAt;
    this.outstanding = undefined;
    this.measuredAt = now;
    this.rttMs = this.rttMs === undefined ? sample : (this.rttMs + sample) / 2;
  }
}
