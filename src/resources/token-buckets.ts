/** Rates by key: so many at once, so many a second on average. Decisions only, in injected time (RM-42). */

/** Buckets that are not full, so that a remote with many addresses cannot fill memory: beyond, the oldest is forgotten. */
const MAX_BUCKETS = 4_096;

interface Bucket {
  tokens: number;
  at: number;
  readonly perMs: number;
  readonly burst: number;
}

export class TokenBuckets {
  /** Those used longest ago come first. */
  private readonly buckets = new Map<string, Bucket>();

  constructor(private readonly maxBuckets = MAX_BUCKETS) {}

  get size(): number {
    return this.buckets.size;
  }

  /** Whether there was one to take. */
  take(key: string, perSecond: number, burst: number, now: number): boolean {
    if (perSecond === Infinity || burst === Infinity) return true;
    const known = this.buckets.get(key);
    const bucket = known ?? { tokens: burst, at: now, perMs: perSecond / 1000, burst };
    bucket.tokens = tokensAt(bucket, now);
    bucket.at = now;
    const taken = bucket.tokens >= 1;
    if (taken) bucket.tokens -= 1;
    this.buckets.delete(key);
    this.buckets.set(key, bucket);
    if (this.buckets.size > this.maxBuckets) this.makeRoom(now);
    return taken;
  }

  /** A full bucket is as good as none. */
  private makeRoom(now: number): void {
    for (const [key, bucket] of this.buckets) {
      if (tokensAt(bucket, now) < bucket.burst) continue;
      this.buckets.delete(key);
    }
    for (const oldest of this.buckets.keys()) {
      if (this.buckets.size <= this.maxBuckets) break;
      this.buckets.delete(oldest);
    }
  }
}

/** A clock that went back gives nothing. */
function tokensAt({ tokens, at, perMs, burst }: Bucket, now: number): number {
  return Math.min(burst, tokens + Math.max(0, now - at) * perMs);
}
