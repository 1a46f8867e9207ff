import { concat, delay, map, NEVER, of, Subject, throwError, timer, type Observable } from 'rxjs';
import { codeOf } from '../../src/core/errors.js';
import {
  parseMultiaddr,
  type DialError,
  type Host,
  type HostOptions,
  type NameLookup,
  type NoServices,
} from '../../src/index.js';
import { at, collect, told, wilds, type Wilds } from '../support/wilds.js';

const TCP = '/ip4/1.2.3.4/tcp/1';
const OTHER_TCP = '/ip4/1.2.3.5/tcp/1';
const NAME = '/dns4/peer.example/tcp/1';

let world: Wilds;
let b: Host;
let stranger: Host;
beforeEach(async () => {
  world = wilds();
  [b, stranger] = [await world.createHost(), await world.createHost()];
});
const hostWith = (dial: HostOptions<NoServices>['dial']): Promise<Host> => world.createHost({ dial });
const addrs = (...list: string[]) => list.map((addr) => parseMultiaddr(addr));
const entries = ({ errors }: DialError): string[] =>
  errors.map(({ addr, error }) => `${addr.toString()} ${codeOf(error)}`);

describe('routing', () => {
  it('is asked where no address is known, and what it finds joins the race as it comes', async () => {
    world.set({ [TCP]: 'hangs', [OTHER_TCP]: { leadsTo: b } });
    const found = new Subject<ReturnType<typeof addrs>>();
    const a = await hostWith({ routing: () => found });
    const { values } = collect(a.dialUpdates(b.peerId));
    await world.net.advance(100);
    found.next(addrs(TCP));
    await world.net.advance(300);
    found.next(addrs(at(OTHER_TCP, b)));
    await world.net.advance(1000);
    expect(told(values)).toEqual([
      '0 start',
      `100 plan ${TCP} 0`,
      `100 attempt ${TCP}`,
      `400 plan ${OTHER_TCP} 250`,
      `400 attempt ${OTHER_TCP}`,
      `400 progress ${OTHER_TCP} connected`,
      `400 progress ${OTHER_TCP} secured`,
      `400 connect ${OTHER_TCP}`,
      `400 cancel ${TCP}`,
      '400 end connected',
    ]);
    expect(found.observed).toBe(false);
  });

  it('is not asked where there is a connection, or addresses that lead there', async () => {
    let asked = 0;
    const a = await hostWith({
      routing: () => {
        asked += 1;
        return of(b.addrs);
      },
    });
    await world.end(a.dial(b.addrs));
    await world.end(a.dial(b.peerId));
    expect([asked, a.connections.length]).toEqual([0, 1]);
  });

  it('that fails is the dial’s cause, unless it found something before', async () => {
    const broken = await hostWith({ routing: () => throwError(() => new Error('no table')) });
    expect(await world.end(broken.dial(b.peerId))).toMatchObject({
      name: 'DialError',
      code: 'ERR_NO_ADDRESSES',
      cause: { message: 'routing failed: no table', cause: { message: 'no table' } },
    });
    const thrower = await hostWith({
      routing: () => {
        throw new Error('in routing');
      },
    });
    expect(await world.end(thrower.dial(b.peerId))).toMatchObject({ code: 'ERR_NO_ADDRESSES' });
    const useful = await hostWith({
      routing: () =>
        concat(
          of(b.addrs),
          throwError(() => new Error('cut off')),
        ),
    });
    expect(await world.end(useful.dial(b.peerId))).toMatchObject({ direction: 'outbound' });
  });

  it('that finds nothing leaves no addresses', async () => {
    const a = await hostWith({ routing: () => of([]) });
    expect(await world.end(a.dial(b.peerId))).toMatchObject({ code: 'ERR_NO_ADDRESSES', errors: [] });
  });

  it('finds other peers’ addresses in vain: each is refused', async () => {
    world.set({ [TCP]: { leadsTo: stranger } });
    const a = await hostWith({ routing: () => of(addrs(at(TCP, stranger))) });
    const error = (await world.end(a.dial(b.peerId))) as DialError;
    expect(entries(error)).toEqual([`${at(TCP, stranger)} ERR_PEER_ID_MISMATCH`]);
    expect(world.dialed).toEqual([]);
  });

  it('is taken at its word up to a thousand addresses', async () => {
    let pulled = 0;
    const a = await hostWith({
      strategy: map((plan) => ({ ...plan, dials: [] })),
      routing: () =>
        timer(0, 1, world.net.scheduler).pipe(
          map((n) => {
            pulled += 1;
            return addrs(`/ip4/1.2.${String(n >> 8)}.${String(n & 255)}/tcp/1`);
          }),
        ),
    });
    expect(await world.end(a.dial(b.peerId))).toMatchObject({ code: 'ERR_NO_ADDRESSES' });
    expect(pulled).toBe(1000);
  });

  describe('HOST-60: after a dial that failed', () => {
    it('is asked once more, and what is new is dialed', async () => {
      world.set({ [TCP]: { refusesAfterMs: 10 }, [OTHER_TCP]: { leadsTo: b } });
      const a = await hostWith({ routing: () => of(addrs(at(TCP, b), OTHER_TCP)) });
      expect(await world.end(a.dial(at(TCP, b)))).toMatchObject({ direction: 'outbound' });
      expect(world.dialed).toEqual([TCP, OTHER_TCP]);
    });

    it.each([
      ['finds nothing new', () => of(addrs(at(TCP, b), TCP))],
      ['fails', () => throwError(() => new Error('no table'))],
    ] as [string, () => Observable<ReturnType<typeof addrs>>][])(
      'the first error stays if it %s',
      async (_, routing) => {
        world.set({ [TCP]: { refusesAfterMs: 10 } });
        const a = await hostWith({ routing });
        const error = (await world.end(a.dial(at(TCP, b)))) as DialError;
        expect(entries(error)).toEqual([`${TCP} ERR_TRANSPORT`]);
        expect(world.dialed).toEqual([TCP]);
      },
    );

    it('the second error is told if that failed too', async () => {
      world.set({ [TCP]: { refusesAfterMs: 10 }, [OTHER_TCP]: { refusesAfterMs: 10 } });
      const a = await hostWith({ routing: () => of(addrs(OTHER_TCP)) });
      expect(entries((await world.end(a.dial(at(TCP, b)))) as DialError)).toEqual([
        `${OTHER_TCP} ERR_TRANSPORT`,
      ]);
    });

    it('both together have the time that the call has', async () => {
      world.set({ [TCP]: { refusesAfterMs: 300 }, [OTHER_TCP]: 'hangs' });
      const a = await hostWith({ routing: () => of(addrs(OTHER_TCP)) });
      expect(await world.end(a.dial(at(TCP, b), { timeoutMs: 500 }))).toMatchObject({ code: 'ERR_TIMEOUT' });
      expect(world.net.now()).toBe(500);
    });

    it.each(['its time is up', 'the gater refuses the peer'])('not where %s', async (why) => {
      let asked = 0;
      world.set({ [TCP]: 'hangs' });
      const a = await world.createHost({
        gater: { allowDialPeer: () => !why.includes('gater') },
        dial: {
          routing: () => {
            asked += 1;
            return of(b.addrs);
          },
        },
      });
      const error = await world.end(a.dial(at(TCP, b), { timeoutMs: 100 }));
      expect([codeOf(error), asked]).toEqual([why.includes('gater') ? 'ERR_GATED' : 'ERR_TIMEOUT', 0]);
    });
  });
});

describe('names', () => {
  const lookup = (
    answers: Readonly<Record<string, readonly [afterMs: number, ...answers: string[]]>>,
  ): NameLookup => {
    const ask = (key: string): Observable<readonly string[]> => {
      const [afterMs, ...found] = answers[key] ?? [Infinity];
      return afterMs === Infinity ? NEVER : of(found).pipe(delay(afterMs, world.net.scheduler));
    };
    return {
      addresses: (name, family) => ask(`${name} ${String(family)}`),
      texts: (name) => ask(`${name} TXT`),
    };
  };

  it('are nobody’s to resolve on a host without a look-up', async () => {
    const a = await hostWith({});
    const error = (await world.end(a.dial(at(NAME, b)))) as DialError;
    expect(error.matches('ERR_RESOLVE')).toBe(true);
    expect(error.message).toContain('nothing here resolves /dns4/peer.example/tcp/1');
  });

  it('are answered by dial.lookup, and told', async () => {
    world.set({ [TCP]: { leadsTo: b } });
    const a = await hostWith({ lookup: lookup({ 'peer.example 4': [70, '1.2.3.4'] }) });
    const { values } = collect(a.dialUpdates(at(NAME, b)));
    await world.net.advance(1000);
    expect(told(values).slice(0, 4)).toEqual([
      '0 start',
      `70 resolve ${NAME} ${TCP}`,
      `70 plan ${TCP} 0`,
      `70 attempt ${TCP}`,
    ]);
    expect(told(values).at(-1)).toBe('70 end connected');
  });

  it('are answered by dial.resolver in place of everything else', async () => {
    world.set({ [TCP]: { leadsTo: b } });
    const seen: string[] = [];
    const a = await hostWith({
      lookup: lookup({}),
      resolver: (addr) => {
        seen.push(addr.toString());
        return of(addrs(TCP));
      },
    });
    expect(await world.end(a.dial(at(NAME, b)))).toMatchObject({ direction: 'outbound' });
    expect(seen).toEqual([NAME]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('in a resolver');
      },
    ],
    ['fails', () => throwError(() => new Error('in a resolver'))],
  ] as [string, () => Observable<never>][])('fail alone when the resolver %s', async (_, resolver) => {
    world.set({ [TCP]: { leadsTo: b } });
    const a = await hostWith({ resolver });
    expect(await world.end(a.dial(at(NAME, b)))).toMatchObject({ name: 'DialError' });
    expect(await world.end(a.dial([at(NAME, b), at(TCP, b)]))).toMatchObject({ direction: 'outbound' });
  });

  it('below a domain are answered by the one who was named for it', async () => {
    world.set({ [TCP]: { leadsTo: b }, [OTHER_TCP]: { leadsTo: b } });
    const a = await hostWith({
      lookup: lookup({ 'peer.example 4': [0, '1.2.3.4'] }),
      domains: { 'inside.example': lookup({ 'peer.inside.example 4': [0, '1.2.3.5'] }) },
    });
    await world.end(a.dial(at(NAME, b), { force: true }));
    await world.end(a.dial(at('/dns4/peer.inside.example/tcp/1', b), { force: true }));
    expect(world.dialed).toEqual([TCP, OTHER_TCP]);
  });

  it('that hang do not hold back addresses that are known', async () => {
    world.set({ [TCP]: { leadsTo: b } });
    const a = await hostWith({ lookup: lookup({}) });
    expect(await world.end(a.dial([at(NAME, b), at(TCP, b)]))).toMatchObject({ direction: 'outbound' });
    expect(world.net.now()).toBe(0);
  });

  it('that hang end after 5 s, as an entry of the dial’s error', async () => {
    const a = await hostWith({ lookup: lookup({}) });
    const error = (await world.end(a.dial(at(NAME, b)))) as DialError;
    expect([world.net.now(), entries(error)]).toEqual([5000, [`${NAME} ERR_TIMEOUT`]]);
  });

  it('that answer late join the race where they belong: delays count from its start', async () => {
    const six = '/ip6/2001:db8::1/tcp/1';
    world.set({ [TCP]: 'hangs', [OTHER_TCP]: 'hangs', [six]: 'hangs' });
    const a = await hostWith({
      lookup: lookup({
        'peer.example 4': [100, '1.2.3.4'],
        'peer.example 6': [130, '2001:db8::1'],
        'late.example 4': [700, '1.2.3.5'],
      }),
    });
    const { values, stop } = collect(
      a.dialUpdates(['/dns/peer.example/tcp/1', '/dns4/late.example/tcp/1'].map((addr) => at(addr, b))),
    );
    await world.net.advance(2000);
    stop();
    expect(told(values).filter((line) => !line.includes('resolve'))).toEqual([
      '0 start',
      `100 plan ${TCP} 0`,
      `100 attempt ${TCP}`,
      `130 plan ${six} 0`,
      `130 attempt ${six}`,
      `700 plan ${OTHER_TCP} 500`,
      `700 attempt ${OTHER_TCP}`,
    ]);
  });

  it('that lead to another peer lead nowhere', async () => {
    const a = await hostWith({
      lookup: lookup({ '_dnsaddr.peer.example TXT': [0, `dnsaddr=${at(TCP, stranger)}`] }),
    });
    expect(await world.end(a.dial(at('/dnsaddr/peer.example', b)))).toMatchObject({
      code: 'ERR_NO_ADDRESSES',
    });
    expect(world.dialed).toEqual([]);
  });
});
