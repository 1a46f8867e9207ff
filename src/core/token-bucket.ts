/** So many at once, and then one as often as the rate allows. Pure: time is an argument, ms. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export class TokenBucket {
  private tokens: number;

  constructor(
    readonly rate: Rate,
    private at: number,
  ) {
    this.tokens = rate.burst;
  }

  /** When it was last asked. */
  get askedAt(): number {
    return this.at;
  }

  /** How long until there is a token; 0 if there is one. */
  waitMs(now: number): number {
    const { perSecond, burst } = this.rate;
    this.tokens = Math.min(burst, this.tokens + (Math.max(0, now - this.at) * perSecond) / 1000);
    this.at = now;
    return this.tokens >= 1 ? 0 : Math.ceil(((1 - this.tokens) * 1000) / perSecond);
  }

  take(now: number): void {
    this.waitMs(now);
    this.tokens -= 1;
  }
}
