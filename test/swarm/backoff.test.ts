import fc from 'fast-check';
import { DialBackoff } from '../../src/swarm/backoff.js';

const MINUTE_MS = 60_000;
/** BACK-3, in seconds. */
const SEQUENCE = [
  5, 6, 9, 14, 21, 30, 41, 54, 69, 86, 105, 126, 149, 174, 201, 230, 261, 294, 300, 300, 300, 300,
];

describe('DialBackoff', () => {
  it('BACK-3: one failure after the other blocks for longer and longer, up to five minutes', () => {
    const backoff = new DialBackoff();
    let now = 0;
    const blockedS = SEQUENCE.map(() => {
      backoff.add('peer', 'addr', now);
      const untilMs = backoff.blockedUntil('peer', 'addr', now)!;
      const forMs = untilMs - now;
      now = untilMs;
      return forMs / 1000;
    });
    expect(blockedS).toEqual(SEQUENCE);
  });

  it('BACK-2: base, coefficient and maximum are options, and the maximum holds for the first block too', () => {
    const backoff = new DialBackoff({ baseMs: 10, coefficientMs: 100, maxMs: 450 });
    const low = new DialBackoff({ maxMs: 7 });
    const untilMs = [0, 0, 0, 0].map(() => {
      backoff.add('peer', 'addr', 0);
      return backoff.blockedUntil('peer', 'addr', 0);
    });
    low.add('peer', 'addr', 0);
    expect([...untilMs, low.blockedUntil('peer', 'addr', 0)]).toEqual([10, 110, 410, 450, 7]);
  });

  it.each([
    [4_999, 5_000],
    [5_000, undefined],
    [5_001, undefined],
  ])('BACK-4: at %i ms of a block of 5000 it ends at %p', (now, expected) => {
    const backoff = new DialBackoff();
    backoff.add('peer', 'addr', 0);
    expect(backoff.blockedUntil('peer', 'addr', now)).toBe(expected);
  });

  it('BACK-1: only this address of this peer is blocked', () => {
    const backoff = new DialBackoff();
    backoff.add('peer', 'addr', 0);
    expect(backoff.blockedUntil('peer', 'other', 0)).toBeUndefined();
    expect(backoff.blockedUntil('other', 'addr', 0)).toBeUndefined();
    expect(backoff.size).toBe(1);
  });

  it('BACK-5: a block that has run out still counts as a try', () => {
    const backoff = new DialBackoff();
    backoff.add('peer', 'addr', 0);
    backoff.add('peer', 'addr', 4 * MINUTE_MS);
    expect(backoff.blockedUntil('peer', 'addr', 4 * MINUTE_MS)).toBe(4 * MINUTE_MS + 6_000);
  });

  it('BACK-6: clear forgets a peer with its tries; without a peer, all', () => {
    const backoff = new DialBackoff();
    for (const [peer, addr] of [
      ['a', '1'],
      ['a', '2'],
      ['b', '1'],
      ['c', '1'],
    ] as const)
      backoff.add(peer, addr, 0);
    backoff.clear('a');
    expect([backoff.size, backoff.blockedUntil('a', '2', 0), backoff.blockedUntil('b', '1', 0)]).toEqual([
      2,
      undefined,
      5_000,
    ]);
    backoff.add('a', '1', 0);
    expect(backoff.blockedUntil('a', '1', 0)).toBe(5_000);
    backoff.clear();
    expect([backoff.size, backoff.blockedUntil('b', '1', 0)]).toEqual([0, undefined]);
  });

  it.each([
    // After one try: 5 s blocked, and remembered for 6 s more. What failed at 0 is over in any case.
    ['removes nothing before five minutes have passed', 239_000, 299_999, 3],
    ['removes what is over', 239_000, 300_000, 1],
    ['keeps what is over in one ms', 289_001, 300_000, 2],
    ['removes what is over just now', 289_000, 300_000, 1],
  ])('BACK-7: %s (failed at %i ms, the next failure at %i ms)', (_, failedAt, now, size) => {
    const backoff = new DialBackoff();
    backoff.add('first', 'addr', 0);
    backoff.add('peer', 'addr', failedAt);
    backoff.add('next', 'addr', now);
    expect(backoff.size).toBe(size);
  });

  it('BACK-7: a peer stays while one of its addresses does', () => {
    const backoff = new DialBackoff();
    backoff.add('first', 'addr', 0);
    backoff.add('peer', 'long ago', 1);
    backoff.add('peer', 'just now', 299_000);
    backoff.add('next', 'addr', 300_000);
    backoff.add('peer', 'long ago', 300_000);
    expect(backoff.blockedUntil('peer', 'long ago', 300_000)).toBe(306_000);
  });

  it('remembers ten thousand peers; of more, those that failed longest ago go', () => {
    const backoff = new DialBackoff();
    for (let i = 0; i < 10_000; i += 1) backoff.add(`peer ${String(i)}`, 'addr', 0);
    backoff.add('peer 0', 'addr', 1);
    backoff.add('one more', 'addr', 1);
    expect(backoff.size).toBe(10_000);
    expect(backoff.blockedUntil('peer 0', 'addr', 1)).toBe(6_001);
    expect(backoff.blockedUntil('peer 1', 'addr', 1)).toBeUndefined();
    expect(backoff.blockedUntil('peer 2', 'addr', 1)).toBe(5_000);
  });

  it('remembers 128 addresses of a peer; of more, those that failed longest ago go', () => {
    const backoff = new DialBackoff();
    for (let i = 0; i < 128; i += 1) backoff.add('peer', `addr ${String(i)}`, 0);
    backoff.add('peer', 'addr 0', 1);
    backoff.add('peer', 'one more', 1);
    const blocked = ['addr 0', 'addr 1', 'addr 2', 'one more'].map((addr) =>
      backoff.blockedUntil('peer', addr, 1),
    );
    expect(blocked).toEqual([6_001, undefined, 5_000, 5_001]);
  });
});

/** The sheet's words, without a thought of cost: every failure that still counts, in a list. */
class SlowBackoff {
  private entries: { peer: string; addr: string; tries: number; until: number }[] = [];
  private cleanedAt: number | undefined;

  add(peer: string, addr: string, now: number): void {
    if (this.cleanedAt === undefined) this.cleanedAt = now;
    else if (now - this.cleanedAt >= 300_000) {
      this.cleanedAt = now;
      const over = (e: { tries: number; until: number }): boolean =>
        now >= e.until + Math.min(5_000 + 1_000 * e.tries ** 2, 300_000);
      this.entries = this.entries.filter(
        (one) => !this.entries.filter((e) => e.peer === one.peer).every(over),
      );
    }
    const known = this.entries.find((e) => e.peer === peer && e.addr === addr);
    if (known === undefined) this.entries.push({ peer, addr, tries: 1, until: now + 5_000 });
    else {
      known.until = now + Math.min(5_000 + 1_000 * known.tries ** 2, 300_000);
      known.tries += 1;
    }
  }

  blockedUntil(peer: string, addr: string, now: number): number | undefined {
    return this.entries.find((e) => e.peer === peer && e.addr === addr && now < e.until)?.until;
  }

  clear(peer?: string): void {
    this.entries = this.entries.filter((e) => peer !== undefined && e.peer !== peer);
  }

  get size(): number {
    return new Set(this.entries.map(({ peer }) => peer)).size;
  }
}

it('BACK-1 to BACK-7: whatever happens when, it answers as a slow and obvious one does', () => {
  const names = ['a', 'b', 'c'];
  const step = fc.record({
    act: fc.oneof(
      { weight: 9, arbitrary: fc.constant('add') },
      { weight: 1, arbitrary: fc.constantFrom('clear', 'clear all') },
    ),
    peer: fc.constantFrom(...names),
    addr: fc.constantFrom(...names),
    // Often the length of a block, of twice the longest one, or of a cleanup's rest.
    afterMs: fc.oneof(fc.constantFrom(0, 1, 1_000, 4_999, 5_000, 6_000, 299_999, 300_000), fc.nat(700_000)),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const [fast, slow] = [new DialBackoff(), new SlowBackoff()];
      let now = 0;
      for (const { act, peer, addr, afterMs } of steps) {
        now += afterMs;
        for (const one of [fast, slow])
          if (act === 'add') one.add(peer, addr, now);
          else one.clear(act === 'clear' ? peer : undefined);
        for (const p of names)
          for (const a of names) expect(fast.blockedUntil(p, a, now)).toBe(slow.blockedUntil(p, a, now));
        expect(fast.size).toBe(slow.size);
      }
    }),
    { numRuns: 300 },
  );
});
