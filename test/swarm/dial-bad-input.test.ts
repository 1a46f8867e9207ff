/** What strategies, addresses and transports of others can do wrong: it costs their own dial, and no other. */
import { concat, EMPTY, map, mergeMap, NEVER, Observable, of, Subject, throwError, timer } from 'rxjs';
import type { DialPlan, DialStrategy } from '../../src/core/dial-contract.js';
import type { DialError } from '../../src/core/dial-error.js';
import { Libp2pError } from '../../src/core/errors.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { delayRelays, mapDials } from '../../src/swarm/strategies.js';
import { connects, dialBench, fails, hangs, NOTHING_LEFT, OTHER_PEER, PEER } from '../support/dial-bench.js';

const A = '/ip4/1.1.1.1/tcp/1';
const B = '/ip4/2.2.2.2/tcp/2';
const BAD = '/ip4/6.6.6.6/tcp/6';
const errorsOf = (error: unknown): string[] =>
  (error as DialError).errors.map(({ addr, error: { message } }) => `${addr.toString()}: ${message}`);

/** Plans as it should, except for a dial that knows the address BAD. */
const badFor =
  (bad: DialStrategy): DialStrategy =>
  (plan$) =>
    plan$.pipe(
      mergeMap((plan) =>
        plan.dials.some(({ addr }) => addr.toString() === BAD) ? of(plan).pipe(bad) : of(plan),
      ),
    );
const garbage = (change: object): DialStrategy => map((plan) => ({ ...plan, ...change }));

describe('a strategy', () => {
  it.each<[string, DialStrategy, string]>([
    ['throws in map', map(() => fail('in map')), 'ERR_DIAL_STRATEGY'],
    ['errors', () => throwError(() => new Error('errors')), 'ERR_DIAL_STRATEGY'],
    ['errors with what is no error', () => throwError(() => undefined), 'ERR_DIAL_STRATEGY'],
    [
      'errors with an error of ours',
      () => throwError(() => new Libp2pError('ERR_LIMIT', 'local', 'no')),
      'ERR_LIMIT',
    ],
    ['gives no observable', () => undefined as never, 'ERR_DIAL_STRATEGY'],
    ['plans nothing that is a plan', map(() => undefined as never), 'ERR_DIAL_STRATEGY'],
    ['plans without a list', garbage({ dials: undefined }), 'ERR_DIAL_STRATEGY'],
    ['plans what is no address', garbage({ dials: [{ addr: 'here', delayMs: 0 }] }), 'ERR_DIAL_STRATEGY'],
    [
      'refuses what is no address',
      garbage({ refused: [{ addr: undefined, error: new Error('x') }] }),
      'ERR_DIAL_STRATEGY',
    ],
    ['plans no options', garbage({ options: undefined }), 'ERR_DIAL_STRATEGY'],
    ['completes without a plan', () => EMPTY, 'ERR_NO_ADDRESSES'],
    ['leaves everything out', mapDials(() => []), 'ERR_NO_ADDRESSES'],
    ['never emits', () => NEVER, 'ERR_TIMEOUT'],
  ])('that %s fails its own dial, and those who dial the same peer do not notice', (_what, bad, code) => {
    const bench = dialBench({ [A]: connects(20) }, { strategy: badFor(bad) });
    const [before, own, after] = [bench.dial([A]), bench.dial([BAD]), bench.dial([A])];
    bench.advance(60_000);
    expect([before.id, after.id, own.error]).toMatchObject([A, A, { code }]);
    expect([bench.dialed(), bench.leftovers()]).toEqual([[[A, 0]], NOTHING_LEFT]);
  });

  it('that throws as soon as it is called fails the dial', () => {
    const bench = dialBench({}, { strategy: () => fail('at once') });
    const own = bench.dial([A]);
    expect(own.error).toBeUndefined();
    bench.advance(0);
    expect(own.error).toMatchObject({ code: 'ERR_DIAL_STRATEGY', cause: { cause: { message: 'at once' } } });
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('that goes on after it was unsubscribed is not heard', () => {
    const late = new Subject<DialPlan>();
    let plan: DialPlan | undefined;
    const strategy: DialStrategy = (plan$) =>
      new Observable((subscriber) => {
        plan$.subscribe((known) => {
          plan = known;
          subscriber.next({ ...known, dials: [] });
        });
        late.subscribe((next) => {
          subscriber.next(next);
        });
      });
    const bench = dialBench({}, { strategy });
    const own = bench.dial([A]);
    own.leave();
    if (plan !== undefined) late.next(plan);
    plan?.context.resolve(parseMultiaddr('/dns4/example.org/tcp/1')).subscribe();
    bench.advance(100);
    expect([bench.attempts, bench.leftovers()]).toEqual([[], NOTHING_LEFT]);
  });

  it('that plans an address twice, also with the peer behind it, dials it once, as it was planned first', () => {
    const bench = dialBench(
      {},
      { strategy: mapDials((dials) => dials.flatMap((dial) => [dial, { ...dial, delayMs: 50 }])) },
    );
    bench.dial([A, `${B}/p2p/${PEER.toString()}`, B]);
    bench.advance(100);
    expect(bench.dialed()).toEqual([
      [A, 0],
      [B, 0],
    ]);
  });

  it.each([NaN, Infinity, undefined, 'soon'])(
    'that plans a delay of %s has that address refused',
    (delayMs) => {
      const bench = dialBench(
        { [A]: connects(20) },
        {
          strategy: mapDials((dials) =>
            // As a user of plain JavaScript might.
            dials.map((dial) =>
              dial.addr.toString() === BAD ? { ...dial, delayMs: delayMs as number } : dial,
            ),
          ),
        },
      );
      const [own, both] = [bench.dial([BAD]), bench.dial([A, BAD])];
      bench.advance(20);
      expect([both.id, bench.dialed()]).toEqual([A, [[A, 0]]]);
      expect(errorsOf(own.error)).toEqual([
        `${BAD}: the strategy planned it with delayMs ${String(delayMs)}`,
      ]);
      expect(bench.leftovers()).toEqual(NOTHING_LEFT);
    },
  );

  it.each([-5, -Infinity])('that plans a delay of %d means at once', (delayMs) => {
    const bench = dialBench(
      {},
      { strategy: mapDials((dials) => dials.map((dial) => ({ ...dial, delayMs }))) },
    );
    bench.dial([A]);
    bench.advance(0);
    expect(bench.dialed()).toEqual([[A, 0]]);
  });

  it('that plans a delay of a million years dials when nothing else is left, and sets no timer beyond the deadline', () => {
    const strategy = mapDials((dials) => dials.map((dial, at) => ({ ...dial, delayMs: at * 3e16 })));
    const bench = dialBench({ [A]: fails(500), [B]: connects(10) }, { strategy });
    const own = bench.dial([A, B]);
    bench.advance(510);
    expect([own.at, bench.dialed()]).toEqual([
      510,
      [
        [A, 0],
        [B, 500],
      ],
    ]);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it.each([NaN, -1, 'soon', 1e12])('that names a deadline of %s does not move it', (timeoutMs) => {
    const bench = dialBench(
      {},
      {
        strategy: map((plan) => ({ ...plan, options: { timeoutMs: timeoutMs as number } })),
        addrTimeoutMs: 1e9,
      },
    );
    const own = bench.dial([A]);
    bench.advance(59_999);
    expect(own.error).toBeUndefined();
    bench.advance(1);
    expect(own.error).toMatchObject({ code: 'ERR_TIMEOUT' });
  });

  it('that refuses with what is no error is printed all the same, and hurts nobody', () => {
    const bench = dialBench(
      { [A]: connects(20) },
      {
        strategy: badFor(
          map((plan) => ({
            ...plan,
            dials: [],
            refused: [{ addr: parseMultiaddr(BAD), error: undefined as never }],
          })),
        ),
      },
    );
    const [own, other] = [bench.dial([BAD]), bench.dial([A])];
    bench.advance(20);
    expect([other.id, errorsOf(own.error)]).toEqual([A, [`${BAD}: thrown: undefined`]]);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('that plans 10,000 addresses dials eight at a time of the first thousand, and the others are refused', () => {
    const many = Array.from({ length: 10_000 }, (_, at) =>
      parseMultiaddr(`/ip4/9.9.${String(at >> 8)}.${String(at % 256)}/tcp/1`),
    );
    const strategy = badFor(map((plan) => ({ ...plan, dials: many.map((addr) => ({ addr, delayMs: 0 })) })));
    const bench = dialBench({ [A]: connects(20) }, { strategy });
    const other = bench.dial([A]);
    bench.advance(0);
    const own = bench.dial([BAD]);
    bench.advance(10);
    expect(bench.attempts.length).toBe(8);
    bench.advance(60_000);
    expect([other.id, own.error]).toMatchObject([A, { code: 'ERR_TIMEOUT', errors: { length: 100 } }]);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('that says again and again what has failed by back-off does not try it again', () => {
    const more = new Subject<void>();
    const strategy: DialStrategy = (plan$) =>
      concat(plan$, NEVER).pipe(mergeMap((plan) => concat(of(plan), more.pipe(map(() => plan)))));
    const bench = dialBench({ [A]: hangs }, { strategy });
    bench.backoff.add(PEER.toString(), B, 0);
    const { events } = bench.updates([A, B]);
    bench.advance(1);
    more.next();
    bench.advance(1);
    more.next();
    bench.advance(6_000);
    more.next();
    bench.advance(1);
    expect(events.filter((event) => 'addr' in event && event.addr === B).map(({ type }) => type)).toEqual([
      'dial:plan',
      'dial:fail',
    ]);
    expect(bench.dialed()).toEqual([[A, 0]]);
  });
});

describe('an address', () => {
  it.each([
    `${BAD}/p2p/${OTHER_PEER.toString()}`,
    `${BAD}/p2p/${OTHER_PEER.toString()}/p2p-circuit/p2p/${OTHER_PEER.toString()}`,
  ])('of another peer, %s, is refused', (addr) => {
    const bench = dialBench({ [A]: connects(20) });
    const [own, other] = [bench.dial([addr]), bench.dial([A, addr])];
    bench.advance(20);
    expect([other.id, bench.dialed()]).toEqual([A, [[A, 0]]]);
    expect(own.error).toMatchObject({
      code: 'ERR_NO_ADDRESSES',
      errors: [{ error: { code: 'ERR_PEER_ID_MISMATCH' } }],
    });
  });

  it('of the peer through a relay is dialed', () => {
    const relay = `${BAD}/p2p/${OTHER_PEER.toString()}/p2p-circuit`;
    const bench = dialBench({ [relay]: connects(20) }, { strategy: delayRelays() });
    const own = bench.dial([`${relay}/p2p/${PEER.toString()}`]);
    bench.advance(20);
    expect(own.id).toBe(relay);
  });

  it('that names a peer and no place is refused', () => {
    const bench = dialBench();
    const own = bench.dial([`/p2p/${PEER.toString()}`]);
    bench.advance(0);
    expect(own.error).toMatchObject({ errors: [{ error: { code: 'ERR_ADDR_UNSUPPORTED' } }] });
  });

  it('that comes behind a source that errors does not save the dial', () => {
    const bench = dialBench();
    const broken = new Libp2pError('ERR_NO_ADDRESSES', 'network', 'routing failed');
    const own = bench.dial(
      concat(
        of([parseMultiaddr(A)]),
        throwError(() => broken),
      ),
    );
    bench.advance(0);
    expect([own.error, bench.attempts]).toMatchObject([{ code: 'ERR_NO_ADDRESSES', cause: broken }, []]);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it.each([NaN, -1])('of a caller that gives it %d ms is not dialed', (timeoutMs) => {
    const bench = dialBench();
    const own = bench.dial([A], { timeoutMs });
    expect(own.error).toBeUndefined();
    bench.advance(0);
    expect([own.error, bench.attempts]).toMatchObject([{ code: 'ERR_INVALID_OPTION' }, []]);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });
});

describe('a transport', () => {
  it('whose dial never settles is cut off after the time of one address', () => {
    const bench = dialBench({ [A]: hangs });
    const own = bench.dial([A]);
    bench.advance(14_999);
    expect(own.error).toBeUndefined();
    bench.advance(1);
    expect(errorsOf(own.error)).toEqual([`${A}: dialing ${A} did not finish within 15000 ms`]);
    expect([bench.attempts[0]?.end, bench.leftovers()]).toEqual(['cancelled', NOTHING_LEFT]);
  });

  it('that settles twice is cut off after the first time', () => {
    const bench = dialBench({
      [A]: (clock) =>
        concat(
          timer(10, clock).pipe(map(() => ({ type: 'connected', connection: { id: 'first' } }) as const)),
          timer(10, clock).pipe(map(() => ({ type: 'connected', connection: { id: 'second' } }) as const)),
        ),
    });
    const { events } = bench.updates([A]);
    bench.dial([B]);
    bench.advance(50);
    expect(events.filter(({ type }) => type === 'dial:connect')).toMatchObject([
      { connectionId: 'first', at: 10 },
    ]);
    expect(bench.attempts.map(({ end, endedAt }) => [end, endedAt])).toEqual([
      ['completed', 10],
      [undefined, undefined],
    ]);
  });

  it.each([
    ['completes without a value', () => EMPTY, 'the transport ended without a connection'],
    ['throws at once', () => fail('no socket'), 'no socket'],
    ['errors with what is no error', () => throwError(() => 'a text'), 'thrown: a text'],
  ])('that %s fails that address, and the others go on', (_what, fate, message) => {
    const bench = dialBench({ [BAD]: fate, [A]: connects(20) });
    const [own, other] = [bench.dial([BAD]), bench.dial([BAD, A])];
    bench.advance(20);
    expect([other.id, errorsOf(own.error)]).toEqual([A, [`${BAD}: ${message}`]]);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('that says something after it was left is not heard', () => {
    let say: (() => void) | undefined;
    const bench = dialBench({
      [A]: () =>
        new Observable((subscriber) => {
          say = () => {
            subscriber.next({ type: 'connected', connection: { id: 'late' } });
            subscriber.error(new Error('late'));
          };
        }),
      [B]: connects(10),
    });
    const own = bench.dial([A, B]);
    const others = bench.dial(['/ip4/3.3.3.3/tcp/3'], {}, OTHER_PEER);
    bench.advance(10);
    say?.();
    bench.advance(10);
    expect([own.id, own.error, others.at]).toEqual([B, undefined, undefined]);
  });
});

describe('a rule of ours that throws', () => {
  it('costs the callers of that peer their dial, is told, and the next dial is as good as new', () => {
    let isBroken = true;
    const bench = dialBench(
      { [A]: connects(20) },
      { acceptable: ({ peer }) => (isBroken && peer.equals(PEER) ? fail('a defect') : undefined) },
    );
    const other = bench.dial([A], {}, OTHER_PEER);
    const seen: unknown[] = [];
    const again = (): void => {
      isBroken = false;
      bench.dialer.dial(bench.call([A])).subscribe(({ id }) => seen.push(id));
    };
    bench.dialer.updates(bench.call([A])).subscribe({
      next: ({ type, ...rest }) => seen.push(type, 'message' in rest && rest.message),
      complete: again,
    });
    bench.advance(20);
    expect([other.id, seen]).toEqual([A, ['dial:end', 'a defect', A]]);
    expect(bench.warnings).toMatchObject([{ message: 'a defect' }]);
    expect({ ...bench.leftovers(), warnings: [] }).toEqual(NOTHING_LEFT);
  });
});

function fail(message: string): never {
  throw new Error(message);
}
