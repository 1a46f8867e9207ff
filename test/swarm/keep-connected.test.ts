import { defer, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { DialError } from '../../src/core/dial-error.js';
import { peerIdFrom, type PeerId, type RandomSource } from '../../src/index.js';
import type { ManagedConnection } from '../../src/swarm/connection-manager.js';
import { keepConnected } from '../../src/swarm/keep-connected.js';
import { RedialPace } from '../../src/swarm/redial-pace.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { FakeRegistry } from '../support/managed.js';

const peer = peerIdFrom('12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5');
const other = peerIdFrom('12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq');
/** Chance that never shortens a wait by more than a part of a ms. */
const whole: RandomSource = (byteLength) => new Uint8Array(byteLength).fill(0xff);
const half: RandomSource = (byteLength) => new Uint8Array(byteLength);

function bench(random: RandomSource = half) {
  const clock = new VirtualClock();
  const registry = new FakeRegistry();
  const dials: number[] = [];
  const got: string[] = [];
  const holds = { now: 0 };
  /** What each dial does; `connect` is what a host does when one succeeds. */
  let behave: () => Observable<unknown> = () => NEVER;
  let cancelled = 0;
  const connect = (whom: PeerId = peer): ManagedConnection => registry.connect(whom);
  const dial$ = defer(() => {
    dials.push(clock.now());
    return new Observable((subscriber) => {
      let settled = false;
      subscriber.add(
        behave().subscribe({
          next: (value) => {
            subscriber.next(value);
          },
          error: (error: unknown) => {
            settled = true;
            subscriber.error(error);
          },
          complete: () => {
            settled = true;
            subscriber.complete();
          },
        }),
      );
      return () => {
        if (!settled) cancelled += 1;
      };
    });
  });
  const kept$ = keepConnected<ManagedConnection>(peer, dial$, {
    scheduler: clock,
    random,
    registry,
    protect: () =>
      new Observable<never>(() => {
        holds.now += 1;
        return () => {
          holds.now -= 1;
        };
      }),
  });
  const keep = () =>
    kept$.subscribe({ next: ({ id }) => got.push(`${String(clock.now())} ${id.slice(-1)}`), error: fail });
  const advance = (ms: number): void => {
    const end = clock.now() + ms;
    while ((clock.nextAt ?? Infinity) <= end) clock.step();
    clock.moveTo(end);
  };
  return {
    clock,
    registry,
    dials,
    got,
    holds,
    connect,
    keep,
    advance,
    cancelled: () => cancelled,
    behave: (how: () => Observable<unknown>) => {
      behave = how;
    },
  };
}
const fail = (error: unknown): never => {
  throw error as Error;
};
const refused = (retryAfterMs?: number) => (): Observable<never> =>
  throwError(() => new DialError({ peer, cause: undefined, errors: [], skipped: 0, retryAfterMs }));

describe('keeping connected', () => {
  it('emits the open connections at once, and dials nobody', () => {
    const { registry, connect, keep, got, dials, clock } = bench();
    connect(other);
    connect();
    keep();
    expect(got).toEqual([`0 ${registry.open[1]!.id.slice(-1)}`]);
    expect([dials, clock.nextAt]).toEqual([[], undefined]);
  });

  it('dials at once where there is none, and emits what comes of it, behind its events', () => {
    const { connect, keep, got, dials, behave, advance, clock } = bench();
    behave(() => of(connect()));
    keep();
    expect([dials, got]).toEqual([[0], []]);
    advance(0);
    expect(got).toEqual(['0 1']);
    expect(clock.nextAt).toBeUndefined();
  });

  it('emits every further connection of that peer, also one that came in, and no other’s', () => {
    const { connect, keep, got, advance } = bench();
    connect();
    keep();
    connect(other);
    connect();
    advance(0);
    expect(got).toEqual(['0 1', '0 3']);
  });

  it('ends its dial when the peer came by itself', () => {
    const { connect, keep, got, advance, cancelled, dials } = bench();
    keep();
    advance(5);
    connect();
    advance(60_000);
    expect([got, cancelled(), dials]).toEqual([['5 1'], 1, [0]]);
  });

  it('waits for 1 s, 2 s, 4 s … up to 5 min between dials that fail', () => {
    const { keep, dials, behave, advance } = bench(whole);
    behave(refused());
    keep();
    advance(1_500_000);
    const waits = dials.slice(1).map((at, index) => Math.round(at - dials[index]!));
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300].map((s) => s * 1_000));
  });

  it('waits for half as long where chance has it so', () => {
    const { keep, dials, behave, advance } = bench(half);
    behave(refused());
    keep();
    advance(8_000);
    expect(dials).toEqual([0, 500, 1_500, 3_500, 7_500]);
  });

  it('does not dial before an address may be dialed again', () => {
    const { keep, dials, behave, advance } = bench();
    behave(refused(5_000));
    keep();
    advance(5_000);
    expect(dials).toEqual([0, 5_000]);
  });

  it('dials again when the peer is lost, not before its last connection is', () => {
    const { registry, connect, keep, dials, behave, advance, got } = bench();
    const [one, two] = [connect(), connect()];
    behave(() => of(connect()));
    keep();
    advance(60_000);
    registry.lose(one);
    advance(60_000);
    expect(dials).toEqual([]);
    registry.lose(two);
    advance(60_000);
    expect(dials).toEqual([120_500]);
    expect(got.at(-1)).toBe(`120500 ${registry.open[0]!.id.slice(-1)}`);
  });

  it('waits ever longer for a peer that hangs up at once, and begins anew with one that stayed a minute', () => {
    const { registry, connect, keep, dials, behave, advance } = bench();
    behave(() => {
      const connection = connect();
      return new Observable((subscriber) => {
        subscriber.complete();
        registry.lose(connection);
      });
    });
    keep();
    advance(8_000);
    expect(dials).toEqual([0, 500, 1_500, 3_500, 7_500]);
    dials.length = 0;
    behave(() => of(connect()));
    advance(8_000);
    expect(dials).toEqual([15_500]);
    advance(60_000);
    registry.lose(registry.open[0]!);
    advance(1_000);
    expect(dials).toEqual([15_500, 76_500]);
  });

  it('ends dial, wait and protection with its subscription', () => {
    const dialing = bench();
    const kept = dialing.keep();
    expect(dialing.holds.now).toBe(1);
    kept.unsubscribe();
    expect([dialing.cancelled(), dialing.holds.now, dialing.clock.nextAt]).toEqual([1, 0, undefined]);
    expect(dialing.registry.opened$.observed).toBe(false);
    expect(dialing.registry.closed$.observed).toBe(false);
    const waiting = bench();
    waiting.behave(refused());
    const second = waiting.keep();
    expect(waiting.clock.nextAt).toBe(500);
    second.unsubscribe();
    expect(waiting.clock.nextAt).toBeUndefined();
  });

  it('tells a connection once to who subscribes in the middle of its registration', () => {
    const { registry, keep, got, advance } = bench();
    let first = true;
    const early = new Subject<void>();
    early.subscribe(keep);
    const before = registry.opened$.next.bind(registry.opened$);
    registry.opened$.next = (connection) => {
      if (first) early.next();
      first = false;
      before(connection);
    };
    registry.connect(peer);
    advance(0);
    expect(got).toEqual(['0 1']);
  });
});

describe('the pace of redials', () => {
  it.each([
    [0, 0],
    [1, 0],
    [0, 0.999],
  ])('is at once for who was never there, whatever chance says', (dials, chance) => {
    const pace = new RedialPace();
    for (let at = 0; at < dials; at += 1) pace.dialed();
    expect(pace.afterLoss(5, chance)).toBe(0);
  });

  it.each([
    [59_999, 4_000],
    [60_000, 500],
  ])('after a connection of %d ms is %d ms', (stayedMs, waitMs) => {
    const pace = new RedialPace();
    for (let at = 0; at < 4; at += 1) pace.dialed();
    pace.connected(100);
    expect(pace.afterLoss(100 + stayedMs, 0)).toBe(waitMs);
  });
});
