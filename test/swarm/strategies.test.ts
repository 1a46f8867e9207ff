import { firstValueFrom, map, of, pipe, type Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import type { Multiaddr } from '@multiformats/multiaddr';
import { isPrivate, isQuic, isRelay } from '../../src/core/address-class.js';
import type { DialPlan, DialStrategy } from '../../src/core/dial-contract.js';
import { Libp2pError } from '../../src/core/errors.js';
import {
  defaultRanking,
  delayRelays,
  giveUpAfter,
  happyEyeballs,
  mapDials,
  noDelay,
  stagger,
} from '../../src/swarm/strategies.js';
import { limitAddrs, only, refuse, refuseBlackHoled } from '../../src/swarm/refusals.js';
import { listed, PEER, planOf, shown } from '../support/dial-plan.js';

const QUIC = '/ip4/1.2.3.4/udp/1/quic-v1';
const TCP = '/ip4/1.2.3.4/tcp/1';
const LAN = '/ip4/192.168.1.5/tcp/1';
const RELAY = `/ip4/5.6.7.8/tcp/9/p2p/${PEER}/p2p-circuit`;
const NAME = '/dns4/a.example/tcp/1';
const refusal = (): Error => new Error('no');

/** What a strategy makes of plans that come one after the other. */
function through(strategy: DialStrategy, ...plans: readonly DialPlan[]): DialPlan[] {
  const seen: DialPlan[] = [];
  of(...plans)
    .pipe(strategy)
    .subscribe((plan) => seen.push(plan));
  return seen;
}
const lastOf = (strategy: DialStrategy, ...plans: readonly DialPlan[]): DialPlan =>
  through(strategy, ...plans).at(-1)!;
const failing = async (strategy: DialStrategy, plan: DialPlan = planOf([TCP])): Promise<unknown> =>
  firstValueFrom(of(plan).pipe(strategy)).catch((error: unknown) => error);

const ALL: Readonly<Record<string, () => DialStrategy>> = {
  mapDials: () => mapDials((dials) => dials),
  happyEyeballs: () => happyEyeballs(),
  delayRelays: () => delayRelays(),
  defaultRanking: () => defaultRanking(),
  noDelay: () => noDelay(),
  stagger: () => stagger([isQuic], { byMs: 100 }),
  giveUpAfter: () => giveUpAfter(3000),
  refuse: () => refuse(isRelay, refusal),
  refuseBlackHoled: () => refuseBlackHoled(),
  only: () => only(isQuic),
  limitAddrs: () => limitAddrs(1),
};

describe.each(Object.entries(ALL))('%s, as an operator,', (_, make) => {
  const marbles = (run: Parameters<TestScheduler['run']>[0]): void => {
    new TestScheduler((actual, expected) => {
      expect(actual).toEqual(expected);
    }).run(run);
  };
  const values = { a: planOf([TCP]), b: planOf([TCP, QUIC, RELAY]) };
  const times = (plan$: Observable<DialPlan>): Observable<string> =>
    plan$.pipe(
      make(),
      map(() => 'p'),
    );

  it('emits once a plan, at once, and completes with the source', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const plan$ = hot('-a-b--|', values);
      expectObservable(times(plan$)).toBe('-p-p--|');
      expectSubscriptions(plan$.subscriptions).toBe('^-----!');
    });
  });

  it('never emits on its own, nor completes before the source', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const plan$ = cold<DialPlan>('-');
      expectObservable(times(plan$)).toBe('-');
      expectSubscriptions(plan$.subscriptions).toBe('^');
    });
  });

  it('is empty where the source is', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const plan$ = cold<DialPlan>('--|');
      expectObservable(times(plan$)).toBe('--|');
      expectSubscriptions(plan$.subscriptions).toBe('^-!');
    });
  });

  it('errors with the source', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const plan$ = hot('-a-#', values);
      expectObservable(times(plan$)).toBe('-p-#');
      expectSubscriptions(plan$.subscriptions).toBe('^--!');
    });
  });

  it('unsubscribes the source, and is silent from then on', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const plan$ = hot('-a-b-a', values);
      expectObservable(times(plan$), '^-!').toBe('-p');
      expectSubscriptions(plan$.subscriptions).toBe('^-!');
    });
  });

  it('starts anew with every subscription', () => {
    const strategy = make();
    const first = through(strategy, values.a, values.b).map(shown);
    expect(through(strategy, values.a, values.b).map(shown)).toEqual(first);
    expect(through(strategy, values.b).map(shown)).toEqual(through(make(), values.b).map(shown));
  });

  it('keeps what is no business of its own: the peer, the context, what others refused', () => {
    const refused = [{ addr: values.b.dials[2]!.addr, error: refusal() }];
    const plan = { ...values.a, refused };
    const after = lastOf(make(), plan);
    expect([after.peer, after.context, after.refused[0]]).toEqual([plan.peer, plan.context, refused[0]]);
    expect(after.context).toBe(plan.context);
  });

  it('gives every address back, dialed or refused, and never in a plan less than before', () => {
    const [first, second] = through(make(), values.a, values.b);
    const addrs = ({ dials, refused }: DialPlan): string[] =>
      [...dials, ...refused].map(({ addr }) => addr.toString()).sort();
    expect(addrs(first!)).toEqual([TCP]);
    expect(addrs(second!)).toEqual([TCP, QUIC, RELAY].sort());
    const dialed = (plan: DialPlan): string[] => plan.dials.map(({ addr }) => addr.toString());
    expect(dialed(second!)).toEqual(expect.arrayContaining(dialed(first!)));
  });
});

describe('mapDials', () => {
  it('puts what the rule gives in the place of the dials, and shows it the whole plan', () => {
    const calls: unknown[] = [];
    const strategy = mapDials((dials, whole) => {
      calls.push([dials, whole]);
      return dials.slice(1).map((dial) => ({ ...dial, delayMs: 5 }));
    });
    const plan = planOf([TCP, QUIC]);
    expect(shown(lastOf(strategy, plan))).toEqual({ dials: [`${QUIC} 5`], refused: [] });
    expect(calls).toEqual([[plan.dials, plan]]);
  });

  it('errors if the rule forgets to return', async () => {
    // As users of plain JavaScript do.
    const rule = (() => undefined) as unknown as () => DialPlan['dials'];
    expect(await failing(mapDials(rule))).toMatchObject({
      code: 'ERR_DIAL_STRATEGY',
      cause: { name: 'TypeError' },
    });
  });
});

describe('ranking', () => {
  it('ranks again when a name has been answered, all that is known by then', () => {
    const plans = through(defaultRanking(), planOf([TCP, RELAY]), planOf([TCP, RELAY, QUIC, NAME]));
    expect(plans.map(({ dials }) => listed(dials))).toEqual([
      [`${TCP} 0`, `${RELAY} 500`],
      [`${QUIC} 0`, `${TCP} 250`, `${RELAY} 500`, `${NAME} 1500`],
    ]);
  });

  it('takes its steps from the options', () => {
    const strategy = pipe(happyEyeballs({ publicMs: 100, privateMs: 7 }), delayRelays({ byMs: 900 }));
    expect(listed(lastOf(strategy, planOf([TCP, QUIC, RELAY])).dials)).toEqual([
      `${QUIC} 0`,
      `${TCP} 100`,
      `${RELAY} 900`,
    ]);
  });

  it('without delays starts all at once, relays too', () => {
    const dials = lastOf(noDelay(), planOf({ [RELAY]: 3, [TCP]: 4, [QUIC]: 5 })).dials;
    expect(listed(dials)).toEqual([`${QUIC} 0`, `${TCP} 0`, `${RELAY} 0`]);
  });
});

describe('stagger', () => {
  const lanFirst = stagger([isPrivate, isQuic, (addr) => !isRelay(addr)], { byMs: 200 });

  it('starts group after group, and what is in none of them last', () => {
    expect(listed(lastOf(lanFirst, planOf([RELAY, TCP, LAN, QUIC])).dials)).toEqual([
      `${LAN} 0`,
      `${QUIC} 200`,
      `${TCP} 400`,
      `${RELAY} 600`,
    ]);
  });

  it('gives no turn to a group without an address', () => {
    expect(listed(lastOf(lanFirst, planOf([RELAY, TCP])).dials)).toEqual([`${TCP} 0`, `${RELAY} 200`]);
    expect(listed(lastOf(lanFirst, planOf([RELAY])).dials)).toEqual([`${RELAY} 0`]);
  });

  it('puts an address into the first group that takes it', () => {
    const both = stagger([() => true, isQuic], { byMs: 200 });
    expect(listed(lastOf(both, planOf([QUIC, TCP])).dials)).toEqual([`${QUIC} 0`, `${TCP} 0`]);
  });

  it('adds to the delays that are there', () => {
    const plan = planOf({ [TCP]: 30, [QUIC]: 10, [LAN]: 5 });
    expect(listed(lastOf(lanFirst, plan).dials)).toEqual([`${LAN} 5`, `${QUIC} 210`, `${TCP} 430`]);
  });

  it('moves later groups when a plan brings the first one', () => {
    const plans = through(lanFirst, planOf([TCP]), planOf([TCP, LAN]));
    expect(plans.map(({ dials }) => listed(dials))).toEqual([[`${TCP} 0`], [`${LAN} 0`, `${TCP} 200`]]);
  });
});

describe('giveUpAfter', () => {
  it.each([
    [undefined, 3000],
    [5000, 3000],
    [1000, 1000],
  ])('a caller that asked for %s ms gets %s', (timeoutMs, expected) => {
    expect(lastOf(giveUpAfter(3000), planOf([TCP], { timeoutMs, force: true })).options).toEqual({
      timeoutMs: expected,
      force: true,
    });
  });

  it('the shortest of several holds', () => {
    expect(lastOf(pipe(giveUpAfter(100), giveUpAfter(200)), planOf([])).options.timeoutMs).toBe(100);
  });
});

describe('refuse', () => {
  it('moves what it refuses, with the error, behind what others refused', () => {
    const strategy = pipe(
      refuse(isRelay, () => new Error('relayed')),
      refuse(isQuic, (addr, { peer }) => new Error(`${addr.toString()} of ${peer.toString()}`)),
    );
    const plan = lastOf(strategy, planOf([QUIC, TCP, RELAY]));
    expect(listed(plan.dials)).toEqual([`${TCP} 0`]);
    expect(plan.refused.map(({ addr, error }) => [addr.toString(), error.message])).toEqual([
      [RELAY, 'relayed'],
      [QUIC, `${QUIC} of ${PEER}`],
    ]);
  });

  it('repeats its refusals in every later plan, the same errors', () => {
    const [first, second] = through(refuse(isRelay, refusal), planOf([RELAY]), planOf([RELAY, TCP]));
    expect(shown(second!)).toEqual({ dials: [`${TCP} 0`], refused: [`${RELAY} ERR_UNHANDLED`] });
    expect(second!.refused[0]!.error).toBe(first!.refused[0]!.error);
  });

  it('asks once about an address, and stands by the answer: nothing is withdrawn', () => {
    const asked: string[] = [];
    const crowded = (addr: Multiaddr, { dials }: DialPlan): boolean => {
      asked.push(addr.toString());
      return dials.length > 1;
    };
    const plans = through(refuse(crowded, refusal), planOf([TCP]), planOf([TCP, QUIC]), planOf([QUIC]));
    expect(plans.map(shown)).toEqual([
      { dials: [`${TCP} 0`], refused: [] },
      { dials: [`${TCP} 0`], refused: [`${QUIC} ERR_UNHANDLED`] },
      { dials: [], refused: [`${QUIC} ERR_UNHANDLED`] },
    ]);
    expect(asked).toEqual([TCP, QUIC]);
  });

  it('makes an error of whatever the error function gives', () => {
    // As users of plain JavaScript do.
    const text = (() => 'just text') as unknown as () => Error;
    const [refused] = lastOf(refuse(isRelay, text), planOf([RELAY])).refused;
    expect(refused!.error).toBeInstanceOf(Error);
    expect(refused!.error.message).toContain('just text');
  });
});

describe('refuseBlackHoled', () => {
  it('asks the context, and refuses with ERR_BLACK_HOLE', () => {
    const plan = lastOf(refuseBlackHoled(), planOf([QUIC, TCP], {}, { isBlackHoled: isQuic }));
    expect(shown(plan)).toEqual({ dials: [`${TCP} 0`], refused: [`${QUIC} ERR_BLACK_HOLE`] });
    expect(plan.refused[0]!.error.message).toBe('dial refused because of black hole');
  });
});

describe('only', () => {
  it('refuses all others, and names the address and the predicate', () => {
    const plan = lastOf(only(isQuic), planOf([QUIC, TCP]));
    expect(shown(plan)).toEqual({ dials: [`${QUIC} 0`], refused: [`${TCP} ERR_ADDR_REFUSED`] });
    expect(plan.refused[0]!.error.message).toBe(`not let through by only(isQuic): ${TCP}`);
  });

  it('has words for a predicate without a name', () => {
    const [refused] = lastOf(
      only((addr) => isQuic(addr)),
      planOf([TCP]),
    ).refused;
    expect(refused!.error.message).toBe(`not let through by only(): ${TCP}`);
  });
});

describe('limitAddrs', () => {
  it('lets the soonest through, in the order of the plan, and refuses the excess', () => {
    const plan = lastOf(limitAddrs(2), planOf({ [RELAY]: 500, [TCP]: 250, [LAN]: 250, [QUIC]: 0 }));
    expect(shown(plan)).toEqual({
      dials: [`${TCP} 250`, `${QUIC} 0`],
      refused: [`${RELAY} ERR_LIMIT`, `${LAN} ERR_LIMIT`],
    });
    expect(plan.refused[0]!.error).toMatchObject({ fault: 'local', limit: 'addresses', value: 2 });
  });

  it('keeps those of earlier plans, though sooner ones come', () => {
    const plans = through(
      limitAddrs(2),
      planOf({ [TCP]: 250 }),
      planOf({ [TCP]: 250, [LAN]: 10, [QUIC]: 0 }),
    );
    expect(shown(plans[1]!)).toEqual({ dials: [`${TCP} 250`, `${QUIC} 0`], refused: [`${LAN} ERR_LIMIT`] });
  });

  it('counts over all plans, also an address that a later plan has lost', () => {
    const plans = through(limitAddrs(1), planOf([TCP]), planOf([QUIC]));
    expect(shown(plans[1]!)).toEqual({ dials: [], refused: [`${QUIC} ERR_LIMIT`] });
  });

  it.each([
    [0, []],
    [1, [`${TCP} 0`]],
    [2, [`${TCP} 0`, `${QUIC} 0`]],
    [3, [`${TCP} 0`, `${QUIC} 0`]],
  ])('of two addresses, a limit of %s leaves %j', (count, left) => {
    expect(listed(lastOf(limitAddrs(count), planOf([TCP, QUIC])).dials)).toEqual(left);
  });
});

describe('a function of the user that throws', () => {
  const cause = new Error('boom');
  const boom = (): never => {
    throw cause;
  };

  it.each<readonly [string, string, DialStrategy]>([
    ['the predicate of refuse', 'the predicate of refuse', refuse(boom, refusal)],
    ['its error function', 'the error function of refuse', refuse(() => true, boom)],
    ['the predicate of only', 'the predicate of only', only(boom)],
    ['a predicate of stagger', 'a predicate of stagger', stagger([boom], { byMs: 1 })],
    ['the rule of mapDials', 'the rule of mapDials', mapDials(boom)],
  ])('%s errors that one dial, with what it threw', async (_, whose, strategy) => {
    expect(await failing(strategy)).toMatchObject({
      code: 'ERR_DIAL_STRATEGY',
      fault: 'local',
      message: `${whose} threw: boom`,
      cause,
    });
  });

  it('may throw what is no error', async () => {
    const strategy = mapDials(() => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- as users do.
      throw 'text';
    });
    expect(await failing(strategy)).toMatchObject({ code: 'ERR_DIAL_STRATEGY', cause: { cause: 'text' } });
  });

  it('leaves other subscriptions of the same strategy alone', async () => {
    const strategy = only((addr) => isQuic(addr) || boom());
    expect(await failing(strategy)).toMatchObject({ code: 'ERR_DIAL_STRATEGY' });
    expect(listed(lastOf(strategy, planOf([QUIC])).dials)).toEqual([`${QUIC} 0`]);
  });
});

describe('an option that cannot be', () => {
  it.each<readonly [string, () => DialStrategy]>([
    ['happyEyeballs: publicMs is -1', () => happyEyeballs({ publicMs: -1 })],
    ['happyEyeballs: privateMs is NaN', () => happyEyeballs({ privateMs: NaN })],
    ['delayRelays: byMs', () => delayRelays({ byMs: Infinity })],
    ['stagger: byMs', () => stagger([], { byMs: -5 })],
    ['giveUpAfter is -1', () => giveUpAfter(-1)],
    ['limitAddrs is 1.5', () => limitAddrs(1.5)],
    ['limitAddrs is -1', () => limitAddrs(-1)],
  ])('%s: is refused where the strategy is written', (message, make) => {
    expect(make).toThrow(Libp2pError);
    expect(make).toThrow(message);
  });
});
