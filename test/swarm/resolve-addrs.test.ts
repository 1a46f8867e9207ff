import { concat, EMPTY, map, NEVER, of, Subject, throwError, type Observable } from 'rxjs';
import type { TestScheduler } from 'rxjs/testing';
import type { Multiaddr } from '@multiformats/multiaddr';
import { isLoopback } from '../../src/core/address-class.js';
import type { DialPlan } from '../../src/core/dial-contract.js';
import { codeOf, Libp2pError } from '../../src/core/errors.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { resolveAddrs } from '../../src/swarm/resolve-addrs.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { marbles } from '../support/marbles.js';

const peer = peerIdFrom('12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5mV');
const RELAY =
  '/dns4/relay.example/tcp/1/p2p/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5/p2p-circuit';
const [X, Y] = ['/dns4/x.example/tcp/1', '/dns4/y.example/tcp/1'];
const [ONE, TWO, THREE] = ['/ip4/10.0.0.1/tcp/1', '/ip4/10.0.0.2/tcp/1', '/ip4/10.0.0.3/tcp/1'];
const failure = new Libp2pError('ERR_RESOLVE', 'network', 'NXDOMAIN');

type Answers = Readonly<Record<string, Observable<readonly string[]>>>;
interface Planned {
  readonly dials?: readonly (string | [addr: string, delayMs: number])[];
  readonly refused?: readonly string[];
}
/** A plan whose context knows these answers, and notes what it is asked. */
function planner(answers: Answers, scheduler = new VirtualClock() as TestScheduler | VirtualClock) {
  const asked: string[] = [];
  const resolve = (addr: Multiaddr): Observable<readonly Multiaddr[]> => {
    asked.push(addr.toString());
    const answer$ = answers[addr.toString()];
    if (answer$ === undefined) throw new TypeError('a bug in the context');
    return answer$.pipe(map((addrs) => addrs.map((answer) => parseMultiaddr(answer))));
  };
  const context = { scheduler, resolve, isBlackHoled: () => false, canDial: () => true };
  const plan = ({ dials = [], refused = [] }: Planned): DialPlan => ({
    peer,
    options: {},
    context,
    dials: dials.map((dial) => {
      const [addr, delayMs] = typeof dial === 'string' ? [dial, 0] : dial;
      return { addr: parseMultiaddr(addr), delayMs };
    }),
    refused: refused.map((addr) => ({ addr: parseMultiaddr(addr), error: failure })),
  });
  return { plan, asked };
}
/** `addr@delay` of each dial, then `addr: code` of each refusal. */
function drawn({ dials, refused }: DialPlan): string[] {
  return [
    ...dials.map(({ addr, delayMs }) => `${addr.toString()}@${String(delayMs)}`),
    ...refused.map(({ addr, error }) => `${addr.toString()}: ${codeOf(error)}`),
  ];
}
function drawings(plan$: Observable<DialPlan>): string[][] {
  const seen: string[][] = [];
  plan$.pipe(resolveAddrs(), map(drawn)).subscribe((plan) => seen.push(plan));
  return seen;
}
const ips = (from: number, count: number): string[] =>
  Array.from(
    { length: count },
    (_, i) => `/ip4/10.1.${String((from + i) >> 8)}.${String((from + i) & 255)}/tcp/1`,
  );

describe('resolveAddrs', () => {
  it(
    'RES-1, RES-3: lets what can be dialed start at once, and adds answers as they come',
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const x$ = cold<string[]>('--a-(b|)', { a: [TWO], b: [THREE] });
      const { plan } = planner({ [X]: x$ }, scheduler);
      const plan$ = cold('(p|)', { p: plan({ dials: [[X, 30], ONE] }) });
      expectObservable(plan$.pipe(resolveAddrs(), map(drawn))).toBe('p-a-(b|)', {
        p: [`${ONE}@0`],
        a: [`${TWO}@30`, `${ONE}@0`],
        b: [`${TWO}@30`, `${THREE}@30`, `${ONE}@0`],
      });
      expectSubscriptions(x$.subscriptions).toBe('^---!');
      expectSubscriptions(plan$.subscriptions).toBe('(^!)');
    }),
  );

  it(
    'RES-5, G1: refuses a name that fails, and goes on with the others; an empty plan is a plan',
    marbles(({ cold, expectObservable }, scheduler) => {
      const { plan } = planner(
        { [X]: cold<string[]>('-#', {}, failure), [Y]: cold<string[]>('---(a|)', { a: [ONE] }) },
        scheduler,
      );
      expectObservable(of(plan({ dials: [X, Y] })).pipe(resolveAddrs(), map(drawn))).toBe('pf-(a|)', {
        p: [],
        f: [`${X}: ERR_RESOLVE`],
        a: [`${ONE}@0`, `${X}: ERR_RESOLVE`],
      });
    }),
  );

  it(
    'G9: abandons its questions and its source with its subscriber',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }, scheduler) => {
      const x$ = cold<string[]>('-----a', { a: [ONE] });
      const { plan } = planner({ [X]: x$ }, scheduler);
      const plan$ = hot('-p-----', { p: plan({ dials: [X] }) });
      expectObservable(plan$.pipe(resolveAddrs(), map(drawn)), '^--!').toBe('-p--', { p: [] });
      expectSubscriptions(x$.subscriptions).toBe('-^-!');
      expectSubscriptions(plan$.subscriptions).toBe('^--!');
    }),
  );

  it(
    'passes an error of its source on, and abandons its questions',
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const x$ = cold<string[]>('-----a', { a: [ONE] });
      const { plan } = planner({ [X]: x$ }, scheduler);
      const plan$ = cold('p-#', { p: plan({ dials: [X] }) }, 'the source');
      expectObservable(plan$.pipe(resolveAddrs(), map(drawn))).toBe('p-#', { p: [] }, 'the source');
      expectSubscriptions(x$.subscriptions).toBe('^-!');
    }),
  );

  it(
    'completes when the source and every question have',
    marbles(({ cold, expectObservable }, scheduler) => {
      const { plan } = planner({ [X]: cold<string[]>('a|', { a: [ONE] }) }, scheduler);
      const late$ = cold('p---|', { p: plan({ dials: [X] }) });
      expectObservable(late$.pipe(resolveAddrs(), map(drawn))).toBe('(pa)|', {
        p: [],
        a: [`${ONE}@0`],
      });
      expectObservable(EMPTY.pipe(resolveAddrs())).toBe('|');
      expectObservable(NEVER.pipe(resolveAddrs())).toBe('');
    }),
  );

  it(
    'asks for a name once, and keeps its answers in later plans, with the delay that they then have',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }, scheduler) => {
      const x$ = cold<string[]>('-(a|)', { a: [ONE] });
      const { plan } = planner({ [X]: x$ }, scheduler);
      const plan$ = hot('p--q|', {
        p: plan({ dials: [X] }),
        q: plan({ dials: [[X, 50], TWO, X], refused: [RELAY] }),
      });
      expectObservable(plan$.pipe(resolveAddrs(), map(drawn))).toBe('pa-q|', {
        p: [],
        a: [`${ONE}@0`],
        q: [`${ONE}@50`, `${TWO}@0`, `${RELAY}: ERR_RESOLVE`],
      });
      expectSubscriptions(x$.subscriptions).toBe('^!');
    }),
  );

  it('RES-2: leaves plans without names as they are, relays among them', () => {
    const { plan, asked } = planner({});
    const given = plan({ dials: [ONE, RELAY, [TWO, 250]] });
    const seen: DialPlan[] = [];
    of(given)
      .pipe(resolveAddrs())
      .subscribe((emitted) => seen.push(emitted));
    expect([seen[0] === given, seen.length, asked]).toEqual([true, 1, []]);
  });

  it('drops an answer that is there already: plain, from another name, or from an earlier answer', () => {
    const { plan } = planner({ [X]: of([ONE, TWO, TWO], [TWO]), [Y]: of([TWO, ONE, THREE]) });
    expect(drawings(of(plan({ dials: [[X, 10], [Y, 20], ONE] }))).at(-1)).toEqual([
      `${TWO}@10`,
      `${THREE}@20`,
      `${ONE}@0`,
    ]);
  });

  it('an address that becomes known without its name is dialed as that says', () => {
    const { plan } = planner({ [X]: of([ONE]) });
    const plan$ = of(plan({ dials: [[X, 10]] }), plan({ dials: [[X, 10], ONE] }));
    expect(drawings(plan$)).toEqual([[], [`${ONE}@10`], [`${ONE}@0`]]);
  });

  it('RES-5: refuses a name that has no usable answer: none, or another name', () => {
    const { plan } = planner({ [X]: EMPTY, [Y]: of([], [X]) });
    const seen: DialPlan[] = [];
    of(plan({ dials: [X, Y] }))
      .pipe(resolveAddrs())
      .subscribe((emitted) => seen.push(emitted));
    expect(drawn(seen.at(-1)!)).toEqual([`${X}: ERR_RESOLVE`, `${Y}: ERR_RESOLVE`]);
    expect(seen.at(-1)!.refused[0]!.error.message).toBe(`no usable answer for ${X}`);
  });

  it('does not refuse a name whose answers were all known', () => {
    const { plan } = planner({ [X]: of([ONE]) });
    expect(drawings(of(plan({ dials: [X, ONE] })))).toEqual([[`${ONE}@0`]]);
  });

  it('G7: refuses a name whose context throws, and nothing else', () => {
    const { plan } = planner({ [Y]: of([ONE]) });
    expect(drawings(of(plan({ dials: [X, Y] }))).at(-1)).toEqual([`${ONE}@0`, `${X}: ERR_UNHANDLED`]);
  });

  it('keeps what came before a name failed', () => {
    const { plan } = planner({
      [X]: concat(
        of([ONE]),
        throwError(() => failure),
      ),
    });
    expect(drawings(of(plan({ dials: [X] })))).toEqual([[], [`${ONE}@0`], [`${ONE}@0`, `${X}: ERR_RESOLVE`]]);
  });

  it('G5: lets a strategy behind it refuse what a name must not lead to', () => {
    const { plan } = planner({ [X]: of(['/ip4/127.0.0.1/tcp/1', ONE]) });
    const guarded$ = of(plan({ dials: [X] })).pipe(
      resolveAddrs(),
      map((resolved) => ({ ...resolved, dials: resolved.dials.filter(({ addr }) => !isLoopback(addr)) })),
    );
    const seen: string[][] = [];
    guarded$.subscribe((emitted) => seen.push(drawn(emitted)));
    expect(seen.at(-1)).toEqual([`${ONE}@0`]);
  });
});

describe('RES-4: a hundred addresses come out of names', () => {
  it('and the name that lost some is refused, once', () => {
    const { plan } = planner({ [X]: of(ips(0, 60)), [Y]: of(ips(60, 60), ips(120, 9)) });
    const last = drawings(of(plan({ dials: [X, Y] }))).at(-1)!;
    expect(last).toEqual([...ips(0, 100).map((addr) => `${addr}@0`), `${Y}: ERR_LIMIT`]);
  });

  it('and the first reason stays, if that name fails after all', () => {
    const { plan } = planner({
      [X]: concat(
        of(ips(0, 101)),
        throwError(() => failure),
      ),
    });
    expect(
      drawings(of(plan({ dials: [X] })))
        .at(-1)!
        .at(-1),
    ).toBe(`${X}: ERR_LIMIT`);
  });

  it('and not one is lost where a hundred is all there is', () => {
    const { plan } = planner({ [X]: of(ips(0, 60)), [Y]: of(ips(60, 40), ips(0, 40)) });
    expect(drawings(of(plan({ dials: [X, Y] }))).at(-1)).toEqual(ips(0, 100).map((addr) => `${addr}@0`));
  });

  it('while plain addresses are never cut, and do not count', () => {
    const { plan } = planner({ [X]: of(ips(0, 100)) });
    const last = drawings(of(plan({ dials: [...ips(1000, 150), X] }))).at(-1)!;
    expect(last).toHaveLength(250);
  });

  it('so that no more names than that are asked for; the rest are refused at once', () => {
    const names = Array.from({ length: 103 }, (_, i) => `/dns4/n${String(i)}.example/tcp/1`);
    const { plan, asked } = planner(Object.fromEntries(names.map((name) => [name, EMPTY])));
    const seen = drawings(of(plan({ dials: names.slice(0, 60) }), plan({ dials: names })));
    expect(asked).toEqual(names.slice(0, 100));
    expect(seen.at(-1)!.filter((line) => line.endsWith('ERR_LIMIT'))).toEqual(
      names.slice(100).map((name) => `${name}: ERR_LIMIT`),
    );
  });

  it('and sixteen names are asked for at a time', () => {
    const names = Array.from({ length: 40 }, (_, i) => `/dns4/n${String(i)}.example/tcp/1`);
    const answers = names.map((name) => [name, new Subject<string[]>()] as const);
    const { plan, asked } = planner(Object.fromEntries(answers));
    drawings(of(plan({ dials: names })));
    expect(asked).toHaveLength(16);
    answers[3]![1].complete();
    expect(asked).toEqual(names.slice(0, 17));
  });
});

it('one operator value serves many dials, each with its own questions', () => {
  const strategy = resolveAddrs();
  const { plan, asked } = planner({ [X]: of([ONE]) });
  const plan$ = of(plan({ dials: [X] })).pipe(strategy, map(drawn));
  const seen: string[][] = [];
  for (let i = 0; i < 2; i += 1) plan$.subscribe((drawing) => seen.push(drawing));
  expect(seen).toEqual([[], [`${ONE}@0`], [], [`${ONE}@0`]]);
  expect(asked).toEqual([X, X]);
});
