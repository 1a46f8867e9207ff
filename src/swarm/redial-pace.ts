/** How long a lost peer is waited for: a decision, with time and chance as arguments. */

/** The wait, ms, after the first dial; it doubles with each further one, up to the longest back-off of an address. @source BACK-2 */
const FIRST_MS = 1_000;
const MAX_MS = 300_000;
/** Who stayed for so long, ms, is dialed as if for the first time. Else whoever accepts and hangs up is dialed without end. */
const GOOD_MS = 60_000;

export class RedialPace {
  private dials = 0;
  private connectedAt: number | undefined;

  /** A dial begins. */
  dialed(): void {
    this.dials += 1;
  }

  connected(now: number): void {
    this.connectedAt = now;
  }

  /** Ms until the next dial, where nobody was connected yet 0. `chance` is from 0 up to 1. */
  afterLoss(now: number, chance: number): number {
    if (this.connectedAt === undefined) return 0;
    if (now - this.connectedAt >= GOOD_MS) this.dials = 0;
    return this.afterFailure(chance);
  }

  /** From the half to the whole, so that those who lost the same peer do not come back together; and not before `retryAfterMs`. */
  afterFailure(chance: number, retryAfterMs = 0): number {
    const whole = Math.min(FIRST_MS * 2 ** Math.max(0, this.dials - 1), MAX_MS);
    return Math.max(retryAfterMs, (whole / 2) * (1 + chance));
  }
}
