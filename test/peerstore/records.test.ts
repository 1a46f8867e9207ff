import { LimitError } from '../../src/core/errors.js';
import { ADDR_TTL } from '../../src/core/peer-store-contract.js';
import { codeThrownBy } from '../support/vectors.js';
import { addr, addrs, known, peer, recordOf, storeInTime } from '../support/peer-store.js';

const { general, connected } = ADDR_TTL;
const A = peer('a');

function certified(store: ReturnType<typeof storeInTime>['store']): string[] {
  return (store.get(A)?.addrs ?? []).filter((entry) => entry.certified).map((entry) => entry.addr.toString());
}

it('a record of another’s signature, or none at all, stores nothing (PS-30, E3, P18)', () => {
  const { store } = storeInTime();
  const bytes = recordOf('a', 1n, [addr(1)]);
  for (let bit = 0; bit < bytes.byteLength * 8; bit += 5) {
    const flipped = bytes.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    expect(['ERR_INVALID_RECORD', undefined]).toContain(
      codeThrownBy(() => store.consumeRecord(flipped, general)),
    );
    const stored = store.peers.filter((id) => !id.equals(A));
    expect(stored).toEqual([]);
    if (store.get(A) !== undefined) expect(certified(store)).toEqual([addr(1)]);
    store.remove(A);
  }
});

describe('sequence numbers (PS-31, E5)', () => {
  it('lower: kept old, and no error', () => {
    const { store } = storeInTime();
    expect(store.consumeRecord(recordOf('a', 5n, [addr(1)]), general)).toBe(true);
    expect(store.consumeRecord(recordOf('a', 4n, [addr(2)]), general)).toBe(false);
    expect(known(store, 'a')).toEqual([addr(1)]);
  });

  it('equal and the same bytes: the TTL begins anew; equal and other bytes: kept old', () => {
    const { store, pass } = storeInTime();
    store.consumeRecord(recordOf('a', 5n, [addr(1)]), 1_000);
    pass(500);
    expect(store.consumeRecord(recordOf('a', 5n, [addr(1)]), 1_000)).toBe(true);
    expect(store.get(A)?.addrs[0]?.expiresAt).toBe(1_500);
    expect(store.consumeRecord(recordOf('a', 5n, [addr(2)]), general)).toBe(false);
    expect(known(store, 'a')).toEqual([addr(1)]);
  });

  it('higher, also beyond what a float tells apart: replaced (E6)', () => {
    const { store } = storeInTime();
    store.consumeRecord(recordOf('a', 2n ** 63n, [addr(1)]), general);
    expect(store.consumeRecord(recordOf('a', 2n ** 63n + 1n, [addr(2)]), general)).toBe(true);
    expect(known(store, 'a')).toEqual([addr(2)]);
  });

  it('the highest of all freezes its peer only until its addresses have expired (E6)', () => {
    const { store, pass } = storeInTime();
    store.consumeRecord(recordOf('a', 2n ** 64n - 1n, [addr(1)]), general);
    expect(store.consumeRecord(recordOf('a', 1n, [addr(2)]), general)).toBe(false);
    pass(general);
    expect(store.consumeRecord(recordOf('a', 1n, [addr(2)]), general)).toBe(true);
  });
});

describe('a newer record (PS-33, E13)', () => {
  it('takes away what only the one before had, but not what is connected, nor what came from elsewhere', () => {
    const { store } = storeInTime();
    store.consumeRecord(recordOf('a', 1n, [addr(1), addr(2), addr(3)]), general);
    store.setAddrs(A, [addr(2)], connected);
    store.addAddrs(A, [addr(9)], general);
    store.consumeRecord(recordOf('a', 2n, [addr(3), addr(4)]), general);
    expect(known(store, 'a').sort()).toEqual([addr(2), addr(3), addr(4), addr(9)].sort());
    expect(certified(store)).toEqual([addr(3), addr(4)]);
  });

  it('certifies what was known without it; what comes unsigned is not certified, and pushes nothing out that is (E12)', () => {
    const { store } = storeInTime();
    store.addAddrs(A, [addr(1)], general);
    store.consumeRecord(recordOf('a', 1n, addrs(64)), 1_000);
    expect(certified(store)).toHaveLength(64);
    store.addAddrs(A, addrs(64, 100), general);
    expect(certified(store)).toHaveLength(64);
    expect(known(store, 'a')).toHaveLength(64);
  });
});

describe('the envelope', () => {
  const bytes = recordOf('a', 1n, [addr(1)]);

  it('is there while the peer has an address that has not expired (PS-35)', () => {
    const { store, pass } = storeInTime();
    store.consumeRecord(bytes, 1_000);
    expect(store.recordOf(A)).toEqual(bytes);
    pass(1_000);
    expect(store.recordOf(A)).toBeUndefined();
  });

  it.each<[string, (store: ReturnType<typeof storeInTime>['store']) => void]>([
    [
      'clear (PS-19)',
      (store) => {
        store.clearAddrs(A);
      },
    ],
    [
      'set to 0',
      (store) => {
        store.setAddrs(A, [addr(1)], 0);
      },
    ],
    [
      'update to 0',
      (store) => {
        store.updateTtl(A, general, 0);
      },
    ],
    [
      'remove',
      (store) => {
        store.remove(A);
      },
    ],
  ])('goes with the last address: %s (PS-36)', (_, act) => {
    const { store } = storeInTime();
    store.consumeRecord(bytes, general);
    act(store);
    store.addAddrs(A, [addr(2)], general);
    expect(store.recordOf(A)).toBeUndefined();
    expect(store.consumeRecord(recordOf('a', 0n, []), general)).toBe(true);
  });

  it('with a TTL of 0 a record of a peer without addresses is accepted, and not kept (PS-34)', () => {
    const { store } = storeInTime();
    expect(store.consumeRecord(bytes, 0)).toBe(true);
    expect(store.get(A)).toBeUndefined();
    expect(store.consumeRecord(recordOf('a', 0n, [addr(1)]), general)).toBe(true);
  });
});

it('of 500 addresses 64 are kept (E8)', () => {
  const { store } = storeInTime();
  store.consumeRecord(recordOf('a', 1n, addrs(300)), general);
  expect(known(store, 'a')).toEqual(addrs(64));
});

it('records beyond the bound are refused with a LimitError, and there is room again when some have expired (PS-32, E7)', () => {
  const { store, pass } = storeInTime({ records: 3 });
  for (let n = 0; n < 3; n += 1) store.consumeRecord(recordOf(`r${String(n)}`, 1n, [addr(n)]), 1_000);
  expect(() => store.consumeRecord(recordOf('more', 1n, [addr(9)]), general)).toThrow(
    new LimitError('peerstore', 'signed records', 3),
  );
  expect(store.get(peer('more'))).toBeUndefined();
  // One that is known may have a newer one.
  expect(store.consumeRecord(recordOf('r0', 2n, [addr(5)]), 1_000)).toBe(true);
  pass(1_000);
  expect(store.consumeRecord(recordOf('more', 1n, [addr(9)]), general)).toBe(true);
});
