import { coalesce } from '../../src/rx/coalesce.js';
import { TokenBucket } from '../../src/core/token-bucket.js';
import { runMarbles } from '../support/marbles.js';

const often = { perSecond: 1000, burst: 1000 };
const draw = (source: string, expected: string, over = {}): void => {
  runMarbles(({ hot, expectObservable }, scheduler) => {
    const values$ = hot(source);
    expectObservable(
      values$.pipe(coalesce({ quietMs: 3, atMostMs: 10, rate: often, ...over }, scheduler)),
    ).toBe(expected);
  });
};

describe('coalesce', () => {
  it('gives the last value once it has been quiet', () => {
    draw('-abc-----d----', '------c-----d-');
  });

  it('gives one after so long although it never is', () => {
    draw('a-b-c-d-e-f-g-h-i-j-k-l-', '----------f-----------l');
  });

  it('gives no more than the rate allows, and the last all the same', () => {
    draw('a-----b-----c-------', `---a${'-'.repeat(31)}c`, { rate: { perSecond: 31.25, burst: 1 } });
  });

  it('ends as the source does, with what waits', () => {
    draw('-a|', '--(a|)');
    draw('-a#', '--#');
  });
});

describe('a bucket', () => {
  it('has its burst at once, and then one as often as its rate', () => {
    const bucket = new TokenBucket({ perSecond: 0.2, burst: 2 }, 0);
    bucket.take(0);
    expect(bucket.waitMs(0)).toBe(0);
    bucket.take(0);
    expect(bucket.waitMs(0)).toBe(5000);
    expect(bucket.waitMs(4000)).toBe(1000);
    expect(bucket.waitMs(5000)).toBe(0);
    expect(bucket.waitMs(1_000_000)).toBe(0);
    bucket.take(1_000_000);
    bucket.take(1_000_000);
    expect(bucket.waitMs(1_000_000)).toBe(5000);
  });

  it('does not lose what it has when the clock goes back', () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, 1000);
    expect(bucket.waitMs(0)).toBe(0);
  });
});
