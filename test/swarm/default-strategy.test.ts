import { map, of, pipe, type Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import type { Multiaddr } from '@multiformats/multiaddr';
import { isPublic, isQuic } from '../../src/core/address-class.js';
import type { DialContext, DialOptions, DialPlan } from '../../src/core/dial-contract.js';
import { Libp2pError } from '../../src/core/errors.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { defaultFilters, defaultStrategy } from '../../src/swarm/default-strategy.js';
import { only } from '../../src/swarm/refusals.js';
import { resolveAddrs } from '../../src/swarm/resolve-addrs.js';
import { PEER, planOf, shown } from '../support/dial-plan.js';

const QUIC = '/ip4/1.2.3.4/udp/1/quic-v1';
const TCP = '/ip4/1.2.3.4/tcp/1';
const WS = '/ip4/1.2.3.4/tcp/1/ws';
const RELAY = `/ip4/5.6.7.8/tcp/9/p2p/${PEER}/p2p-circuit`;

function after(
  addrs: readonly string[],
  context: Partial<DialContext> = {},
  options: DialOptions = {},
  strategy = defaultStrategy(),
): DialPlan {
  let last: DialPlan | undefined;
  of(planOf(addrs, options, context))
    .pipe(strategy)
    .subscribe((plan) => (last = plan));
  return last!;
}
const reasons = ({ refused }: DialPlan): string[] => refused.map(({ error }) => error.message);

describe('the default strategy', () => {
  it('filters, ranks, and delays relays', () => {
    expect(shown(after([RELAY, WS, TCP, QUIC, '/ip4/0.0.0.0/tcp/1', '/ip4/10.0.0.1/tcp/1']))).toEqual({
      dials: ['/ip4/10.0.0.1/tcp/1 0', `${QUIC} 0`, `${TCP} 250`, `${RELAY} 500`],
      refused: [`${WS} ERR_ADDR_REFUSED`, '/ip4/0.0.0.0/tcp/1 ERR_ADDR_REFUSED'],
    });
  });

  it.each(['client', 'server'] as const)('dials all at once when both sides dial, as %s', (role) => {
    const plan = after([RELAY, TCP, QUIC], {}, { simultaneousConnect: role });
    expect(shown(plan).dials).toEqual([`${QUIC} 0`, `${TCP} 0`, `${RELAY} 0`]);
  });

  it('[FILT-2, 1] refuses what no transport dials, and says what became of draft-29', () => {
    const plan = after(['/ip4/1.2.3.4/udp/1/quic', '/ip4/1.2.3.4/sctp/1', TCP], {
      canDial: (addr) => addr.toString() === TCP,
    });
    expect(shown(plan)).toEqual({
      dials: [`${TCP} 0`],
      refused: ['/ip4/1.2.3.4/udp/1/quic ERR_ADDR_UNSUPPORTED', '/ip4/1.2.3.4/sctp/1 ERR_ADDR_UNSUPPORTED'],
    });
    expect(reasons(plan)).toEqual([
      'QUIC draft-29 has been removed, QUIC (RFC 9000) is accessible with /quic-v1',
      'no transport for protocol',
    ]);
  });

  it('[FILT-5] keeps WebTransport beside QUIC that we cannot dial', () => {
    const webTransport = `${QUIC}/webtransport`;
    const plan = after([QUIC, webTransport], { canDial: (addr) => addr.toString() === webTransport });
    expect(shown(plan)).toEqual({
      dials: [`${webTransport} 0`],
      refused: [`${QUIC} ERR_ADDR_UNSUPPORTED`],
    });
  });

  it('[FILT-2, 3] does not ask about a black hole for what is refused before', () => {
    const asked: string[] = [];
    const isBlackHoled = (addr: Multiaddr): boolean => {
      asked.push(addr.toString());
      return isQuic(addr);
    };
    expect(shown(after([WS, TCP, QUIC], { isBlackHoled }))).toEqual({
      dials: [`${TCP} 0`],
      refused: [`${WS} ERR_ADDR_REFUSED`, `${QUIC} ERR_BLACK_HOLE`],
    });
    expect(asked).toEqual([TCP, QUIC]);
  });

  it('[FILT-2, 4a, 4c] refuses unspecified and link-local addresses, saying why', () => {
    const plan = after(['/ip6/::/tcp/1', '/ip6zone/eth0/ip6/fe80::1/tcp/1']);
    expect(plan.dials).toEqual([]);
    expect(reasons(plan)).toEqual([
      'unspecified IP: /ip6/::/tcp/1',
      'IPv6 link-local: /ip6zone/eth0/ip6/fe80::1/tcp/1',
    ]);
  });

  it('FILT-6: refuses relays when a direct connection is forced, and only then', () => {
    expect(shown(after([RELAY, TCP], {}, { forceDirect: true }))).toEqual({
      dials: [`${TCP} 0`],
      refused: [`${RELAY} ERR_ADDR_REFUSED`],
    });
    expect(after([RELAY], {}, { forceDirect: false }).refused).toEqual([]);
  });

  it('RES-4: dials a hundred addresses, and refuses the next', () => {
    const many = Array.from({ length: 101 }, (_, at) => `/ip4/1.2.3.4/tcp/${String(at + 1)}`);
    const plan = after(many);
    expect(plan.dials).toHaveLength(100);
    expect(shown(plan).refused).toEqual([`${many[100]!} ERR_LIMIT`]);
  });

  it('errors only this dial if the context throws', () => {
    const canDial = (): never => {
      throw new Error('boom');
    };
    let error: unknown;
    of(planOf([TCP], {}, { canDial }))
      .pipe(defaultStrategy())
      .subscribe({ error: (thrown: unknown) => (error = thrown) });
    expect(error).toMatchObject({
      code: 'ERR_DIAL_STRATEGY',
      message: expect.stringContaining('boom') as string,
    });
  });
});

describe('the default strategy, as names are answered,', () => {
  const NAME = '/dns4/a.example/udp/1/quic-v1';
  const marbles = (run: Parameters<TestScheduler['run']>[0]): void => {
    new TestScheduler((actual, expected) => {
      expect(actual).toEqual(expected);
    }).run(run);
  };
  const plans = (plan$: Observable<DialPlan>): Observable<ReturnType<typeof shown>> =>
    plan$.pipe(defaultStrategy(), map(shown));

  it('plans at once what is known, and again with the answer, which is filtered and ranked with the rest', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const answer$ = cold('--(a|)', {
        a: [QUIC, '/ip4/0.0.0.0/udp/1/quic-v1'].map((text) => parseMultiaddr(text)),
      });
      const plan$ = cold('(p|)', { p: planOf([TCP, NAME], {}, { resolve: () => answer$ }) });
      expectObservable(plans(plan$)).toBe('a-(b|)', {
        a: { dials: [`${TCP} 0`], refused: [] },
        b: {
          dials: [`${QUIC} 0`, `${TCP} 250`],
          refused: ['/ip4/0.0.0.0/udp/1/quic-v1 ERR_ADDR_REFUSED'],
        },
      });
      expectSubscriptions(answer$.subscriptions).toBe('^-!');
    });
  });

  it('reports a name that fails, and dials the rest', () => {
    marbles(({ cold, expectObservable }) => {
      const answer$ = cold<Multiaddr[]>(
        '--#',
        undefined,
        new Libp2pError('ERR_RESOLVE', 'network', 'no such name'),
      );
      const plan$ = cold('(p|)', { p: planOf([TCP, NAME], {}, { resolve: () => answer$ }) });
      expectObservable(plans(plan$)).toBe('a-(b|)', {
        a: { dials: [`${TCP} 0`], refused: [] },
        b: { dials: [`${TCP} 0`], refused: [`${NAME} ERR_RESOLVE`] },
      });
    });
  });

  it('abandons the question when nobody waits any more', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const answer$ = cold<Multiaddr[]>('-----a', { a: [] });
      const plan$ = cold('p', { p: planOf([TCP, NAME], {}, { resolve: () => answer$ }) });
      expectObservable(plans(plan$), '^--!').toBe('a', { a: { dials: [`${TCP} 0`], refused: [] } });
      expectSubscriptions(answer$.subscriptions).toBe('^--!');
    });
  });
});

describe('a guard behind the names', () => {
  it('judges what they lead to: a public name may hide a private address', () => {
    const NAME = '/dns4/rebind.example/tcp/1';
    const answers = ['10.0.0.5', '0.0.0.0', '1.2.3.4'].map((ip) => parseMultiaddr(`/ip4/${ip}/tcp/1`));
    const guard = pipe(resolveAddrs(), only(isPublic));
    expect(
      shown(after([NAME, '/ip6/::ffff:10.0.0.5/tcp/1'], { resolve: () => of(answers) }, {}, guard)),
    ).toEqual({
      dials: [`${TCP} 0`],
      refused: ['/ip4/10.0.0.5/tcp/1', '/ip4/0.0.0.0/tcp/1', '/ip6/::ffff:10.0.0.5/tcp/1'].map(
        (addr) => `${addr} ERR_ADDR_REFUSED`,
      ),
    });
  });
});

describe('the default filters', () => {
  it('stand on their own, in front of a ranking of ones own', () => {
    expect(shown(after([WS, RELAY, TCP], {}, {}, defaultFilters()))).toEqual({
      dials: [`${RELAY} 0`, `${TCP} 0`],
      refused: [`${WS} ERR_ADDR_REFUSED`],
    });
  });
});
