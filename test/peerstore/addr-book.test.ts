import fc from 'fast-check';
import { ADDR_TTL } from '../../src/core/peer-store-contract.js';
import { MAX_STAYING_ADDRS } from '../../src/peerstore/limits.js';
import { codeThrownBy } from '../support/vectors.js';
import { addr, addrs, known, peer, storeInTime } from '../support/peer-store.js';

const { general, temporary, recentlyConnected, connected, permanent } = ADDR_TTL;
const A = peer('a');

describe('classes of TTL (PS-1 to PS-8)', () => {
  it('are those of go-libp2p', () => {
    expect([general, temporary, recentlyConnected]).toEqual([3_600_000, 120_000, 900_000]);
  });

  it.each([
    ['temporary', temporary],
    ['recently connected', recentlyConnected],
    ['general', general],
  ])('%s ends at its very instant, not before (PS-15)', (_, ttl) => {
    const { store, pass } = storeInTime();
    store.addAddrs(A, [addr(1)], ttl);
    pass(ttl - 1);
    expect(known(store, 'a')).toEqual([addr(1)]);
    expect(store.get(A)?.addrs[0]?.expiresAt).toBe(ttl);
    pass(1);
    expect(store.get(A)).toBeUndefined();
    expect(store.peers).toEqual([]);
  });

  it.each([
    ['connected', connected],
    ['permanent', permanent],
  ])('%s never ends, and says so (PS-7)', (_, ttl) => {
    const { store, pass } = storeInTime();
    store.addAddrs(A, [addr(1)], ttl);
    pass(100 * 365 * 86_400_000);
    expect(store.get(A)?.addrs[0]?.expiresAt).toBe(Infinity);
  });
});

describe('what is an address of the peer (PS-10)', () => {
  it.each([
    ['the peer at its end is not kept', `${addr(1)}/p2p/${A.toString()}`, [addr(1)]],
    ['another peer’s is passed over', `${addr(1)}/p2p/${peer('b').toString()}`, []],
    ['a peer alone is passed over', `/p2p/${A.toString()}`, []],
    [
      'a relay’s peer stays',
      `${addr(1)}/p2p/${peer('b').toString()}/p2p-circuit/p2p/${A.toString()}`,
      [`${addr(1)}/p2p/${peer('b').toString()}/p2p-circuit`],
    ],
  ])('%s', (_, given, kept) => {
    const { store } = storeInTime();
    store.addAddrs(A, [given], general);
    expect(known(store, 'a')).toEqual(kept);
  });

  it('one that is none throws, and nothing of the call is stored', () => {
    const { store } = storeInTime();
    expect(
      codeThrownBy(() => {
        store.addAddrs(A, [addr(1), 'nonsense'], general);
      }),
    ).toBe('ERR_INVALID_MULTIADDR');
    expect(
      codeThrownBy(() => {
        store.addAddrs('nobody', [addr(1)], general);
      }),
    ).toBe('ERR_INVALID_PEER_ID');
    expect(
      codeThrownBy(() => {
        store.addAddrs(A, [addr(1)], Number.NaN);
      }),
    ).toBe('ERR_INVALID_OPTION');
    expect(store.peers).toEqual([]);
  });

  it('a peer has one record, however its id is written', () => {
    const { store } = storeInTime();
    store.addAddrs(A.toCid(), [addr(1)], general);
    store.addAddrs(A.toString(), [addr(2)], general);
    expect(known(store, 'a')).toEqual([addr(1), addr(2)]);
    expect(store.peers.map(String)).toEqual([A.toString()]);
  });
});

describe('add', () => {
  it('with a TTL of 0 or less does nothing (PS-11)', () => {
    const { store } = storeInTime();
    store.addAddrs(A, [addr(1)], 0);
    store.addAddrs(A, [addr(1)], -1);
    expect(store.get(A)).toBeUndefined();
  });

  it('never shortens: the later expiry and the longer TTL win, each for itself (PS-12)', () => {
    const { store, pass } = storeInTime();
    store.addAddrs(A, [addr(1)], 1_000);
    pass(900);
    store.addAddrs(A, [addr(1)], 500);
    expect(store.get(A)?.addrs[0]?.expiresAt).toBe(1_400);
    // Its TTL is still 1,000: an update of what has 500 does not touch it (PS-14).
    store.updateTtl(A, 500, 0);
    expect(known(store, 'a')).toEqual([addr(1)]);
    store.updateTtl(A, 1_000, 0);
    expect(known(store, 'a')).toEqual([]);
  });
});

describe('set (PS-13)', () => {
  it('overwrites what is listed, also to less, and deletes with 0; the others stay', () => {
    const { store } = storeInTime();
    store.addAddrs(A, addrs(3), general);
    store.setAddrs(A, [addr(0), addr(9)], 100);
    store.setAddrs(A, [addr(1), addr(8)], 0);
    expect(store.get(A)?.addrs.map((entry) => [String(entry.addr), entry.expiresAt])).toEqual([
      [addr(0), 100],
      [addr(2), general],
      [addr(9), 100],
    ]);
  });
});

describe('update (PS-14)', () => {
  it('touches exactly what has that TTL; connected and permanent are two (PS-8)', () => {
    const { store, pass } = storeInTime();
    store.addAddrs(A, [addr(1)], connected);
    store.addAddrs(A, [addr(2)], permanent);
    store.addAddrs(A, [addr(3)], general);
    pass(50);
    store.updateTtl(A, connected, recentlyConnected);
    expect(store.get(A)?.addrs.map(({ expiresAt }) => expiresAt)).toEqual([
      50 + recentlyConnected,
      Infinity,
      general,
    ]);
  });

  it('what was connected once ends and is collected like any other (PS-22, ODD-1)', () => {
    const { store, core, pass, clock } = storeInTime({ addrs: 1 });
    store.addAddrs(A, [addr(1)], connected);
    store.updateTtl(A, connected, temporary);
    // It counts: with room for one, another pushes it out.
    store.addAddrs(peer('b'), [addr(2)], general);
    expect(store.get(A)).toBeUndefined();
    store.addAddrs(A, [addr(1)], connected);
    store.updateTtl(A, connected, temporary);
    pass(temporary);
    store.setTag(peer('c'), 'x', 1);
    expect(core.known.get(A.toString())).toBeUndefined();
    expect(clock.nextAt).toBeUndefined();
  });
});

it('clear takes all addresses, and nothing else (PS-19)', () => {
  const { store } = storeInTime();
  store.addAddrs(A, addrs(3), permanent);
  store.setProtocols(A, ['/x']);
  store.clearAddrs(A);
  expect(store.get(A)).toMatchObject({ addrs: [], protocols: ['/x'] });
});

describe('bounds', () => {
  it('of 65 addresses the one that ends first gives way (PS-18, O1)', () => {
    const { store } = storeInTime();
    store.addAddrs(A, addrs(64), general);
    store.setAddrs(A, [addr(7)], 10);
    store.addAddrs(A, [addr(64)], general);
    expect(known(store, 'a')).toHaveLength(64);
    expect(known(store, 'a')).not.toContain(addr(7));
    expect(known(store, 'a')).toContain(addr(64));
  });

  it('addresses of connections are not counted and not pushed out (PS-18)', () => {
    const { store } = storeInTime({ addrsPerPeer: 2 });
    store.addAddrs(A, addrs(5), connected);
    store.addAddrs(A, addrs(5, 10), general);
    expect(known(store, 'a')).toEqual([...addrs(5), addr(13), addr(14)]);
  });

  it('but a peer that signs for ever while it is connected has no more than 128 of them', () => {
    const { store } = storeInTime();
    store.addAddrs(A, addrs(MAX_STAYING_ADDRS + 10), connected);
    expect(known(store, 'a')).toEqual(addrs(MAX_STAYING_ADDRS, 10));
  });

  it('an update of what is there does not count against the bound of the peer (PS-18)', () => {
    const { store } = storeInTime({ addrsPerPeer: 2 });
    store.addAddrs(A, addrs(3), connected);
    store.updateTtl(A, connected, temporary);
    expect(known(store, 'a')).toHaveLength(3);
  });

  it('in all, the one that ends first gives way, whosever it is; connections’ never (PS-17, O1)', () => {
    const { store } = storeInTime({ addrs: 10 });
    store.addAddrs(peer('connected'), [addr(0)], connected);
    store.addAddrs(peer('first'), [addr(1)], 1_000);
    for (let n = 0; n < 10; n += 1) store.addAddrs(peer(`p${String(n)}`), [addr(n)], 2_000 + n);
    expect(store.get(peer('first'))).toBeUndefined();
    expect(store.get(peer('p0'))).toBeDefined();
    store.addAddrs(peer('last'), [addr(1)], general);
    expect(store.get(peer('p0'))).toBeUndefined();
    expect(known(store, 'connected')).toEqual([addr(0)]);
  });

  it('0 is none, not without end', () => {
    const { store } = storeInTime({ addrs: 0 });
    store.addAddrs(A, [addr(1)], general);
    expect(store.get(A)).toBeUndefined();
    const none = storeInTime({ addrsPerPeer: 0 }).store;
    none.addAddrs(A, [addr(1)], general);
    expect(none.get(A)).toBeUndefined();
  });

  it('of 64,000 addresses of one peer 64 are kept (O1)', () => {
    const { store } = storeInTime();
    for (let round = 0; round < 1_000; round += 1) store.addAddrs(A, addrs(64, round * 64), general);
    expect(known(store, 'a')).toHaveLength(64);
  });
});

it('whatever is done, bounds hold, and the store knows what a plain list would (PS-12 to PS-18)', () => {
  const act = fc.record({
    kind: fc.constantFrom('add', 'set', 'update', 'pass' as const),
    who: fc.constantFrom('a', 'b', 'c'),
    which: fc.integer({ min: 0, max: 5 }),
    ttl: fc.constantFrom(0, 10, 100, 1_000, connected, permanent),
    to: fc.constantFrom(0, 10, 100, connected),
  });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const { store, clock, pass } = storeInTime();
      const model = new Map<string, { ttl: number; end: number }>();
      const endOf = (ttl: number): number => (ttl >= connected ? Infinity : clock.now() + ttl);
      for (const { kind, who, which, ttl, to } of acts) {
        for (const [key, { end }] of model) if (end <= clock.now()) model.delete(key);
        const key = `${who} ${addr(which)}`;
        const before = model.get(key);
        if (kind === 'pass') pass(7);
        else if (kind === 'add') {
          store.addAddrs(peer(who), [addr(which)], ttl);
          if (ttl > 0)
            model.set(key, {
              ttl: Math.max(ttl, before?.ttl ?? 0),
              end: Math.max(endOf(ttl), before?.end ?? 0),
            });
        } else if (kind === 'set') {
          store.setAddrs(peer(who), [addr(which)], ttl);
          if (ttl > 0) model.set(key, { ttl, end: endOf(ttl) });
          else model.delete(key);
        } else {
          store.updateTtl(peer(who), ttl, to);
          for (const [name, entry] of model) {
            if (!name.startsWith(who) || entry.ttl !== ttl) continue;
            if (to > 0) model.set(name, { ttl: to, end: endOf(to) });
            else model.delete(name);
          }
        }
      }
      const now = ['a', 'b', 'c'].flatMap((who) =>
        (store.get(peer(who))?.addrs ?? []).map(
          (entry) => `${who} ${String(entry.addr)} ${String(entry.expiresAt)}`,
        ),
      );
      const expected = [...model]
        .filter(([, { end }]) => end > clock.now())
        .map(([key, { end }]) => `${key} ${String(end)}`);
      expect(now.sort()).toEqual(expected.sort());
    }),
  );
});
