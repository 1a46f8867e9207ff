import { ADDR_TTL } from '../../src/core/peer-store-contract.js';
import { generateKey } from '../../src/core/keys.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import {
  decodeStoredPeer,
  encodeStoredPeer,
  MAX_STORED_BYTES,
} from '../../src/peerstore/stored-peer-message.js';
import { codeThrownBy } from '../support/vectors.js';
import { addr, peer, recordOf, storeInTime } from '../support/peer-store.js';

const WALL = 1_700_000_000_000;
const AT = { now: 1_000, wallClock: WALL };

function sample(): { readonly bytes: Uint8Array } {
  const { store, core, pass } = storeInTime();
  pass(1_000);
  const id = peer('a');
  store.consumeRecord(recordOf('a', 7n, [addr(1)]), ADDR_TTL.general);
  store.addAddrs(id, [addr(2)], ADDR_TTL.connected);
  store.addAddrs(id, [addr(3)], ADDR_TTL.permanent);
  store.setProtocols(id, ['/x', '/ÿ']);
  store.setMetadata(id, '../k\0', Uint8Array.of(0, 255));
  store.setMetadata(id, 'none', new Uint8Array());
  store.setTag(id, 't', -0.5);
  store.recordRtt(id, 12.5);
  return { bytes: encodeStoredPeer(core.known.get(id.toString())!, AT) };
}
const { bytes } = sample();

it('says all that was known, with expiry by the wall clock', () => {
  const stored = decodeStoredPeer(bytes, WALL);
  expect(stored.peerId.equals(peer('a'))).toBe(true);
  expect(stored.addrs.map(({ addr: at, ...time }) => [String(at), time])).toEqual([
    [addr(1), { ttlMs: ADDR_TTL.general, leftMs: ADDR_TTL.general, certified: true }],
    // Nobody is connected when a store is opened.
    [addr(2), { ttlMs: ADDR_TTL.recentlyConnected, leftMs: ADDR_TTL.recentlyConnected, certified: false }],
    [addr(3), { ttlMs: Infinity, leftMs: Infinity, certified: false }],
  ]);
  expect(stored.protocols).toEqual(['/x', '/ÿ']);
  expect([...stored.metadata]).toEqual([
    ['../k\0', Uint8Array.of(0, 255)],
    ['none', new Uint8Array()],
  ]);
  expect([...stored.tags]).toEqual([['t', -0.5]]);
  expect(stored.record?.seq).toBe(7n);
  expect(stored.rttMs).toBe(12.5);
});

it.each([
  ['later', 600_000, ADDR_TTL.general - 600_000],
  ['much later: it has expired', 366 * 86_400_000, ADDR_TTL.general - 366 * 86_400_000],
  ['set back a year: it lives no longer than it was to (F17)', -365 * 86_400_000, ADDR_TTL.general],
])('read with a wall clock %s', (_, by, leftMs) => {
  expect(decodeStoredPeer(bytes, WALL + by).addrs[0]?.leftMs).toBe(leftMs);
});

it('a key that the id does not carry is kept', () => {
  const key = generateKey('RSA').publicKey;
  const { store, core } = storeInTime();
  const id = peerIdFrom(peerIdFrom(key).toString());
  store.setKey(id, key);
  const stored = decodeStoredPeer(encodeStoredPeer(core.known.get(id.toString())!, AT), WALL);
  expect(stored.hasToldKey).toBe(true);
  expect(stored.peerId.publicKey?.equals(key)).toBe(true);
});

describe('what is no record of ours is told apart (O4)', () => {
  it('truncated at every byte, and empty', () => {
    for (let length = 0; length < bytes.byteLength; length += 1)
      expect(codeThrownBy(() => decodeStoredPeer(bytes.subarray(0, length), WALL))).toBe('ERR_STORE');
  });

  it('with any bit flipped', () => {
    for (let bit = 0; bit < bytes.byteLength * 8; bit += 1) {
      const flipped = bytes.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(codeThrownBy(() => decodeStoredPeer(flipped, WALL))).toBe('ERR_STORE');
    }
  });

  it('of a later version', () => {
    const later = bytes.slice();
    later[0] = 2;
    expect(() => decodeStoredPeer(later, WALL)).toThrow('a stored peer: version 2, not 1');
  });

  it('of more than 1 MiB, which nobody looks at', () => {
    expect(() => decodeStoredPeer(new Uint8Array(MAX_STORED_BYTES + 1), WALL)).toThrow('1048577 bytes');
  });
});
