import { map, NEVER, of } from 'rxjs';
import { codeOf } from '../../src/core/errors.js';
import {
  ofType,
  parseMultiaddr,
  type DialError,
  type Host,
  type HostEvent,
  type HostOptions,
  type Libp2pError,
  type NoServices,
  type PeerId,
} from '../../src/index.js';
import { descriptorLimit } from '../../src/host/dial-options.js';
import { at, collect, told, wilds, type Wilds } from '../support/wilds.js';

const TCP = '/ip4/1.2.3.4/tcp/1';
const OTHER_TCP = '/ip4/1.2.3.5/tcp/1';

let world: Wilds;
let b: Host;
beforeEach(async () => {
  world = wilds();
  b = await world.createHost();
});
const entries = ({ errors }: DialError): string[] =>
  errors.map(({ addr, error }) => `${addr.toString()} ${codeOf(error)}`);

describe('a gater', () => {
  it('may refuse the peer, before anything is asked about its addresses', async () => {
    const asked: string[] = [];
    const a = await world.createHost({
      gater: {
        allowDialPeer: (peer) => {
          asked.push(peer.toString());
          return false;
        },
        allowDialAddr: () => {
          throw new Error('not asked');
        },
      },
    });
    const error = (await world.end(a.dial(b.addrs))) as DialError;
    expect(error).toMatchObject({ name: 'DialError', code: 'ERR_GATED', fault: 'network', errors: [] });
    expect(error.cause).toMatchObject({ code: 'ERR_GATED', fault: 'local' });
    expect(asked).toEqual([b.peerId.toString()]);
  });

  it('GATE-4: does not part what is connected', async () => {
    let allows = true;
    const a = await world.createHost({ gater: { allowDialPeer: () => allows } });
    const connection = await world.end(a.dial(b.addrs));
    allows = false;
    expect(await world.end(a.dial(b.peerId))).toBe(connection);
  });

  it('may refuse an address, and is asked once about each, whatever the plans repeat', async () => {
    const asked: string[] = [];
    world.set({ [TCP]: { leadsTo: b, afterMs: 100 }, [OTHER_TCP]: { leadsTo: b } });
    const a = await world.createHost({
      gater: {
        allowDialAddr: (peer, addr) => {
          expect(peer.equals(b.peerId)).toBe(true);
          asked.push(addr.toString());
          return !addr.equals(parseMultiaddr(OTHER_TCP));
        },
      },
      dial: {
        resolver: () => of([parseMultiaddr(TCP)], [parseMultiaddr(at(OTHER_TCP, b))], [parseMultiaddr(TCP)]),
      },
    });
    const { values } = collect(a.dialUpdates([at(OTHER_TCP, b), at('/dns4/peer.example/tcp/1', b)]));
    await world.net.advance(1000);
    expect(asked.sort()).toEqual([TCP, OTHER_TCP]);
    expect(told(values).filter((line) => /refuse|end/.test(line))).toEqual([
      `0 refuse ${OTHER_TCP} ERR_GATED`,
      '100 end connected',
    ]);
    await world.end(a.dial(at(TCP, b), { force: true }));
    expect(asked).toHaveLength(3);
  });

  it('FILT-3: is not asked about what something else refuses', async () => {
    const asked: string[] = [];
    const relay = '/ip4/5.6.7.8/tcp/1/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N/p2p-circuit';
    world.set({ [TCP]: { leadsTo: b }, [relay]: 'hangs', '/ip4/0.0.0.0/tcp/1': 'hangs' });
    const a = await world.createHost({
      gater: { allowDialAddr: (_, addr) => asked.push(addr.toString()) > 0 },
    });
    const target = [TCP, relay, '/ip4/0.0.0.0/tcp/1', '/ip4/1.2.3.4/sctp/1'].map((addr) => at(addr, b));
    await world.end(a.dial(target, { forceDirect: true }));
    expect(asked).toEqual([TCP]);
  });

  it.each(['allowDialPeer', 'allowDialAddr'])('that throws in %s refuses', async (hook) => {
    const broken = (): boolean => {
      throw new Error('in a gater');
    };
    const a = await world.createHost({ gater: { [hook]: broken } });
    const error = (await world.end(a.dial(b.addrs))) as DialError;
    expect(error.matches('ERR_GATED')).toBe(true);
    expect(error.message).toContain('the gater threw: in a gater');
    expect(world.dialed).toEqual([]);
  });
});

describe('back-off', () => {
  let a: Host;
  let events: HostEvent[];
  beforeEach(async () => {
    events = [];
    a = await world.createHost({ events: { next: (event) => events.push(event) } });
    world.set({ [TCP]: { refusesAfterMs: 10 } });
  });
  const fail = async (options = {}): Promise<DialError> =>
    (await world.end(a.dial(at(TCP, b), options))) as DialError;

  it('BACK-2: holds for 5 s, then 6 s, and the error says how long', async () => {
    expect(await fail()).toMatchObject({ retryAfterMs: 5000 });
    await world.net.advance(2000);
    const second = await fail();
    expect([entries(second), second.retryAfterMs]).toEqual([[`${TCP} ERR_DIAL_BACKOFF`], 3000]);
    expect(second.code).toBe('ERR_DIAL_FAILED');
    expect(world.dialed).toHaveLength(1);
    await world.net.advance(3000);
    expect(await fail()).toMatchObject({ retryAfterMs: 6000 });
    expect(world.dialed).toHaveLength(2);
  });

  it('BACK-8: does not hold a dial that has to be direct, and is not lengthened by one that is given up', async () => {
    await fail();
    await fail({ forceDirect: true });
    expect(world.dialed).toHaveLength(2);
    world.set({ [OTHER_TCP]: 'hangs' });
    const { stop } = collect(a.dial(at(OTHER_TCP, b)));
    await world.net.advance(100);
    stop();
    collect(a.dial(at(OTHER_TCP, b)));
    await world.net.advance(100);
    expect(world.dialed.slice(2)).toEqual([OTHER_TCP, OTHER_TCP]);
  });

  it.each([
    ['of that peer, by id', () => b.peerId],
    ['of that peer, by text', () => b.peerId.toString()],
    ['of all', () => undefined],
  ] as [string, () => PeerId | string | undefined][])('is cleared by hand: %s', async (_, peer) => {
    await fail();
    a.clearDialBackoff(peer());
    await fail();
    expect(world.dialed).toHaveLength(2);
  });

  it('is kept where another peer’s is cleared', async () => {
    await fail();
    a.clearDialBackoff(a.peerId);
    await fail();
    expect(world.dialed).toHaveLength(1);
  });

  it('BACK-6: is cleared by a connection that comes in', async () => {
    await fail();
    const inbound = (await world.end(b.dial(a.addrs))) as { abort(reason: Error): void };
    await world.net.advance(0);
    inbound.abort(new Error('enough'));
    await world.net.advance(0);
    await fail();
    expect(world.dialed.filter((addr) => addr === TCP)).toHaveLength(2);
  });

  it('is as long as dial.backoff says', async () => {
    const eager = await world.createHost({ dial: { backoff: { baseMs: 10, coefficientMs: 0 } } });
    expect(await world.end(eager.dial(at(TCP, b)))).toMatchObject({ retryAfterMs: 10 });
  });
});

describe('black holes', () => {
  it('are found, told, refused, and probed', async () => {
    const six = (n: number): string => `/ip6/2001:4860::${String(n)}/tcp/1`;
    const a = await world.createHost({ dial: { blackHole: { ipv6: { n: 3, min: 1 } } } });
    const { values } = collect(a.event$.pipe(ofType('blackhole:change')));
    for (const n of [1, 2, 3, 4, 5, 6]) {
      world.set({ [six(n)]: { refusesAfterMs: 10 } });
      await world.end(a.dial(at(six(n), b)));
    }
    expect(values).toMatchObject([{ name: 'ipv6', state: 'blocked', successFraction: 0, at: 30 }]);
    // BH-3: blocked, the third request is a probe.
    expect(world.dialed).toEqual([six(1), six(2), six(3), six(6)]);
  });

  it('are not looked for where that is turned off', async () => {
    const a = await world.createHost({ dial: { blackHole: { ipv6: false, udp: false } } });
    const { values } = collect(a.event$.pipe(ofType('blackhole:change')));
    for (let n = 0; n < 110; n += 1) {
      const addr = `/ip6/2001:4860::${(n + 1).toString(16)}/udp/1/quic-v1`;
      world.set({ [addr]: { refusesAfterMs: 1 } });
      await world.end(a.dial(at(addr, b)));
    }
    expect([values, world.dialed.length]).toEqual([[], 110]);
  });
});

describe('limits', () => {
  it('LIM-1: eight attempts at once to one peer', async () => {
    const list = Array.from({ length: 12 }, (_, n) => `/ip4/1.2.3.${String(n)}/tcp/1`);
    world.set(Object.fromEntries(list.map((addr) => [addr, 'hangs' as const])));
    const a = await world.createHost({ dial: { strategy: (plan$) => plan$ } });
    const { stop } = collect(a.dial(list.map((addr) => at(addr, b))));
    await world.net.advance(100);
    expect(world.dialed).toEqual(list.slice(0, 8));
    await world.net.advance(15_000);
    expect(world.dialed).toEqual(list);
    stop();
  });

  it('LIM-1: as many descriptors as there are, over all peers; what is no socket needs none', async () => {
    const other = await world.createHost();
    world.set({
      [TCP]: { leadsTo: b, afterMs: 100 },
      [OTHER_TCP]: { leadsTo: other, afterMs: 100 },
      '/ip4/1.2.3.6/udp/1/quic-v1': { leadsTo: b, afterMs: 1 },
    });
    const a = await world.createHost({ dial: { limits: { descriptors: 1 } } });
    const dials = [at(TCP, b), at(OTHER_TCP, other)].map((target) => collect(a.dialUpdates(target)).values);
    await world.net.advance(1000);
    expect(dials.map((events) => events.at(-1)?.at)).toEqual([100, 200]);
    const none = await world.createHost({ dial: { limits: { descriptors: 0 } } });
    const { values } = collect(none.dialUpdates([at(TCP, b), at('/ip4/1.2.3.6/udp/1/quic-v1', b)]));
    await world.net.advance(1000);
    expect(values.at(-1)).toMatchObject({ outcome: 'connected' });
  });

  it.each([
    ['32', 32],
    ['0', 0],
    ['-1', -1],
    ['+7', 7],
    ['0010', 10],
    ['2147483647', 2_147_483_647],
    ['-2147483648', -2_147_483_648],
    ['2147483648', undefined],
    ['-2147483649', undefined],
    ['', undefined],
    [' 5', undefined],
    ['5 ', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    ['1_000', undefined],
    ['1.5', undefined],
    ['many', undefined],
    [undefined, undefined],
  ])('LIM-2: LIBP2P_SWARM_FD_LIMIT=%j is %j', (text, limit) => {
    expect(descriptorLimit({ LIBP2P_SWARM_FD_LIMIT: text })).toBe(limit);
  });
});

describe('a strategy', () => {
  it.each([
    [
      'errors',
      map(() => {
        throw new Error('in a strategy');
      }),
    ],
    [
      'throws',
      () => {
        throw new Error('in a strategy');
      },
    ],
  ] as const)('that %s fails its own dial', async (_, strategy) => {
    const a = await world.createHost({ dial: { strategy } });
    expect(await world.end(a.dial(b.addrs))).toMatchObject({
      name: 'DialError',
      code: 'ERR_DIAL_STRATEGY',
      cause: { message: expect.stringContaining('in a strategy') as string },
    });
    expect(await world.end(b.dial(a.addrs))).toMatchObject({ direction: 'outbound' });
  });

  it('that never says anything has the dial’s time', async () => {
    const a = await world.createHost({ dial: { strategy: () => NEVER } });
    expect(await world.end(a.dial(b.addrs))).toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(world.net.now()).toBe(60_000);
  });
});

describe('createHost refuses', () => {
  const made = (options: object): Promise<unknown> =>
    world.createHost(options as HostOptions<NoServices>).then(
      () => 'no error',
      (error: unknown) => [(error as Libp2pError).code, (error as Libp2pError).message],
    );
  it.each([
    [{ dial: 5 }, 'dial is 5'],
    [{ dial: null }, 'dial is null'],
    [{ dial: { strategie: 1 } }, '"dial.strategie" (its value: 1)'],
    [{ dial: { strategy: 'fast' } }, 'dial.strategy is "fast"'],
    [{ dial: { strategy: null } }, 'dial.strategy is null'],
    [{ dial: { resolver: {} } }, 'dial.resolver is {}'],
    [{ dial: { routing: 7 } }, 'dial.routing is 7'],
    [{ dial: { lookup: 'dns' } }, 'dial.lookup is "dns"'],
    [{ dial: { lookup: { addresses: 1 } } }, 'dial.lookup is {"addresses":1}'],
    [{ dial: { domains: 'example.org' } }, 'dial.domains is "example.org"'],
    [{ dial: { domains: { 'example.org': 1 } } }, 'dial.domains.example.org is 1'],
    [{ dial: { limits: 8 } }, 'dial.limits is 8'],
    [{ dial: { limits: { perPeer: -1 } } }, 'dial.limits: perPeer is -1'],
    [{ dial: { limits: { descriptors: '160' } } }, 'dial.limits: descriptors is "160"'],
    [{ dial: { limits: { perpeer: 1 } } }, '"perpeer" (its value: 1)'],
    [{ dial: { backoff: { baseMs: Number.NaN } } }, 'dial.backoff: baseMs is null'],
    [{ dial: { backoff: { baseS: 5 } } }, '"baseS" (its value: 5)'],
    [{ dial: { timeouts: { peerMs: Infinity } } }, 'dial.timeouts: peerMs is null'],
    [{ dial: { timeouts: { peer: 1 } } }, '"peer" (its value: 1)'],
    [{ dial: { blackHole: { tcp: false } } }, '"dial.blackHole.tcp" (its value: false)'],
    [{ dial: { blackHole: null } }, 'dial.blackHole is null'],
    [{ dial: { blackHole: { udp: true } } }, 'dial.blackHole.udp is true'],
    [{ dial: { blackHole: { udp: { n: 3 } } } }, 'dial.blackHole.udp is {"n":3}'],
    [{ dial: { blackHole: { ipv6: { n: 0, min: 0 } } } }, 'dial.blackHole.ipv6 is {"n":0,"min":0}'],
    [{ dial: { blackHole: { ipv6: { n: 2, min: 3 } } } }, 'dial.blackHole.ipv6 is {"n":2,"min":3}'],
    [{ gater: { interceptPeerDial: () => true } }, '"gater.interceptPeerDial" (its value: a function)'],
    [{ gater: { allowDialPeer: true } }, 'gater.allowDialPeer is true'],
    [{ gater: null }, 'gater is null'],
  ])('%j', async (options, named) => {
    expect(await made(options)).toEqual(['ERR_INVALID_OPTION', expect.stringContaining(named)]);
  });

  it('nothing of what is left out', async () => {
    expect(
      await made({
        dial: {
          strategy: undefined,
          limits: { perPeer: undefined },
          blackHole: { udp: undefined },
          domains: undefined,
          lookup: undefined,
        },
        gater: { allowDialAddr: undefined },
      }),
    ).toBe('no error');
  });
});
