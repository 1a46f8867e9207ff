import { catchError, EMPTY, map, NEVER, of, throwError, type Observable } from 'rxjs';
import { codeOf, Libp2pError } from '../../src/core/errors.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import type { NameLookup } from '../../src/core/name-lookup.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { createResolver, type ResolverDeps } from '../../src/swarm/resolver.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { marbles } from '../support/marbles.js';

const PEER = '12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5mV';
const OTHER = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
const peer = peerIdFrom(PEER);
const nxdomain = (name: string): Error => new Libp2pError('ERR_RESOLVE', 'network', `${name}: NXDOMAIN`);

const NOTHING = { addrs: [], end: 'complete' };

type Zone = Readonly<Record<string, Observable<readonly string[]> | readonly string[]>>;
/** Answers `A name`, `AAAA name` and `TXT name`; knows no other. Notes what it was asked. */
function zone(records: Zone, asked: string[] = []): NameLookup {
  const answer = (question: string): Observable<readonly string[]> => {
    asked.push(question);
    const found = records[question];
    if (found === undefined) return throwError(() => nxdomain(question));
    return Array.isArray(found) ? of(found as readonly string[]) : (found as Observable<readonly string[]>);
  };
  return {
    addresses: (name, family) => answer(`${family === 4 ? 'A' : 'AAAA'} ${name}`),
    texts: (name) => answer(`TXT ${name}`),
  };
}

/** All of it as text, one array per emission. */
function resolving(deps: ResolverDeps, addr: string, of?: typeof peer): Observable<string[]> {
  return createResolver(deps)(parseMultiaddr(addr), of).pipe(
    map((addrs) => addrs.map(String)),
    catchError((error: unknown) => throwError(() => codeOf(error))),
  );
}
function settled(lookup: NameLookup, addr: string, of?: typeof peer, more: Partial<ResolverDeps> = {}) {
  const seen: { addrs: string[]; end?: unknown } = { addrs: [] };
  const clock = new VirtualClock();
  createResolver({ lookup, scheduler: clock, ...more })(parseMultiaddr(addr), of).subscribe({
    next: (addrs) => seen.addrs.push(...addrs.map(String)),
    error: (error: unknown) => (seen.end = error),
    complete: () => (seen.end = 'complete'),
  });
  while (seen.end === undefined && clock.nextAt !== undefined) clock.step();
  expect(clock.nextAt).toBeUndefined();
  return { ...seen, atMs: clock.now() };
}
const ip = (n: number): string => `10.0.${String(n >> 8)}.${String(n & 255)}`;

describe('a name becomes addresses', () => {
  it(
    'RES-10, RFC 8305: both families are asked at once, and each answer comes as soon as it is there',
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const a$ = cold<string[]>('---(a|)', { a: ['1.2.3.4', '1.2.3.5'] });
      const aaaa$ = cold<string[]>('-----(a|)', { a: ['2001:db8::1'] });
      const lookup = zone({ 'A x.example': a$, 'AAAA x.example': aaaa$ });
      expectObservable(resolving({ lookup, scheduler }, '/dns/x.example/tcp/1')).toBe('---a-(b|)', {
        a: ['/ip4/1.2.3.4/tcp/1', '/ip4/1.2.3.5/tcp/1'],
        b: ['/ip6/2001:db8::1/tcp/1'],
      });
      expectSubscriptions(a$.subscriptions).toBe('^--!');
      expectSubscriptions(aaaa$.subscriptions).toBe('^----!');
    }),
  );

  it.each([
    ['/dns/x.example/tcp/1', ['A x.example', 'AAAA x.example']],
    ['/dns4/x.example/tcp/1', ['A x.example']],
    ['/dns6/x.example/tcp/1', ['AAAA x.example']],
    ['/dnsaddr/x.example', ['TXT _dnsaddr.x.example']],
    ['/ip4/1.2.3.4/tcp/1', []],
    [`/dns4/x.example/tcp/1/p2p/${OTHER}/p2p-circuit`, []],
  ])('RES-2, RES-9, RES-10: %s asks %j', (addr, expected) => {
    const asked: string[] = [];
    settled(zone({}, asked), addr);
    expect(asked).toEqual(expected);
  });

  it('RES-3: an address without a name is its own answer', () => {
    expect(settled(zone({}), '/ip4/1.2.3.4/tcp/1')).toMatchObject({
      addrs: ['/ip4/1.2.3.4/tcp/1'],
      end: 'complete',
    });
  });

  it('RES-6: the peer at the end is taken off, and kept for whoever asks without a peer', () => {
    const lookup = zone({ 'A x.example': ['1.2.3.4'] });
    const addr = `/dns4/x.example/tcp/1/p2p/${PEER}`;
    expect(settled(lookup, addr, peer).addrs).toEqual(['/ip4/1.2.3.4/tcp/1']);
    expect(settled(lookup, addr).addrs).toEqual([`/ip4/1.2.3.4/tcp/1/p2p/${PEER}`]);
  });

  it('RES-7: a secure WebSocket keeps the name that its server must prove', () => {
    const lookup = zone({ 'A X.example': ['1.2.3.4'] });
    expect(settled(lookup, '/dns4/X.example/tcp/443/wss').addrs).toEqual([
      '/ip4/1.2.3.4/tcp/443/tls/sni/X.example/ws',
    ]);
  });

  it('RES-10: what is no address of the family asked for is skipped, and so is what came before', () => {
    const lookup = zone({ 'A x.example': ['::1', 'nonsense', '1.2.3.4', '1.2.3.4', '256.1.1.1'] });
    expect(settled(lookup, '/dns4/x.example/tcp/1').addrs).toEqual(['/ip4/1.2.3.4/tcp/1']);
  });

  it('G5: loopback and private answers pass: whether to dial them is the strategy’s to say', () => {
    const lookup = zone({ 'A x.example': ['127.0.0.1', '192.168.0.1'] });
    expect(settled(lookup, '/dns4/x.example/tcp/1').addrs).toHaveLength(2);
  });

  it('G6: what comes out has no name left, and every subscription asks anew', () => {
    let n = 0;
    const lookup: NameLookup = { addresses: () => of([ip((n += 1))]), texts: () => EMPTY };
    const resolve = createResolver({ lookup, scheduler: new VirtualClock() });
    const answer$ = resolve(parseMultiaddr('/dns4/x.example/tcp/1'));
    const seen: string[] = [];
    for (let i = 0; i < 2; i += 1) answer$.subscribe((addrs) => seen.push(...addrs.map(String)));
    expect(seen).toEqual(['/ip4/10.0.0.1/tcp/1', '/ip4/10.0.0.2/tcp/1']);
  });
});

describe('a resolution that fails', () => {
  it(
    'G1: says so, if nothing came',
    marbles(({ cold, expectObservable }, scheduler) => {
      const lookup = zone({
        'A x.example': cold<string[]>('--#', {}, nxdomain('x.example')),
        'AAAA x.example': cold<string[]>('---(a|)', { a: [] }),
      });
      expectObservable(resolving({ lookup, scheduler }, '/dns/x.example/tcp/1')).toBe(
        '---#',
        {},
        'ERR_RESOLVE',
      );
    }),
  );

  it(
    'RES-5, G1: has not failed, if one family has an answer',
    marbles(({ cold, expectObservable }, scheduler) => {
      const lookup = zone({
        'A x.example': cold<string[]>('--#', {}, nxdomain('x.example')),
        'AAAA x.example': cold<string[]>('---(a|)', { a: ['::1'] }),
      });
      expectObservable(resolving({ lookup, scheduler }, '/dns/x.example/tcp/1')).toBe('---(a|)', {
        a: ['/ip6/::1/tcp/1'],
      });
    }),
  );

  it('RES-5: a name without any record completes without a word', () => {
    const lookup = zone({ 'A x.example': [], 'AAAA x.example': EMPTY });
    expect(settled(lookup, '/dns/x.example/tcp/1')).toMatchObject(NOTHING);
  });

  it('G1: names the address, and keeps the cause', () => {
    const cause = new Error('SERVFAIL');
    const lookup = zone({ 'A x.example': throwError(() => cause) });
    expect(settled(lookup, '/dns4/x.example/tcp/1').end).toMatchObject({
      code: 'ERR_RESOLVE',
      fault: 'network',
      message: 'cannot resolve /dns4/x.example/tcp/1: SERVFAIL',
      cause,
    });
  });

  it(
    'G7: errors after five seconds of nothing, also when one of its questions has failed',
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const never$ = cold<string[]>('-');
      const lookup = zone({ 'AAAA x.example': never$ });
      expectObservable(resolving({ lookup, scheduler }, '/dns/x.example/tcp/1')).toBe(
        '5s #',
        {},
        'ERR_TIMEOUT',
      );
      expectSubscriptions(never$.subscriptions).toBe('^ 4999ms !');
    }),
  );

  it(
    'G7: completes after five seconds, if something came',
    marbles(({ cold, expectObservable }, scheduler) => {
      const lookup = zone({
        'A x.example': cold<string[]>('-a', { a: ['1.2.3.4'] }),
        'AAAA x.example': NEVER,
      });
      expectObservable(resolving({ lookup, scheduler }, '/dns/x.example/tcp/1')).toBe('-a 4998ms |', {
        a: ['/ip4/1.2.3.4/tcp/1'],
      });
    }),
  );

  it(
    'G7: has the time that it was given',
    marbles(({ expectObservable }, scheduler) => {
      const lookup = zone({ 'A x.example': NEVER });
      const deps = { lookup, scheduler, timeoutMs: 20 };
      expectObservable(resolving(deps, '/dns4/x.example/tcp/1')).toBe('20ms #', {}, 'ERR_TIMEOUT');
    }),
  );

  it.each<[string, NameLookup]>([
    [
      'throws',
      {
        addresses: () => {
          throw new TypeError('a bug');
        },
        texts: () => EMPTY,
      },
    ],
    // A lookup in JavaScript may return anything.
    [
      'returns nothing',
      { addresses: () => undefined as unknown as Observable<string[]>, texts: () => EMPTY },
    ],
    ['emits no list', { addresses: () => of(7 as unknown as string[]), texts: () => EMPTY }],
    ['emits no text', { addresses: () => of([7 as unknown as string]), texts: () => EMPTY }],
    ['errors with text', { addresses: () => throwError(() => 'text'), texts: () => EMPTY }],
  ])('G7: is one whose lookup %s; nothing is thrown', (_, lookup) => {
    expect(settled(lookup, '/dns/x.example/tcp/1').end).toMatchObject({ code: 'ERR_RESOLVE' });
  });

  it(
    'G9: is abandoned with its subscriber, and nothing comes late',
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const [a$, txt$] = [
        cold<string[]>('-----(a|)', { a: ['1.2.3.4'] }),
        cold<string[]>('(t|)', { t: ['dnsaddr=/dns4/x.example/tcp/1'] }),
      ];
      const lookup = zone({ 'A x.example': a$, 'TXT _dnsaddr.y.example': txt$ });
      expectObservable(resolving({ lookup, scheduler }, '/dnsaddr/y.example'), '^--!').toBe('----');
      expectSubscriptions(a$.subscriptions).toBe('^--!');
    }),
  );

  it('G9: leaves no timer behind, however it ends', () => {
    const clock = new VirtualClock();
    const resolve = createResolver({
      lookup: zone({ 'A x.example': ['1.2.3.4'], 'A y.example': NEVER }),
      scheduler: clock,
    });
    resolve(parseMultiaddr('/dns4/x.example/tcp/1')).subscribe();
    resolve(parseMultiaddr('/dns4/y.example/tcp/1')).subscribe().unsubscribe();
    expect(clock.nextAt).toBeUndefined();
  });
});

describe('a dnsaddr', () => {
  const bootstrap = zone({
    'TXT _dnsaddr.boot.example': [
      `dnsaddr=/dnsaddr/one.boot.example/p2p/${PEER}`,
      `dnsaddr=/dnsaddr/two.boot.example/p2p/${OTHER}`,
    ],
    'TXT _dnsaddr.one.boot.example': [
      `dnsaddr=/ip4/1.2.3.4/tcp/1/p2p/${PEER}`,
      `dnsaddr=/dns/one.example/tcp/443/wss/p2p/${PEER}`,
    ],
    'A one.example': ['1.2.3.5'],
    'AAAA one.example': ['::5'],
  });

  it('RES-2, RES-8: leads through dnsaddrs and names to addresses', () => {
    expect(settled(bootstrap, `/dnsaddr/boot.example/p2p/${PEER}`, peer)).toMatchObject({
      addrs: [
        '/ip4/1.2.3.4/tcp/1',
        '/ip4/1.2.3.5/tcp/443/tls/sni/one.example/ws',
        '/ip6/::5/tcp/443/tls/sni/one.example/ws',
      ],
      end: 'complete',
    });
  });

  it('RES-8, G4: other peers’ addresses are left out and not asked for; those of nobody stay', () => {
    const asked: string[] = [];
    const lookup = zone(
      {
        'TXT _dnsaddr.x.example': [
          `dnsaddr=/ip4/1.2.3.4/tcp/1/p2p/${OTHER}`,
          `dnsaddr=/dns4/other.example/tcp/1/p2p/${OTHER}`,
          `dnsaddr=/ip4/1.2.3.5/tcp/1/p2p/${PEER}`,
          'dnsaddr=/ip4/1.2.3.6/tcp/1',
          `dnsaddr=/p2p/${PEER}`,
        ],
      },
      asked,
    );
    expect(settled(lookup, '/dnsaddr/x.example', peer).addrs).toEqual([
      '/ip4/1.2.3.5/tcp/1',
      '/ip4/1.2.3.6/tcp/1',
    ]);
    expect(asked).toEqual(['TXT _dnsaddr.x.example']);
  });

  it('RES-8: an address of another peer is not asked for either', () => {
    const asked: string[] = [];
    const lookup = zone({ 'A x.example': ['1.2.3.4'] }, asked);
    expect(settled(lookup, `/dns4/x.example/tcp/1/p2p/${OTHER}`, peer)).toMatchObject(NOTHING);
    expect(settled(lookup, `/dnsaddr/x.example/p2p/${OTHER}`, peer)).toMatchObject(NOTHING);
    expect(asked).toEqual([]);
  });

  it('RES-2: a relay among the records stays as it is', () => {
    const relay = `/dns4/relay.example/tcp/1/p2p/${OTHER}/p2p-circuit`;
    const lookup = zone({ 'TXT _dnsaddr.x.example': [`dnsaddr=${relay}/p2p/${PEER}`] });
    expect(settled(lookup, `/dnsaddr/x.example/p2p/${PEER}`, peer).addrs).toEqual([relay]);
  });

  it(
    'RES-8: its records are followed side by side, and one that fails ends no other',
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const a$ = cold<string[]>('--#', {}, nxdomain('a'));
      const b$ = cold<string[]>('--(b|)', { b: ['dnsaddr=/ip4/1.2.3.5/tcp/1'] });
      const lookup = zone({
        'TXT _dnsaddr.x.example': cold<string[]>('-(t|)', {
          t: ['dnsaddr=/dnsaddr/a.example', 'dnsaddr=/dnsaddr/b.example', 'dnsaddr=/ip4/1.2.3.4/tcp/1'],
        }),
        'TXT _dnsaddr.a.example': a$,
        'TXT _dnsaddr.b.example': b$,
      });
      expectObservable(resolving({ lookup, scheduler }, '/dnsaddr/x.example')).toBe('-a-(b|)', {
        a: ['/ip4/1.2.3.4/tcp/1'],
        b: ['/ip4/1.2.3.5/tcp/1'],
      });
      expectSubscriptions(a$.subscriptions).toBe('-^-!');
      expectSubscriptions(b$.subscriptions).toBe('-^-!');
    }),
  );

  it.each([
    ['itself', { 'TXT _dnsaddr.x.example': ['dnsaddr=/dnsaddr/X.example'] }, 1],
    [
      'itself by way of another',
      {
        'TXT _dnsaddr.x.example': ['dnsaddr=/dnsaddr/y.example'],
        'TXT _dnsaddr.y.example': ['dnsaddr=/dnsaddr/x.example'],
      },
      2,
    ],
  ])('G2: that leads to %s ends, and says so', (_, records, questions) => {
    const asked: string[] = [];
    const { end } = settled(zone(records, asked), '/dnsaddr/x.example');
    expect(end).toMatchObject({
      code: 'ERR_RESOLVE',
      message: expect.stringContaining('back to itself') as string,
    });
    expect(asked).toHaveLength(questions);
  });

  const chain = (levels: number): Zone =>
    Object.fromEntries(
      Array.from({ length: levels }, (_, i) => [
        `TXT _dnsaddr.l${String(i + 1)}.example`,
        [i + 1 < levels ? `dnsaddr=/dnsaddr/l${String(i + 2)}.example` : 'dnsaddr=/dns4/end.example/tcp/1'],
      ]),
    );
  it('RES-8, G2: is followed for four levels, and the name at their end as well', () => {
    const end = { 'A end.example': ['1.2.3.4'] };
    expect(settled(zone({ ...chain(4), ...end }), '/dnsaddr/l1.example').addrs).toEqual([
      '/ip4/1.2.3.4/tcp/1',
    ]);
    const asked: string[] = [];
    expect(settled(zone({ ...chain(5), ...end }, asked), '/dnsaddr/l1.example').end).toMatchObject({
      code: 'ERR_RESOLVE',
      cause: { code: 'ERR_LIMIT', value: 4 },
    });
    expect(asked).toHaveLength(4);
  });

  it('G2: asks at most 32 questions, however many names its owner has', () => {
    const asked: string[] = [];
    const children = (name: string): string[] =>
      Array.from({ length: 16 }, (_, i) => `dnsaddr=/dnsaddr/${String(i)}.${name}`);
    const endless: NameLookup = {
      addresses: () => EMPTY,
      texts: (name) => {
        asked.push(name);
        return of(children(name.replace('_dnsaddr.', '')));
      },
    };
    expect(settled(endless, '/dnsaddr/x.example').end).toMatchObject({ code: 'ERR_RESOLVE' });
    expect(asked).toHaveLength(32);
  });

  it('asks for a name once, however many of its addresses share it', () => {
    const asked: string[] = [];
    const lookup = zone(
      {
        'TXT _dnsaddr.x.example': ['/tcp/1', '/tcp/443/wss', '/udp/1/quic-v1'].map(
          (tail) => `dnsaddr=/dns4/a.example${tail}`,
        ),
        'A a.example': ['1.2.3.4'],
      },
      asked,
    );
    expect(settled(lookup, '/dnsaddr/x.example').addrs).toEqual([
      '/ip4/1.2.3.4/tcp/1',
      '/ip4/1.2.3.4/tcp/443/tls/sni/a.example/ws',
      '/ip4/1.2.3.4/udp/1/quic-v1',
    ]);
    expect(asked).toEqual(['TXT _dnsaddr.x.example', 'A a.example']);
  });
});

it('a name that fails is asked for once as well', () => {
  const asked: string[] = [];
  const records = ['/tcp/1', '/tcp/2'].map((tail) => `dnsaddr=/dns4/none.example${tail}`);
  const lookup = zone({ 'TXT _dnsaddr.x.example': records }, asked);
  expect(settled(lookup, '/dnsaddr/x.example').end).toMatchObject({ code: 'ERR_RESOLVE' });
  expect(asked).toEqual(['TXT _dnsaddr.x.example', 'A none.example']);
});

describe('bounds', () => {
  it(
    'a question has one answer, also where its lookup goes on',
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const endless$ = cold<string[]>('-ab', { a: ['1.2.3.4'], b: ['1.2.3.5'] });
      const lookup = zone({ 'A x.example': endless$ });
      expectObservable(resolving({ lookup, scheduler }, '/dns4/x.example/tcp/1')).toBe('-(a|)', {
        a: ['/ip4/1.2.3.4/tcp/1'],
      });
      expectSubscriptions(endless$.subscriptions).toBe('^!');
    }),
  );

  it('G3: of 100 usable records, 16 are used; others do not count', () => {
    const records = Array.from({ length: 100 }, (_, i) => `dnsaddr=/ip4/${ip(i)}/tcp/1`);
    const lookup = zone({
      'TXT _dnsaddr.x.example': ['v=spf1', 'dnsaddr=nonsense', `dnsaddr=${'/a'.repeat(32_768)}`, ...records],
    });
    const { addrs } = settled(lookup, '/dnsaddr/x.example');
    expect(addrs).toEqual(records.slice(0, 16).map((record) => record.replace('dnsaddr=', '')));
  });

  it('RES-4, RES-10, G3: of 1000 answers, the first 100 come, and no question is left open', () => {
    const lookup = zone({
      'A x.example': Array.from({ length: 1000 }, (_, i) => ip(i)),
      'AAAA x.example': NEVER,
    });
    const { addrs, end, atMs } = settled(lookup, '/dns/x.example/tcp/1');
    expect(addrs).toEqual(Array.from({ length: 100 }, (_, i) => `/ip4/${ip(i)}/tcp/1`));
    expect(end).toBe('complete');
    expect(atMs).toBe(0);
  });
});

describe('RES-11: a domain with a lookup of its own', () => {
  const named = (answer: string): NameLookup => ({
    addresses: () => of([answer]),
    texts: () => of([`dnsaddr=/ip4/${answer}/tcp/1`]),
  });
  const domains = {
    'B.example': named('10.0.0.2'),
    'a.b.example.': named('10.0.0.3'),
    constructor: named('10.0.0.4'),
  };
  it.each([
    ['/dns4/c.example/tcp/1', '10.0.0.1'],
    ['/dns4/b.example/tcp/1', '10.0.0.2'],
    ['/dns4/C.b.example/tcp/1', '10.0.0.2'],
    ['/dns4/a.B.example/tcp/1', '10.0.0.3'],
    ['/dns4/x.a.b.example/tcp/1', '10.0.0.3'],
    ['/dns4/xb.example/tcp/1', '10.0.0.1'],
    ['/dns4/a.tostring/tcp/1', '10.0.0.1'],
    ['/dnsaddr/a.b.example/tcp/1', '10.0.0.3'],
  ])('%s is asked of it where it is the most specific: %s', (addr, expected) => {
    expect(settled(named('10.0.0.1'), addr, undefined, { domains }).addrs).toEqual([
      `/ip4/${expected}/tcp/1`,
    ]);
  });
});
