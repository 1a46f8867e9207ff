import { ADDR_TTL, type PeerRecord } from '../../src/core/peer-store-contract.js';
import { addr, addrs, known, peer, storeInTime } from '../support/peer-store.js';

const A = peer('a');
const { general } = ADDR_TTL;

function changesOf(store: ReturnType<typeof storeInTime>['store']): string[] {
  const seen: string[] = [];
  const names = new Map(['a', 'b', 'c'].map((name) => [peer(name).toString(), name]));
  store.change$.subscribe({
    next: ({ type, peer: id }) => seen.push(`${type} ${names.get(id) ?? id}`),
    complete: () => seen.push('complete'),
  });
  return seen;
}

it('change$ tells each change as it is made, and none that is none', () => {
  const { store } = storeInTime();
  const seen = changesOf(store);
  store.addAddrs(A, [addr(1)], general);
  store.addAddrs(A, [addr(1)], 10);
  store.setProtocols(A, ['/x']);
  store.setProtocols(A, ['/x']);
  store.clearAddrs(peer('b'));
  store.remove(A);
  store.remove(A);
  expect(seen).toEqual(['update a', 'update a', 'remove a']);
});

it('PS-21: watch gives the record now and after every change of it, and of no other peer', () => {
  const { store } = storeInTime();
  const seen: (PeerRecord | undefined)[] = [];
  store.watch(A).subscribe((record) => seen.push(record));
  store.addAddrs(A, [addr(1)], general);
  store.addAddrs(peer('b'), [addr(1)], general);
  store.setTag(A, 't', 1);
  store.remove(A);
  expect(seen.map((record) => record && [record.addrs.length, record.tags.size])).toEqual([
    undefined,
    [1, 0],
    [1, 1],
    undefined,
  ]);
});

it('a record that was given is not changed behind its holder’s back, and is the same until something changes', () => {
  const { store } = storeInTime();
  store.setMetadata(A, 'k', Uint8Array.of(1));
  const before = store.get(A);
  expect(store.get(A.toString())).toBe(before);
  store.setMetadata(A, 'l', Uint8Array.of(2));
  store.setTag(A, 't', 1);
  expect([before?.metadata.size, before?.tags.size]).toEqual([1, 0]);
});

it('whoever answers a change with a change nests nothing: all see them in one order', () => {
  const { store } = storeInTime();
  store.change$.subscribe(({ peer: id }) => {
    if (id === A.toString()) store.setTag(peer('b'), 'answer', 1);
  });
  const seen = changesOf(store);
  store.setTag(A, 't', 1);
  expect(seen).toEqual(['update a', 'update b']);
});

it('state is there before it is told', () => {
  const { store } = storeInTime();
  let atNews: PeerRecord | undefined;
  store.change$.subscribe(() => (atNews = store.get(A)));
  store.setTag(A, 't', 1);
  expect(atNews?.tags.get('t')).toBe(1);
});

describe('expiry', () => {
  it('is told when it happens, while somebody looks; with one timer', () => {
    const { store, clock, pass } = storeInTime();
    store.addAddrs(A, [addr(1)], 1_000);
    store.addAddrs(peer('b'), addrs(3), 2_000);
    expect(clock.nextAt).toBeUndefined();
    const seen = changesOf(store);
    expect(clock.nextAt).toBe(1_000);
    store.setTag(peer('b'), 't', 1);
    pass(1_000);
    expect(seen.slice(1)).toEqual(['remove a']);
    pass(1_000);
    expect(new Set(seen.slice(2))).toEqual(new Set(['update b']));
    expect(store.get(peer('b'))?.addrs).toEqual([]);
    expect(clock.nextAt).toBeUndefined();
  });

  it('needs no timer while nobody looks, and no timer is left when the last has left', () => {
    const { store, clock } = storeInTime();
    store.addAddrs(A, [addr(1)], 1_000);
    const looking = [store.change$.subscribe(), store.watch(A).subscribe(), store.watch(A).subscribe()];
    expect(clock.nextAt).toBe(1_000);
    looking[0]?.unsubscribe();
    looking[1]?.unsubscribe();
    expect(clock.nextAt).toBe(1_000);
    looking[2]?.unsubscribe();
    expect(clock.nextAt).toBeUndefined();
  });

  it('moves the timer when an address comes that ends sooner, and when one is prolonged', () => {
    const { store, clock } = storeInTime();
    store.change$.subscribe();
    store.addAddrs(A, [addr(1)], 1_000);
    store.addAddrs(A, [addr(2)], 10);
    expect(clock.nextAt).toBe(10);
    store.setAddrs(A, [addr(2)], 5_000);
    expect(clock.nextAt).toBe(1_000);
  });

  it('of 2,000 addresses at once goes in slices, none of which is long (O8)', () => {
    const { store, clock, pass } = storeInTime({ addrsPerPeer: 2_000 });
    store.addAddrs(A, addrs(2_000), 1_000);
    const seen = changesOf(store);
    clock.moveTo(999);
    clock.step();
    expect(seen.length).toBe(512);
    pass(10);
    expect(seen.length).toBe(2_000);
  });

  it('PS-20: what has expired unseen is not among the peers, and goes with later writes', () => {
    const { store, core, pass } = storeInTime();
    store.addAddrs(A, [addr(1)], 1_000);
    pass(1_000);
    expect(core.known.get(A.toString())).toBeDefined();
    expect(store.peers).toEqual([]);
    store.setTag(peer('b'), 't', 1);
    expect(core.known.get(A.toString())).toBeUndefined();
  });
});

describe('a subscriber', () => {
  it('that comes late gets completion only', async () => {
    const { store } = storeInTime();
    store.setTag(A, 't', 1);
    const early = changesOf(store);
    await store.close();
    await store.close();
    expect(early).toEqual(['complete']);
    expect(changesOf(store)).toEqual(['complete']);
    const watched: unknown[] = [];
    store.watch(A).subscribe({
      next: (record) => watched.push(record?.tags.size),
      complete: () => watched.push('complete'),
    });
    expect(watched).toEqual([1, 'complete']);
  });
});

it('after close it can be read, writes are passed over, and no timer is left (PS-49, P12, P15)', async () => {
  const { store, clock } = storeInTime();
  store.change$.subscribe();
  store.addAddrs(A, [addr(1)], 1_000);
  await store.close();
  expect(clock.nextAt).toBeUndefined();
  store.addAddrs(A, [addr(2)], 1_000);
  store.setTag(A, 't', 1);
  store.remove(A);
  expect(known(store, 'a')).toEqual([addr(1)]);
});

it('what is known when the host brings its clock keeps what is left of its time', () => {
  const { store, pass, clock } = storeInTime();
  store.addAddrs(A, [addr(1)], 1_000);
  pass(400);
  store.attach({ now: () => 1_000_000 + clock.now() - 400, wallClock: () => 0 });
  expect(store.get(A)?.addrs[0]?.expiresAt).toBe(1_000_600);
  pass(600);
  expect(store.get(A)).toBeUndefined();
});
