/** What `createHost` takes, refuses and falls back to, by the rows of the sheet (OPT). The private network's are in a file of their own. */
import { defer, lastValueFrom, NEVER, of, tap } from 'rxjs';
import {
  createHost,
  defaultStrategy,
  generateKey,
  memory,
  noise,
  peerIdFrom,
  plaintext,
  serve,
  yamux,
  type HostEvent,
  type Libp2pError,
} from '../../src/index.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { memoryPeerStore } from '../../src/peerstore/memory-peer-store.js';
import type { PartDefaults } from '../../src/host/options.js';
import { checkedParts } from '../../src/host/options.js';
import { checkedManager } from '../../src/host/manager-options.js';
import { prometheusMetrics } from '../../src/metrics.js';
import { createMemoryNetwork } from '../../src/memory.js';
import { BlackHoles } from '../../src/swarm/black-hole.js';
import { simulateNetwork, type SimulatedNetwork } from '../../src/testing.js';

const STRANGER = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
let net: SimulatedNetwork;
beforeEach(() => {
  net = simulateNetwork({ seed: 1, link: { latencyMs: 5 } });
});
const failure = (options: object): Promise<Libp2pError> =>
  createHost({
    transports: [memory({ network: createMemoryNetwork() })],
    listen: [],
    ...options,
  }).then(
    async (host) => {
      await host.stop();
      throw new Error('it was taken');
    },
    (error: unknown) => error as Libp2pError,
  );

describe('createHost refuses, and names', () => {
  it.each<[string, string, object, readonly string[]]>([
    ['OPT-1', 'an option that there is not', { relay: true }, ['"relay"', 'true']],
    ['OPT-10', 'insecure and security', { insecure: true, security: [noise()] }, ['insecure', 'security']],
    ['OPT-21', 'a deadline of 0', { dial: { timeouts: { addrMs: 0 } } }, ['dial.timeouts.addrMs is 0']],
    [
      'OPT-21',
      'a deadline below 0',
      { dial: { timeouts: { peerMs: -1 } } },
      ['dial.timeouts', 'peerMs is -1'],
    ],
    [
      'OPT-26',
      'a strategy that is null',
      { dial: { strategy: null } },
      ['dial.strategy is null', 'a function'],
    ],
    ['OPT-28', 'a transport that is none', { transports: [noise()] }, ['transports has', 'no transport']],
    ['OPT-28', 'a muxer that is none', { muxers: [{ kind: 'muxer' }] }, ['muxers has', 'no muxer']],
    ['OPT-57', 'no transports at all', { transports: [] }, ['transports is []', 'at least one']],
    [
      'OPT-62',
      'one security protocol twice',
      { security: [noise(), noise()] },
      ['security has /noise twice'],
    ],
    ['OPT-63', 'one muxer twice', { muxers: [yamux(), yamux()] }, ['muxers has /yamux/1.0.0 twice']],
    ['SW-12', 'one transport twice', { transports: [memory(), memory()] }, ['transports has memory twice']],
    [
      'BACK-2',
      'back-off that begins above its end',
      { dial: { backoff: { baseMs: 400_000 } } },
      ['dial.backoff.baseMs is 400000', 'dial.backoff.maxMs is 300000'],
    ],
    [
      'CM-18',
      'marks that cross',
      { connectionManager: { low: 5, high: 4 } },
      ['connectionManager.low is 5', 'connectionManager.high is 4'],
    ],
    [
      'BH-1',
      'a window that cannot be met',
      { dial: { blackHole: { udp: { n: 5, min: 6 } } } },
      ['dial.blackHole.udp', '{"n":5,"min":6}'],
    ],
  ])('%s: %s', async (_, __, options, texts) => {
    const error = await failure(options);
    expect(error).toMatchObject({ code: 'ERR_INVALID_OPTION', fault: 'local' });
    for (const text of texts) expect(error.message).toContain(text);
  });

  it('OPT-23, OPT-24: a registry that is none; one that has these metrics already is taken', () => {
    expect(() => prometheusMetrics(null as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION' }) as Error,
    );
  });

  it.each([
    ['OPT-27: options of a transport', () => memory({ netwrok: 1 } as never), 'netwrok'],
    ['OPT-27: options of a muxer', () => yamux({ window: 1 } as never), 'window'],
  ])('%s that there are not', (_, make, name) => {
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_INVALID_OPTION' }) as Error);
    expect(make).toThrow(name);
  });

  it('OPT-4: every listen address that cannot be had, where none can', async () => {
    const error = await failure({ listen: ['/memory/nine', '/ip4/127.0.0.1/tcp/1'] });
    expect(error).toMatchObject({ code: 'ERR_LISTEN_FAILED' });
    for (const text of ['/memory/nine', '/ip4/127.0.0.1/tcp/1']) expect(error.message).toContain(text);
  });

  it('OPT-38: a service that cannot be made, and by which name', async () => {
    const cause = new Error('no disk');
    const services = {
      kv: () => {
        throw cause;
      },
    };
    const error = await failure({ services });
    expect(error).toMatchObject({ code: 'ERR_INVALID_OPTION', cause });
    expect(error.message).toBe('createHost: services.kv could not be made: no disk');
  });
});

describe('OPT-33, OPT-71: createHost that rejects leaves nothing behind', () => {
  const fails = (): never => {
    throw new Error('no');
  };
  it.each<[string, object]>([
    ['a service that fails', { services: { kv: fails } }],
    ['addresses that cannot be had', { listen: ['/ip4/127.0.0.1/tcp/1'] }],
  ])('%s: the peerstore is closed, listeners and events have ended', async (_, options) => {
    const network = createMemoryNetwork();
    const peerStore = memoryPeerStore();
    const ends: string[] = [];
    peerStore.change$.subscribe({ complete: () => ends.push('peerStore') });
    const events = { complete: () => ends.push('events') };
    const made = createHost({
      transports: [memory({ network })],
      listen: [],
      peerStore,
      events,
      ...options,
    });
    await expect(made).rejects.toMatchObject({ message: expect.stringMatching(/kv|not one/) as string });
    expect(ends.sort()).toEqual(['events', 'peerStore']);
    expect(network.listeners.size).toBe(0);
  });
});

describe('createHost without options', () => {
  const defaults: PartDefaults = {
    transports: [memory()],
    security: [noise()],
    insecure: [plaintext()],
    muxers: [yamux()],
  };
  const protocols = (options: object): unknown => {
    const { security, muxers } = checkedParts(options, defaults);
    return [security, muxers].map((parts) => parts.map(({ protocol }) => protocol));
  };

  it('OPT-43, OPT-44: has the platform’s security and yamux', () => {
    expect(protocols({})).toEqual([['/noise'], ['/yamux/1.0.0']]);
  });

  it('OPT-61: has plaintext and nothing else where it is insecure', async () => {
    expect(protocols({ insecure: true })).toEqual([['/plaintext/2.0.0'], ['/yamux/1.0.0']]);
    const [a, b] = [await net.createHost({ insecure: true }), await net.createHost({ insecure: true })];
    expect(await net.runUntil(a.dial(b.addrs))).toMatchObject({ encryption: '/plaintext/2.0.0' });
  });

  it('OPT-62, OPT-63: keeps security and muxers in the order in which they were given', async () => {
    expect(protocols({ security: [plaintext(), noise()] })).toEqual([
      ['/plaintext/2.0.0', '/noise'],
      ['/yamux/1.0.0'],
    ]);
    const other = { kind: 'muxer' as const, protocol: '/other', create: yamux().create };
    expect(protocols({ muxers: [other, yamux()] })).toEqual([['/noise'], ['/other', '/yamux/1.0.0']]);
    const a = await net.createHost({ security: [plaintext(), noise()] });
    const b = await net.createHost({ security: [noise(), plaintext()] });
    // The dialer's order counts.
    expect(await net.runUntil(a.dial(b.addrs))).toMatchObject({ encryption: '/plaintext/2.0.0' });
    expect(await net.runUntil(b.dial(a.addrs, { force: true }))).toMatchObject({ encryption: '/noise' });
  });

  it('OPT-45: has a fresh Ed25519 key; OPT-14: the one that was given is its identity', async () => {
    const [one, two] = [await net.createHost(), await net.createHost()];
    expect(one.peerId.publicKey?.type).toBe('Ed25519');
    expect(one.peerId.equals(two.peerId)).toBe(false);
    const privateKey = generateKey('secp256k1');
    expect((await net.createHost({ privateKey })).peerId.equals(peerIdFrom(privateKey))).toBe(true);
  });

  it('OPT-46: remembers in memory, for itself', async () => {
    const [one, two] = [await net.createHost(), await net.createHost()];
    one.peerStore.addAddrs(STRANGER, ['/memory/1'], 1_000);
    expect([one, two].map(({ peerStore }) => peerStore.get(STRANGER) !== undefined)).toEqual([true, false]);
  });

  it('OPT-49: keeps from 160 to 192 connections, a minute of grace, ten seconds between looks; 40 to 60 on a page', () => {
    expect(checkedManager(undefined)).toEqual({ low: 160, high: 192, graceMs: 60_000, silenceMs: 10_000 });
    expect(checkedManager(undefined, true)).toMatchObject({ low: 40, high: 60 });
    expect(checkedManager({ high: 50 }, true)).toMatchObject({ low: 40, high: 50 });
  });

  it('OPT-54, OPT-56: own transports listen nowhere unless told to, and an empty list opens nothing', async () => {
    const transports = [memory({ network: createMemoryNetwork() })];
    await using host = await createHost({ transports });
    expect(host.addrs).toEqual([]);
    expect((await net.createHost({ listen: [] })).addrs).toEqual([]);
  });

  it('OPT-59: a dial has 15 s for an address and 60 s in all', async () => {
    const a = await net.createHost();
    const b = await net.createHost();
    net.link(a, b, { blackHole: true });
    const startedAt = net.now();
    const error: unknown = await net.runUntil(
      lastValueFrom(a.dial(b.addrs)).catch((thrown: unknown) => thrown),
    );
    expect(error).toMatchObject({ code: 'ERR_DIAL_FAILED', errors: [{ error: { code: 'ERR_TIMEOUT' } }] });
    expect(net.now() - startedAt).toBe(15_000);
  });
});

describe('createHost with', () => {
  it('OPT-32, CM-20: a high mark above the limit of connections warns of it, by both names, and goes on', async () => {
    const told: HostEvent[] = [];
    const events = { next: (event: HostEvent) => told.push(event) };
    const warnings = (): string[] =>
      told.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    const limits = { system: { connections: 191 } };
    await net.createHost({ events, limits });
    expect(warnings()).toEqual([
      'conn manager high watermark limit: 192, exceeds the system connection limit of: 191 (connectionManager.high, limits.system.connections)',
    ]);
    told.length = 0;
    await net.createHost({ events, limits: { system: { connections: 192 } } });
    await net.createHost({ events });
    await net.createHost({ events, limits, connectionManager: false });
    expect(warnings()).toEqual([]);
  });

  it('OPT-2, OPT-3, OPT-11 to OPT-20, OPT-22, OPT-25, OPT-79: each option once, since it has one name', async () => {
    const seen: string[] = [];
    const a = await net.createHost({
      addrsFactory: tap(() => seen.push('addrsFactory')),
      gater: { allowDialPeer: () => seen.push('gater') > 0 },
      dial: {
        strategy: (plan$) =>
          defer(() => {
            seen.push('strategy');
            return defaultStrategy()(plan$);
          }),
        routing: () => {
          seen.push('routing');
          return NEVER;
        },
      },
      limits: 'auto',
    });
    const b = await net.createHost();
    b.handle('/x')
      .pipe(serve(() => []))
      .subscribe();
    await net.runUntil(a.dial(b.addrs));
    a.dial(peerIdFrom(STRANGER)).subscribe({ error: () => undefined });
    await net.advance(10);
    expect([...new Set(seen)].sort()).toEqual(['addrsFactory', 'gater', 'routing', 'strategy']);
  });

  it.each([
    ['OPT-51: UDP', '/ip4/1.2.3.4/udp/1/quic-v1', 'udp'],
    ['OPT-52: IPv6', '/ip6/2600::1/tcp/1', 'ipv6'],
  ] as const)(
    '%s is a black hole with fewer than 5 of 100; OPT-58: switched off it never is',
    (_, text, name) => {
      const addr = parseMultiaddr(text);
      for (const [options, successes, blocked] of [
        [{}, 4, true],
        [{}, 5, false],
        [{ [name]: false }, 0, false],
      ] as const) {
        const holes = new BlackHoles(options, () => undefined);
        for (let result = 0; result < 100; result += 1) holes.record(addr, result < successes);
        expect(holes.question()(addr)).toBe(blocked);
      }
    },
  );

  it('OPT-81: routing, a peer of which no address is known is found', async () => {
    const b = await net.createHost();
    const a = await net.createHost({ dial: { routing: () => of(b.addrs) } });
    expect(await net.runUntil(a.dial(b.peerId))).toMatchObject({ direction: 'outbound' });
  });
});
