import { firstValueFrom, of } from 'rxjs';
import { MemoryDatastore } from 'datastore-core';
import type { Host, HostEvent, HostOptions, PeerStore } from '../../src/index.js';
import { ADDR_TTL, memoryPeerStore } from '../../src/index.js';
import { datastorePeerStore } from '../../src/datastore.js';
import { simulateNetwork, type SimulatedNetwork } from '../../src/testing.js';
import { NO_SERVICES } from '../support/no-services.js';
import { addr, peer, recordOf } from '../support/peer-store.js';

type Options = HostOptions<Record<never, never>>;

async function two(
  options: Options = {},
): Promise<{ net: SimulatedNetwork; a: Host; b: Host; warnings: string[] }> {
  const net = simulateNetwork({ seed: 1, link: { latencyMs: 10 } });
  const warnings: string[] = [];
  const events = {
    next: (event: HostEvent) => {
      if (event.type === 'warning') warnings.push(event.message);
    },
  };
  const a = await net.createHost({ events, services: NO_SERVICES, ...options });
  return { net, a, b: await net.createHost({ services: NO_SERVICES }), warnings };
}

function expiries(host: Host, other: Host): number[] {
  return (host.peerStore.get(other.peerId)?.addrs ?? []).map(({ expiresAt }) => expiresAt);
}

describe('what a host remembers', () => {
  it('an address that was given, for 2 minutes, whether or not it leads anywhere (HOST-30, PS-2)', async () => {
    const { net, a, b } = await two();
    await b.stop();
    await expect(
      net.runUntil(a.dial(b.addrs.length > 0 ? b.addrs : [`/memory/9/p2p/${b.peerId.toString()}`])),
    ).rejects.toThrow();
    expect(expiries(a, b)).toEqual([ADDR_TTL.temporary]);
    await net.advance(ADDR_TTL.temporary);
    expect(a.peerStore.get(b.peerId)).toBeUndefined();
  });

  it('an address that it dialed, while it is connected and 15 minutes longer (PS-3, PS-5, ID-17)', async () => {
    const { net, a, b } = await two();
    const connection = await net.runUntil(a.dial(b.addrs));
    expect(expiries(a, b)).toEqual([Infinity]);
    await net.advance(3_600_000);
    expect(expiries(a, b)).toEqual([Infinity]);
    await net.runUntil(connection.close());
    const closedAt = net.now();
    expect(expiries(a, b)).toEqual([closedAt + ADDR_TTL.recentlyConnected]);
    await net.advance(ADDR_TTL.recentlyConnected);
    expect(a.peerStore.get(b.peerId)).toBeUndefined();
  });

  it('nothing of the port that a peer came from: nobody listens there', async () => {
    const { net, a, b } = await two();
    await net.runUntil(a.dial(b.addrs));
    await net.advance(100);
    expect(b.peers).toHaveLength(1);
    expect(b.peerStore.get(a.peerId)).toBeUndefined();
  });

  it('of 30 addresses 20 when the last connection has closed, its own among them; what stays, stays (ID-17)', async () => {
    const { net, a, b } = await two();
    a.peerStore.addAddrs(
      b.peerId,
      Array.from({ length: 30 }, (_, n) => addr(n)),
      ADDR_TTL.connected,
    );
    a.peerStore.addAddrs(b.peerId, [addr(99)], ADDR_TTL.permanent);
    const [first, second] = [
      await net.runUntil(a.dial(b.addrs)),
      await net.runUntil(a.dial(b.addrs, { force: true })),
    ];
    await net.runUntil(first.close());
    expect(expiries(a, b)).toHaveLength(32);
    await net.runUntil(second.close());
    const record = a.peerStore.get(b.peerId)!;
    expect(record.addrs).toHaveLength(21);
    expect(record.addrs.map((entry) => String(entry.addr))).toContain(String(second.remoteAddr));
    expect(
      record.addrs.filter(({ expiresAt }) => expiresAt === Infinity).map((entry) => String(entry.addr)),
    ).toEqual([addr(99)]);
  });

  it('what a name led to, for 2 minutes (FILT-8)', async () => {
    const net = simulateNetwork({ seed: 1 });
    const b = await net.createHost();
    const [place] = b.addrs;
    const a = await net.createHost({ dial: { resolver: () => of([place!]) } });
    await net.runUntil(a.dial(`/dns4/b.example/tcp/1/p2p/${b.peerId.toString()}`));
    const known = a.peerStore.get(b.peerId)!.addrs.map((entry) => String(entry.addr));
    expect(known).toContain(String(place).split('/p2p/')[0]);
  });
});

describe('a dial without an address', () => {
  it('goes where the peer is known to be, and asks nobody (RES-1)', async () => {
    let asked = 0;
    const { net, a, b } = await two({ dial: { routing: () => of((asked += 1) > 0 ? [] : []) } });
    a.peerStore.addAddrs(b.peerId, b.addrs, ADDR_TTL.general);
    const connection = await net.runUntil(a.dial(b.peerId));
    expect(connection.remotePeer.equals(b.peerId)).toBe(true);
    expect(asked).toBe(0);
  });

  it('dials again after the connection has closed, as long as the address is remembered', async () => {
    const { net, a, b } = await two();
    await net.runUntil((await net.runUntil(a.dial(b.addrs))).close());
    await net.runUntil((await net.runUntil(a.dial(b.peerId))).close());
    await net.advance(ADDR_TTL.recentlyConnected);
    await expect(net.runUntil(a.dial(b.peerId))).rejects.toMatchObject({ code: 'ERR_NO_ADDRESSES' });
  });

  it('asks routing where nothing is known, and where what is known leads nowhere (HOST-60)', async () => {
    const net = simulateNetwork({ seed: 1 });
    const b = await net.createHost();
    const a = await net.createHost({ dial: { routing: () => of(b.addrs) } });
    a.peerStore.addAddrs(b.peerId, ['/memory/999'], ADDR_TTL.general);
    const connection = await net.runUntil(a.dial(b.peerId));
    expect(connection.remotePeer.equals(b.peerId)).toBe(true);
  });

  it('opens streams alike, and draws alike', async () => {
    const { net, a, b } = await two();
    b.handle('/x').subscribe();
    a.peerStore.addAddrs(b.peerId, b.addrs, ADDR_TTL.general);
    expect((await net.runUntil(a.newStream(b.peerId, '/x'))).protocol).toBe('/x');
    const c = await net.createHost();
    a.peerStore.addAddrs(c.peerId, c.addrs, ADDR_TTL.general);
    const types: string[] = [];
    a.dialUpdates(c.peerId).subscribe(({ type }) => types.push(type));
    await net.advance(1_000);
    expect(types.at(-1)).toBe('dial:end');
    expect(types).toContain('dial:connect');
  });
});

describe('the store that a host is given', () => {
  it('gets the host’s clocks, and is closed when the host stops', async () => {
    const peerStore = memoryPeerStore();
    const { net, a, b } = await two({ peerStore });
    expect(a.peerStore).toBe(peerStore);
    await net.advance(500);
    a.peerStore.addAddrs(b.peerId, b.addrs, 1_000);
    expect(expiries(a, b)).toEqual([net.now() + 1_000]);
    let completed = false;
    peerStore.change$.subscribe({ complete: () => (completed = true) });
    await a.stop();
    expect(completed).toBe(true);
  });

  it('knows the last connections before it is closed: another host over the same datastore dials them', async () => {
    const datastore = new MemoryDatastore();
    const { net, a, b } = await two({ peerStore: datastorePeerStore(datastore) });
    await net.runUntil(a.dial(b.addrs));
    await a.stop();
    const again = await net.createHost({ peerStore: datastorePeerStore(datastore) });
    expect(again.peerStore.get(b.peerId)?.addrs[0]?.expiresAt).toBe(net.now() + ADDR_TTL.recentlyConnected);
    const connection = await net.runUntil(again.dial(b.peerId));
    expect(connection.remotePeer.equals(b.peerId)).toBe(true);
  });

  it('may be somebody else’s that has the public face only', async () => {
    const inner = memoryPeerStore();
    const face: PeerStore = {
      get: (id) => inner.get(id),
      get peers() {
        return inner.peers;
      },
      change$: inner.change$,
      watch: (id) => inner.watch(id),
      addAddrs: (...given) => {
        inner.addAddrs(...given);
      },
      clearAddrs: (id) => {
        inner.clearAddrs(id);
      },
      consumeRecord: (...given) => inner.consumeRecord(...given),
      setProtocols: (...given) => {
        inner.setProtocols(...given);
      },
      setMetadata: (...given) => {
        inner.setMetadata(...given);
      },
      remove: (id) => {
        inner.remove(id);
      },
      ready: () => Promise.resolve(),
      flush: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
    const { net, a, b } = await two({ peerStore: face });
    await net.runUntil((await net.runUntil(a.dial(b.addrs))).close());
    expect(expiries(a, b)).toHaveLength(1);
    await a.stop();
  });

  it('that throws costs no dial: it is a warning (F3)', async () => {
    const inner = memoryPeerStore();
    const broken = new Proxy(inner, {
      get: (target, name) =>
        name === 'addAddrs' || name === 'get' || name === 'updateTtl' || name === 'close'
          ? () => {
              throw new Error(`no ${name}`);
            }
          : (Reflect.get(target, name, target) as unknown),
    });
    const { net, a, b, warnings } = await two({ peerStore: broken });
    const connection = await net.runUntil(a.dial(b.addrs));
    await net.runUntil(connection.close());
    expect(new Set(warnings)).toEqual(new Set(['no addAddrs', 'no get', 'no updateTtl']));
    await a.stop();
  });

  it('that never settles holds neither a dial nor the stop up for long (F4, P23)', async () => {
    const never = new Promise<void>(() => undefined);
    const inner = memoryPeerStore();
    const hanging = new Proxy(inner, {
      get: (target, name) =>
        name === 'ready' || name === 'close' ? () => never : (Reflect.get(target, name, target) as unknown),
    });
    const net = simulateNetwork({ seed: 1 });
    const b = await net.createHost();
    const a = await net.runUntil(net.createHost({ peerStore: hanging }));
    expect(net.now()).toBe(1_000);
    await net.runUntil(a.dial(b.addrs));
    const stopsAt = net.now();
    await net.runUntil(a.stop());
    expect(net.now() - stopsAt).toBeLessThanOrEqual(5_000);
  });

  it('is judged by its shape', async () => {
    const net = simulateNetwork({ seed: 1 });
    const none = { get: () => undefined } as unknown as PeerStore;
    await expect(net.createHost({ peerStore: none })).rejects.toThrow(
      'createHost: peerStore is {}; it takes what memoryPeerStore or datastorePeerStore gives',
    );
    const wallClock = 5 as unknown as () => number;
    await expect(net.createHost({ wallClock })).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' });
  });
});

it('a limit that is met is an event, and the dial goes on (P19)', async () => {
  const refused: unknown[] = [];
  const net = simulateNetwork({ seed: 1 });
  const peerStore = memoryPeerStore({ limits: { peers: 0 } });
  const a = await net.createHost({ peerStore });
  const b = await net.createHost();
  a.event$.subscribe((event) => {
    if (event.type === 'limit:refuse') refused.push([event.scope, event.limit, event.value]);
  });
  await net.runUntil(a.dial(b.addrs));
  expect(refused[0]).toEqual(['peerstore', 'peers', 0]);
});

it('a store that changes is seen by whoever watches, host or not', async () => {
  const { a } = await two();
  const record = firstValueFrom(a.peerStore.change$);
  a.peerStore.consumeRecord(recordOf('a', 1n, [addr(1)]), ADDR_TTL.general);
  expect(await record).toEqual({ type: 'update', peer: peer('a').toString() });
});
