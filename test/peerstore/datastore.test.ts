import { Key } from 'interface-datastore';
import { MemoryDatastore, NamespaceDatastore, ShardingDatastore, shard } from 'datastore-core';
import type { PeerId } from '../../src/core/identity.js';
import { ADDR_TTL } from '../../src/core/peer-store-contract.js';
import { datastorePeerStore } from '../../src/datastore.js';
import { addr, addrs, known, peer, recordOf } from '../support/peer-store.js';
import { BreakableDatastore, open, pass, START_MS, turn, until, type Opened } from '../support/stores.js';

const A = peer('a');
const { general, connected, recentlyConnected, permanent } = ADDR_TTL;
const DAY_MS = 86_400_000;

async function filled(): Promise<{ datastore: BreakableDatastore; opened: Opened }> {
  const datastore = new BreakableDatastore();
  const opened = open(datastore);
  const { store } = opened;
  store.consumeRecord(recordOf('a', 7n, [addr(1)]), general);
  store.setProtocols(A, ['/x']);
  store.setMetadata(A, 'k', Uint8Array.of(1));
  store.setTag(A, 't', 5);
  store.addAddrs(peer('b'), addrs(2), permanent);
  await until(opened, store.flush());
  return { datastore, opened };
}

function plain({ store }: Opened, id: PeerId): unknown {
  const { peerId, addrs: known, ...facts } = store.get(id)!;
  return [
    String(peerId),
    known.map((entry) => [String(entry.addr), entry.certified, entry.expiresAt]),
    facts,
  ];
}

describe('what was stored', () => {
  it('is there again, byte for byte', async () => {
    const { datastore, opened } = await filled();
    const again = open(datastore);
    await until(again, again.store.ready());
    for (const id of [A, peer('b')]) expect(plain(again, id)).toEqual(plain(opened, id));
    expect(again.store.recordOf(A)).toEqual(recordOf('a', 7n, [addr(1)]));
    expect(again.store.consumeRecord(recordOf('a', 6n, [addr(2)]), general)).toBe(false);
    expect(again.warnings).toEqual([]);
  });

  it('has one record a peer, below its own prefix, and touches nothing else', async () => {
    const { datastore } = await filled();
    await datastore.put(new Key('/other/thing'), Uint8Array.of(1));
    expect([...(await datastore.values()).keys()].sort()).toEqual(
      [A, peer('b')].map((id) => `/rx-libp2p/peers/${id.toCid()}`).sort(),
    );
    const again = open(datastore);
    again.store.remove(A);
    again.store.remove(peer('b'));
    await until(again, again.store.flush());
    expect((await datastore.values()).size).toBe(0);
    expect(await datastore.get(new Key('/other/thing'))).toEqual(Uint8Array.of(1));
  });

  it.each([
    ['inside a namespace', (inner: MemoryDatastore) => new NamespaceDatastore(inner, new Key('/app'))],
    ['in shards', (inner: MemoryDatastore) => new ShardingDatastore(inner, new shard.NextToLast(2))],
  ])('%s as well', async (_, wrap) => {
    const inner = new MemoryDatastore();
    const first = wrap(inner);
    if (first instanceof ShardingDatastore) await first.open();
    const opened = open(first);
    opened.store.addAddrs(A, [addr(1)], permanent);
    await until(opened, opened.store.flush());
    const again = open(first);
    await until(again, again.store.ready());
    expect(known(again.store, 'a')).toEqual([addr(1)]);
  });

  it('ends by the wall clock while nobody runs, and by the monotonic one while somebody does (F17)', async () => {
    const { datastore, opened } = await filled();
    // An hour by the wall, in no time: nothing ends.
    opened.wall += 10 * general;
    expect(known(opened.store, 'a')).toEqual([addr(1)]);
    const soon = open(datastore, START_MS + general - 1);
    await until(soon, soon.store.ready());
    const end = soon.store.get(A)!.addrs[0]!.expiresAt;
    expect(end - soon.clock.now()).toBeLessThanOrEqual(1);
    const late = open(datastore, START_MS + general);
    await until(late, late.store.ready());
    expect(known(late.store, 'a')).toEqual([]);
    expect(late.store.get(A)?.protocols).toEqual(['/x']);
    expect(late.store.recordOf(A)).toBeUndefined();
    const before = open(datastore, START_MS - 365 * DAY_MS);
    await until(before, before.store.ready());
    expect(before.store.get(A)!.addrs[0]!.expiresAt - before.clock.now()).toBe(general);
  });

  it('and connected then, was connected recently now', async () => {
    const datastore = new BreakableDatastore();
    const opened = open(datastore);
    opened.store.addAddrs(A, [addr(1)], connected);
    await until(opened, opened.store.close());
    const again = open(datastore, START_MS + 5 * DAY_MS);
    await until(again, again.store.ready());
    expect(again.store.get(A)!.addrs[0]!.expiresAt - again.clock.now()).toBe(recentlyConnected);
  });

  it('and has expired whole, is taken off the disk', async () => {
    const datastore = new BreakableDatastore();
    const opened = open(datastore);
    opened.store.addAddrs(A, [addr(1)], general);
    await until(opened, opened.store.close());
    const again = open(datastore, START_MS + DAY_MS);
    await until(again, again.store.ready());
    await until(again, again.store.flush());
    expect((await datastore.values()).size).toBe(0);
  });

  it('and expires while it runs, is taken off the disk', async () => {
    const datastore = new BreakableDatastore();
    const opened = open(datastore);
    opened.store.addAddrs(A, [addr(1)], 1_000);
    await until(opened, opened.store.flush());
    await pass(opened, 1_000);
    opened.store.addAddrs(peer('b'), [addr(1)], general);
    await until(opened, opened.store.flush());
    expect([...(await datastore.values()).keys()]).toEqual([`/rx-libp2p/peers/${peer('b').toCid()}`]);
  });
});

describe('what cannot be read (O4)', () => {
  it.each<[string, (value: Uint8Array) => Uint8Array]>([
    ['torn', (value) => value.subarray(0, value.byteLength - 3)],
    ['empty', () => new Uint8Array()],
    ['flipped', (value) => value.map((byte, at) => (at === 20 ? byte ^ 1 : byte))],
    ['of a later version', (value) => value.map((byte, at) => (at === 0 ? 9 : byte))],
    ['foreign', () => new TextEncoder().encode('{"addresses":[]}')],
  ])('%s: it is left out and told, and the rest is there', async (_, broken) => {
    const { datastore } = await filled();
    const key = `/rx-libp2p/peers/${A.toCid()}`;
    const value = broken((await datastore.values()).get(key)!);
    await datastore.put(new Key(key), value);
    const again = open(datastore);
    await until(again, again.store.ready());
    expect(again.store.get(A)).toBeUndefined();
    expect(known(again.store, 'b')).toEqual(addrs(2));
    expect(again.warnings).toHaveLength(1);
    expect(again.warnings[0]).toContain('a stored peer: ');
    // A later version may need it.
    expect((await datastore.values()).get(key)).toEqual(value);
  });

  it('under another peer’s name: it is nobody’s', async () => {
    const { datastore } = await filled();
    const value = (await datastore.values()).get(`/rx-libp2p/peers/${A.toCid()}`)!;
    await datastore.put(new Key(`/rx-libp2p/peers/${peer('c').toCid()}`), value);
    const again = open(datastore);
    await until(again, again.store.ready());
    expect(again.store.peers).toHaveLength(2);
    expect(again.warnings).toEqual(['a stored peer lies under another’s name']);
  });

  it('of a hundred 16 are told, and then how many more', async () => {
    const datastore = new BreakableDatastore();
    for (let n = 0; n < 100; n += 1)
      await datastore.put(new Key(`/rx-libp2p/peers/${String(n)}`), new Uint8Array(5));
    const opened = open(datastore);
    await until(opened, opened.store.ready());
    expect(opened.warnings).toHaveLength(17);
    expect(opened.warnings.at(-1)).toBe('84 more stored peers cannot be read');
  });
});

describe('while it is being read', () => {
  it('what is known already is kept, and what was taken away stays away', async () => {
    const { datastore } = await filled();
    const again = open(datastore);
    const { store } = again;
    store.setProtocols(A, ['/new']);
    store.setTag(A, 't', undefined);
    store.setMetadata(A, 'k', undefined);
    store.setTag(A, 'u', 1);
    store.remove(peer('b'));
    await until(again, store.ready());
    expect(store.get(A)).toMatchObject({
      protocols: ['/new'],
      tags: new Map([['u', 1]]),
      metadata: new Map(),
    });
    expect(known(store, 'a')).toEqual([addr(1)]);
    expect(store.get(peer('b'))).toBeUndefined();
    await until(again, store.flush());
    const third = open(datastore);
    await until(third, third.store.ready());
    expect(third.store.get(A)).toMatchObject({ protocols: ['/new'], tags: new Map([['u', 1]]) });
    expect(third.store.peers).toHaveLength(1);
  });

  it.each([
    ['newer', 8n, [addr(2)], 8n],
    ['older', 6n, [addr(1), addr(2)], 7n],
  ])(
    'a record that came %s: the newer one holds, and certifies alone (PS-31, PS-33)',
    async (_, seq, left, held) => {
      const { datastore } = await filled();
      const again = open(datastore);
      again.store.consumeRecord(recordOf('a', seq, [addr(2)]), general);
      await until(again, again.store.ready());
      const record = again.store.get(A)!;
      expect(record.addrs.map((entry) => String(entry.addr)).sort()).toEqual(left);
      expect(record.addrs.filter((entry) => entry.certified).map((entry) => String(entry.addr))).toEqual([
        held === 8n ? addr(2) : addr(1),
      ]);
      expect(again.store.recordOf(A)).toEqual(recordOf('a', held, [held === 8n ? addr(2) : addr(1)]));
    },
  );

  it('others have their turn: 1,000 peers come in slices (P6)', async () => {
    const datastore = new BreakableDatastore();
    const opened = open(datastore);
    for (let n = 0; n < 1_000; n += 1) opened.store.setTag(peer(`s${String(n)}`), 't', n);
    await until(opened, opened.store.close());
    const again = open(datastore);
    const ready = again.store.ready();
    await turn();
    await turn();
    expect(again.store.peers.length).toBe(128);
    await until(again, ready);
    expect(again.store.peers.length).toBe(1_000);
    expect(again.clock.now()).toBeGreaterThanOrEqual(7);
  }, 20_000);

  it('bounds hold: more than fits is not all taken', async () => {
    const { datastore } = await filled();
    const again = open(datastore, START_MS, { limits: { peers: 1, records: 0 } });
    await until(again, again.store.ready());
    expect(again.store.peers).toHaveLength(1);
    expect(again.store.recordOf(A)).toBeUndefined();
  });
});

describe('writing', () => {
  it('is one batch for what changes together, and one more for what changes meanwhile', async () => {
    const datastore = new BreakableDatastore();
    const opened = open(datastore);
    await until(opened, opened.store.ready());
    for (let n = 0; n < 100; n += 1) opened.store.addAddrs(A, [addr(n % 60)], general + n);
    opened.store.setTag(peer('b'), 't', 1);
    await pass(opened, 10);
    expect(datastore.commits).toBe(1);
    expect((await datastore.values()).size).toBe(2);
  });

  it('of round-trip times alone is none', async () => {
    const datastore = new BreakableDatastore();
    const opened = open(datastore);
    await until(opened, opened.store.ready());
    for (let n = 0; n < 10; n += 1) opened.store.recordRtt(A, n);
    await pass(opened, 100);
    expect(datastore.commits).toBe(0);
  });

  it('leaves no timer behind (P15)', async () => {
    const { opened } = await filled();
    await until(opened, opened.store.close());
    expect(opened.clock.nextAt).toBeUndefined();
    opened.store.setTag(A, 'late', 1);
    expect(opened.clock.nextAt).toBeUndefined();
  });
});

describe('a datastore that fails (F3)', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'at the %sth call of any kind: told, tried again, nothing lost',
    async (nth) => {
      const datastore = new BreakableDatastore();
      let calls = 0;
      datastore.before = () => {
        calls += 1;
        if (calls === nth) throw new Error('EIO');
      };
      const opened = open(datastore);
      const { store } = opened;
      void store.ready().catch(() => undefined);
      for (let n = 0; n < 6; n += 1) {
        store.setTag(peer(`f${String(n)}`), 't', n);
        await pass(opened, 20);
        expect(store.get(peer(`f${String(n)}`))?.tags.get('t')).toBe(n);
      }
      await pass(opened, 2_000);
      await until(opened, store.flush());
      expect(opened.warnings).toEqual([
        expect.stringMatching(/(reading|writing to) the datastore failed: EIO/),
      ]);
      expect((await datastore.values()).size).toBe(6);
    },
  );

  it('for long: it is asked less and less often, and has all when there is space again', async () => {
    const datastore = new BreakableDatastore();
    const opened = open(datastore);
    await until(opened, opened.store.ready());
    datastore.before = () => Promise.reject(new Error('ENOSPC'));
    opened.store.setTag(A, 't', 1);
    await pass(opened, 300_000, 600);
    expect(datastore.commits).toBeLessThan(12);
    await expect(until(opened, opened.store.flush())).rejects.toMatchObject({ code: 'ERR_STORE' });
    datastore.before = () => undefined;
    opened.store.setTag(A, 't', 2);
    await pass(opened, 60_000, 60);
    expect((await datastore.values()).size).toBe(1);
    await until(opened, opened.store.flush());
  });

  it('to be read: nothing is written over what was not read, and ready says so', async () => {
    const { datastore } = await filled();
    const whole = await datastore.values();
    datastore.before = () => Promise.reject(new Error('EIO'));
    const again = open(datastore);
    const ready = again.store.ready();
    again.store.setTag(A, 'new', 1);
    await expect(until(again, ready)).rejects.toMatchObject({
      code: 'ERR_STORE',
      message: 'reading the datastore failed: EIO',
    });
    expect(await datastore.values()).toEqual(whole);
    datastore.before = () => undefined;
    await pass(again, 2_000);
    await until(again, again.store.flush());
    expect(again.store.get(A)?.tags).toEqual(
      new Map([
        ['new', 1],
        ['t', 5],
      ]),
    );
  });

  it('while the store is closed: told, and closed all the same', async () => {
    const { datastore, opened } = await filled();
    datastore.before = () => Promise.reject(new Error('EIO'));
    opened.store.setTag(A, 't', 6);
    await until(opened, opened.store.close());
    expect(opened.warnings.at(-1)).toBe('writing to the datastore failed: EIO');
    expect(opened.clock.nextAt).toBeUndefined();
  });
});

describe('a datastore that never answers (F4)', () => {
  it('holds nobody up: memory serves, calls end in 5 s, close in 2 s', async () => {
    const datastore = new BreakableDatastore();
    datastore.before = () => new Promise(() => undefined);
    const opened = open(datastore);
    const { store, clock } = opened;
    const ready = store.ready();
    store.addAddrs(A, [addr(1)], general);
    expect(known(store, 'a')).toEqual([addr(1)]);
    await expect(until(opened, ready)).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(clock.now()).toBe(5_000);
    await until(opened, store.close());
    expect(clock.now()).toBe(7_000);
    expect(clock.nextAt).toBeUndefined();
  });

  it('to a write: what waits is bounded by the peers, one write is under way, and 10 s are told', async () => {
    const datastore = new BreakableDatastore();
    const opened = open(datastore);
    await until(opened, opened.store.ready());
    datastore.before = () => new Promise(() => undefined);
    for (let n = 0; n < 50; n += 1) {
      opened.store.setTag(peer(`h${String(n % 10)}`), 't', n);
      await pass(opened, 300, 2);
    }
    expect(datastore.commits).toBe(1);
    expect(opened.warnings).toEqual(['writing to the datastore did not finish within 10000 ms']);
    await expect(until(opened, opened.store.flush())).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  });
});

it('works by itself, on the platform’s clocks, until a host brings its own', async () => {
  const datastore = new MemoryDatastore();
  const store = datastorePeerStore(datastore);
  store.addAddrs(A, [addr(1)], general);
  await store.close();
  const again = datastorePeerStore(datastore);
  await again.ready();
  expect(known(again, 'a')).toEqual([addr(1)]);
  again.attach({ now: () => 1_000_000_000, wallClock: () => Date.now() });
  const left = again.get(A)!.addrs[0]!.expiresAt - 1_000_000_000;
  expect(left).toBeGreaterThan(general - 60_000);
  expect(left).toBeLessThanOrEqual(general);
  await again.close();
});
