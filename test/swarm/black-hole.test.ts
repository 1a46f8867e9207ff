import fc from 'fast-check';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { BlackHoleCounter, BlackHoles, type BlackHoleState } from '../../src/swarm/black-hole.js';

const S = true;
const F = false;
const counter = (n: number, min: number, results: readonly boolean[] = []): BlackHoleCounter => {
  const made = new BlackHoleCounter('udp', { n, min });
  for (const success of results) made.record(success);
  return made;
};
const ask = (asked: BlackHoleCounter, times: number): BlackHoleState[] =>
  Array.from({ length: times }, () => asked.ask());

describe('BlackHoleCounter', () => {
  it.each<[string, number, number, boolean[], BlackHoleState, number]>([
    ['BH-1: nothing recorded', 2, 1, [], 'probing', 0],
    ['BH-2: fewer results than the window has', 2, 1, [F], 'probing', 0],
    ['BH-2: so, even if they are successes', 3, 1, [S, S], 'probing', 1],
    ['BH-11: F F', 2, 1, [F, F], 'blocked', 0],
    ['BH-11: S F', 2, 1, [S, F], 'allowed', 0.5],
    ['BH-11: S F F, the window has moved on', 2, 1, [S, F, F], 'blocked', 0],
    ['BH-2: exactly the minimum', 4, 2, [S, F, F, S], 'allowed', 0.5],
    ['BH-2: one below the minimum', 4, 2, [F, F, F, S], 'blocked', 0.25],
    ['BH-2: the window turns more than once', 2, 2, [S, S, S, S, S], 'allowed', 1],
    ['BH-2: a success while blocked, which is not counted', 2, 1, [F, F, S], 'probing', 0],
    ['BH-2: then a whole window is needed again', 2, 1, [F, F, S, F], 'probing', 0],
    ['BH-2: and decides', 2, 1, [F, F, S, F, F], 'blocked', 0],
  ])('%s', (_, n, min, results, state, successFraction) => {
    const { name, ...seen } = { name: 'udp', ...facts(counter(n, min, results)) };
    expect([name, seen.state, seen.successFraction]).toEqual(['udp', state, successFraction]);
  });

  it('BH-3: allowed and probing answer so however often they are asked', () => {
    expect(ask(counter(2, 1, [S, S]), 4)).toEqual(Array(4).fill('allowed'));
    expect(ask(counter(2, 1), 4)).toEqual(Array(4).fill('probing'));
  });

  it('BH-3: blocked, every n-th request is a probe, and the state stays what it was', () => {
    const blocked = counter(3, 1, [F, F, F]);
    expect(ask(blocked, 7)).toEqual([
      'blocked',
      'blocked',
      'probing',
      'blocked',
      'blocked',
      'probing',
      'blocked',
    ]);
    expect(blocked.state).toBe('blocked');
  });

  it('BH-3: requests from before it was blocked count too', () => {
    const one = counter(3, 1);
    ask(one, 2);
    for (const success of [F, F, F]) one.record(success);
    expect(ask(one, 2)).toEqual(['probing', 'blocked']);
  });

  it('BH-2: a success while blocked sets the count of requests back', () => {
    const one = counter(3, 1, [F, F, F]);
    ask(one, 2);
    for (const success of [S, F, F, F]) one.record(success);
    expect(ask(one, 3)).toEqual(['blocked', 'blocked', 'probing']);
  });

  it('BH-10: after a hundred failures one request in a hundred goes through; its success leads to probing', () => {
    const one = counter(100, 5, Array<boolean>(100).fill(F));
    const answers = ask(one, 200);
    expect(answers.flatMap((answer, at) => (answer === 'probing' ? [at + 1] : []))).toEqual([100, 200]);
    one.record(S);
    for (let i = 0; i < 99; i += 1) one.record(F);
    expect(one.state).toBe('probing');
    one.record(F);
    expect(one.state).toBe('blocked');
  });

  it('BH-13: says how many requests remain to the next probe, 0 unless blocked', () => {
    const one = counter(3, 1, [F, F, F]);
    const left = [1, 2, 3, 4].map(() => {
      const { requestsUntilProbe } = one;
      one.ask();
      return requestsUntilProbe;
    });
    expect(left).toEqual([3, 2, 1, 3]);
    expect(counter(3, 1).requestsUntilProbe).toBe(0);
    expect(counter(2, 1, [S, S]).requestsUntilProbe).toBe(0);
  });

  it('BH-2: judges every sequence of results as one that keeps them all', () => {
    // Long enough for windows that turn, block, begin anew and turn again.
    const results = fc.array(fc.boolean(), { minLength: 20, maxLength: 80 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.nat(4), results, (n, min, results) => {
        const fast = counter(n, min);
        let kept: boolean[] = [];
        let state: BlackHoleState = 'probing';
        for (const success of results) {
          fast.record(success);
          if (state === 'blocked' && success) [kept, state] = [[], 'probing'];
          else {
            kept = [...kept, success].slice(-n);
            state = kept.length < n ? 'probing' : kept.filter(Boolean).length >= min ? 'allowed' : 'blocked';
          }
          expect(facts(fast)).toEqual({
            state,
            successFraction: kept.length === 0 ? 0 : kept.filter(Boolean).length / kept.length,
          });
        }
      }),
    );
  });
});

function facts({ state, successFraction }: BlackHoleCounter): {
  state: BlackHoleState;
  successFraction: number;
} {
  return { state, successFraction };
}

const UDP4 = '/ip4/1.2.3.4/udp/1/quic-v1';
const UDP6 = '/ip6/2001:4860::1/udp/1/quic-v1';
const TCP4 = '/ip4/1.2.3.4/tcp/1';
const TCP6 = '/ip6/2001:4860::1/tcp/1';
const LOCAL = [
  '/ip4/10.0.0.1/udp/1/quic-v1',
  '/ip6/fd00::1/udp/1/quic-v1',
  '/ip6/::1/tcp/1',
  '/ip4/192.0.2.1/udp/1',
];
const OPTIONS = { udp: { n: 4, min: 1 }, ipv6: { n: 4, min: 1 } };

interface Bench {
  readonly holes: BlackHoles;
  readonly changes: [string, BlackHoleState, number][];
  record(addr: string, ...results: boolean[]): void;
}
function bench(options: ConstructorParameters<typeof BlackHoles>[0] = OPTIONS): Bench {
  const changes: Bench['changes'] = [];
  const holes = new BlackHoles(options, (...change) => changes.push(change));
  return {
    holes,
    changes,
    record: (addr, ...results) => {
      for (const success of results) holes.record(parseMultiaddr(addr), success);
    },
  };
}
/** Which of `addrs` one dial would be refused. */
function refused(holes: BlackHoles, ...addrs: string[]): string[] {
  const isBlackHoled = holes.question();
  return addrs.filter((addr) => isBlackHoled(parseMultiaddr(addr)));
}
const FFFF = [F, F, F, F];
/** Brings a counter to a state, by one address that only it counts. */
const INTO: Record<BlackHoleState | 'probe', (one: Bench, addr: string) => void> = {
  probing: () => undefined,
  allowed: (one, addr) => {
    one.record(addr, S, S, S, S);
  },
  blocked: (one, addr) => {
    one.record(addr, ...FFFF);
  },
  probe: (one, addr) => {
    one.record(addr, ...FFFF);
    for (let i = 0; i < 3; i += 1) refused(one.holes, addr);
  },
};

describe('BlackHoles', () => {
  it.each<[BlackHoleState | 'probe', BlackHoleState | 'probe', string[]]>([
    ['probing', 'probing', []],
    ['allowed', 'allowed', []],
    ['blocked', 'allowed', [UDP4, UDP6]],
    ['allowed', 'blocked', [UDP6, TCP6]],
    ['blocked', 'blocked', [UDP4, UDP6, TCP6]],
    // Whatever IPv6 says, and whatever UDP says:
    ['probing', 'blocked', [TCP6]],
    ['blocked', 'probing', [UDP4]],
    ['probe', 'blocked', [TCP6]],
    ['blocked', 'probe', [UDP4]],
    ['probe', 'probe', []],
  ])('BH-6: udp %s and ipv6 %s refuse %p', (udp, ipv6, expected) => {
    const one = bench();
    INTO[udp](one, UDP4);
    INTO[ipv6](one, TCP6);
    expect(refused(one.holes, UDP4, UDP6, TCP4, TCP6, ...LOCAL)).toEqual(expected);
  });

  it('BH-4: a dial with many addresses is one request; its answer stands for all of them', () => {
    const one = bench();
    INTO.blocked(one, UDP4);
    const dials = [1, 2, 3, 4, 5].map(() => refused(one.holes, UDP4, UDP4, UDP4).length);
    expect(dials).toEqual([3, 3, 3, 0, 3]);
  });

  it('BH-4: an answer stands though results come in meanwhile', () => {
    const one = bench();
    const isBlackHoled = one.holes.question();
    const before = isBlackHoled(parseMultiaddr(UDP4));
    one.record(UDP4, ...FFFF);
    expect([before, isBlackHoled(parseMultiaddr(UDP4)), one.holes.question()(parseMultiaddr(UDP4))]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it.each<[string, string[], number, number]>([
    ['no address', [], 4, 4],
    ['no public address', LOCAL, 4, 4],
    ['TCP over IPv4', [TCP4], 4, 4],
    ['UDP over IPv4', [UDP4], 3, 4],
    ['TCP over IPv6', [TCP6], 4, 3],
    ['UDP over IPv6', [UDP6], 3, 3],
    ['one of each', [UDP4, TCP6, TCP4, UDP6], 3, 3],
  ])('BH-5: a dial with %s counts as a request of whom it concerns', (_, addrs, udpLeft, ipv6Left) => {
    const one = bench();
    INTO.blocked(one, UDP4);
    INTO.blocked(one, TCP6);
    refused(one.holes, ...addrs);
    // How many dials until the probe, that one included.
    const until = (addr: string): number => {
      for (let dials = 1; ; dials += 1) if (refused(one.holes, addr).length === 0) return dials;
    };
    expect([until(UDP4), until(TCP6)]).toEqual([udpLeft, ipv6Left]);
  });

  it('BH-7: only public addresses are recorded, and one of UDP over IPv6 in both', () => {
    const one = bench();
    for (const addr of [...LOCAL, TCP4]) one.record(addr, ...FFFF, ...FFFF);
    expect(one.changes).toEqual([]);
    one.record(UDP6, ...FFFF);
    expect(one.changes).toEqual([
      ['udp', 'blocked', 0],
      ['ipv6', 'blocked', 0],
    ]);
  });

  it('tells every change of a state, and nothing else', () => {
    const one = bench();
    one.record(UDP4, S, F, F, F, F, F, S, S, S, S, S);
    expect(one.changes).toEqual([
      ['udp', 'allowed', 0.25],
      ['udp', 'blocked', 0],
      ['udp', 'probing', 0],
      ['udp', 'allowed', 1],
    ]);
  });

  it('BH-9: a counter that is switched off neither refuses nor tells', () => {
    const off = bench({ udp: false, ipv6: false });
    for (const addr of [UDP4, UDP6, TCP6]) off.record(addr, ...FFFF, ...FFFF);
    expect([refused(off.holes, UDP4, UDP6, TCP6), off.changes]).toEqual([[], []]);
    const half = bench({ ...OPTIONS, udp: false });
    half.record(UDP6, ...FFFF);
    expect([refused(half.holes, UDP4, UDP6), half.changes]).toEqual([[UDP6], [['ipv6', 'blocked', 0]]]);
  });

  it('BH-10: by default a hundred failures block, and five successes among them do not', () => {
    const one = bench({});
    one.record(UDP4, ...Array<boolean>(99).fill(F));
    one.record(TCP6, ...Array<boolean>(5).fill(S), ...Array<boolean>(94).fill(F));
    expect(one.changes).toEqual([]);
    one.record(UDP4, F);
    one.record(TCP6, F);
    expect(one.changes).toEqual([
      ['udp', 'blocked', 0],
      ['ipv6', 'allowed', 0.05],
    ]);
    const through = Array.from({ length: 200 }, () => refused(one.holes, UDP4).length === 0);
    expect(through.flatMap((passed, at) => (passed ? [at + 1] : []))).toEqual([100, 200]);
  });

  it.each([
    '/dns4/example.com/udp/1/quic-v1',
    `${UDP4}/p2p/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5/p2p-circuit`,
  ])('BH-12: counts %s, which is public by its first component', (addr) => {
    const one = bench();
    one.record(addr, ...FFFF);
    expect(refused(one.holes, addr)).toEqual([addr]);
  });
});
