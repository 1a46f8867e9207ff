import { LimitError } from '../../src/core/errors.js';
import { generateKey } from '../../src/core/keys.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { ADDR_TTL } from '../../src/core/peer-store-contract.js';
import { memoryPeerStore } from '../../src/peerstore/memory-peer-store.js';
import { codeThrownBy } from '../support/vectors.js';
import { addr, keyOf, known, peer, storeInTime } from '../support/peer-store.js';

const A = peer('a');

describe('protocols (PS-43)', () => {
  it('PS-44: replace those before, each once', () => {
    const { store } = storeInTime();
    store.setProtocols(A, ['/x', '/y', '/x']);
    store.setProtocols(A, ['/z', '/y']);
    expect(store.get(A)?.protocols).toEqual(['/z', '/y']);
    store.setProtocols(A, []);
    expect(store.get(A)).toBeUndefined();
  });

  it('of 257 the first 256 are kept, instead of none (ODD-2, I3)', () => {
    const { store } = storeInTime();
    const many = Array.from({ length: 257 }, (_, n) => `/p/${String(n)}`);
    store.setProtocols(A, many);
    expect(store.get(A)?.protocols).toEqual(many.slice(0, 256));
  });

  it('a name of 257 bytes is left out, one of 256 is not (I3)', () => {
    const { store } = storeInTime();
    store.setProtocols(A, ['x'.repeat(257), 'ä'.repeat(129), 'ä'.repeat(128), '']);
    expect(store.get(A)?.protocols).toEqual(['ä'.repeat(128)]);
  });
});

describe('forgetting what was learned by talking to a peer (PS-48)', () => {
  it('leaves addresses, tags and the metadata of others, and says so once', () => {
    const { store } = storeInTime();
    const key = generateKey('ECDSA').publicKey;
    const id = peerIdFrom(key);
    store.addAddrs(id, [addr(1)], ADDR_TTL.permanent);
    store.setProtocols(id, ['/x']);
    store.setTag(id, 't', 1);
    store.setKey(id, key);
    store.recordRtt(id, 10);
    for (const name of ['AgentVersion', 'ProtocolVersion', 'note'])
      store.setMetadata(id, name, new Uint8Array(1));
    const changes: unknown[] = [];
    store.change$.subscribe((change) => changes.push(change));
    store.forget(id);
    store.forget(id);
    const { addrs, protocols, tags, metadata, rttMs, peerId } = store.get(id)!;
    expect([addrs.length, protocols, [...tags], [...metadata.keys()]]).toEqual([1, [], [['t', 1]], ['note']]);
    expect([rttMs, peerId.publicKey]).toEqual([undefined, undefined]);
    expect(changes).toEqual([{ type: 'update', peer: id.toString() }]);
  });

  it('is the end of a peer of which nothing else is known, and of none that is not known', () => {
    const { store } = storeInTime();
    store.setProtocols(A, ['/x']);
    store.forget(A);
    store.forget(peer('b'));
    expect(store.peers).toEqual([]);
  });
});

describe('metadata (PS-45)', () => {
  it('is copied in, and taken away with undefined', () => {
    const { store } = storeInTime();
    const value = Uint8Array.of(1, 2, 3);
    store.setMetadata(A, 'k', value);
    value.fill(0);
    expect(store.get(A)?.metadata.get('k')).toEqual(Uint8Array.of(1, 2, 3));
    store.setMetadata(A, 'k', undefined);
    expect(store.get(A)).toBeUndefined();
  });

  it('a 65th key, a value of 4 KiB and one byte, and a key of 257 characters are refused (O2, O5)', () => {
    const { store } = storeInTime();
    for (let n = 0; n < 64; n += 1) store.setMetadata(A, `k${String(n)}`, new Uint8Array(4_096));
    const before = store.get(A);
    expect(() => {
      store.setMetadata(A, 'more', new Uint8Array());
    }).toThrow(LimitError);
    expect(() => {
      store.setMetadata(A, 'k0', new Uint8Array(4_097));
    }).toThrow(LimitError);
    expect(() => {
      store.setMetadata(A, 'k'.repeat(257), undefined);
    }).toThrow(LimitError);
    expect(store.get(A)).toBe(before);
    store.setMetadata(A, 'k0', new Uint8Array(1));
    expect(store.get(A)?.metadata.size).toBe(64);
  });

  it('names with slashes, dots and NUL are names (O5)', () => {
    const { store } = storeInTime();
    for (const name of ['../../etc/passwd', '\0', '', '__proto__'])
      store.setMetadata(A, name, Uint8Array.of(1));
    expect([...(store.get(A)?.metadata.keys() ?? [])]).toEqual(['../../etc/passwd', '\0', '', '__proto__']);
  });
});

it('tags have a value, and a bound of 64 a peer', () => {
  const { store } = storeInTime();
  for (let n = 0; n < 64; n += 1) store.setTag(A, `t${String(n)}`, n);
  expect(() => {
    store.setTag(A, 'more', 1);
  }).toThrow(new LimitError('tag of a peer', 'keys', 64, 'local'));
  store.setTag(A, 't1', undefined);
  store.setTag(A, 'more', 1);
  expect(store.get(A)?.tags.get('more')).toBe(1);
});

it('latency is an average in which a new sample weighs a tenth (PS-46)', () => {
  const { store } = storeInTime();
  expect(store.get(A)?.rttMs).toBeUndefined();
  store.recordRtt(A, 100);
  expect(store.get(A)?.rttMs).toBe(100);
  store.recordRtt(A, 200);
  expect(store.get(A)?.rttMs).toBeCloseTo(110);
  for (const none of [Number.NaN, -1, Infinity]) store.recordRtt(A, none);
  expect(store.get(A)?.rttMs).toBeCloseTo(110);
});

describe('keys (PS-40, PS-41)', () => {
  const rsa = generateKey('RSA').publicKey;
  const id = peerIdFrom(peerIdFrom(rsa).toString());

  it('of an id that does not carry one is remembered, and is enough to know the peer (PS-42, PS-47)', () => {
    const { store } = storeInTime();
    expect(id.publicKey).toBeUndefined();
    store.setKey(id, rsa);
    expect(store.get(id)?.peerId.publicKey?.equals(rsa)).toBe(true);
    expect(store.peers.map(String)).toEqual([id.toString()]);
  });

  it('another peer’s is refused', () => {
    const { store } = storeInTime();
    expect(
      codeThrownBy(() => {
        store.setKey(id, keyOf('a').publicKey);
      }),
    ).toBe('ERR_INVALID_KEY');
    expect(store.get(id)).toBeUndefined();
  });
});

it('remove forgets all, addresses too', () => {
  const { store } = storeInTime();
  store.addAddrs(A, [addr(1)], ADDR_TTL.permanent);
  store.setTag(A, 't', 1);
  store.remove(A);
  expect(store.get(A)).toBeUndefined();
  store.setTag(A, 'u', 1);
  expect(store.get(A)).toMatchObject({ addrs: [], tags: new Map([['u', 1]]) });
});

describe('bounds of the whole store', () => {
  it('beyond the number of peers the one goes that was written longest ago, but none whose address stays', () => {
    const { store } = storeInTime({ peers: 3 });
    store.addAddrs(peer('stays'), [addr(1)], ADDR_TTL.permanent);
    for (const name of ['x', 'y', 'x', 'z'])
      store.setProtocols(peer(name), [`/${name}`, name, String(Math.sign(store.peers.length))]);
    store.setTag(peer('x'), 'again', 1);
    store.setProtocols(peer('new'), ['/new']);
    expect(known(store, 'stays')).toEqual([addr(1)]);
    expect(store.peers.map(String).sort()).toEqual(
      [peer('stays'), peer('x'), peer('new')].map(String).sort(),
    );
  });

  it('where all stay, a newcomer is refused with a LimitError', () => {
    const { store } = storeInTime({ peers: 2 });
    for (const name of ['x', 'y']) store.addAddrs(peer(name), [addr(1)], ADDR_TTL.connected);
    expect(() => {
      store.addAddrs(A, [addr(1)], ADDR_TTL.connected);
    }).toThrow(new LimitError('peerstore', 'peers', 2));
    expect(store.get(A)).toBeUndefined();
  });

  it('beyond the bytes of all facts others give way; where none may, the write is undone', () => {
    const { store } = storeInTime({ bytes: 10_000 });
    for (let n = 0; n < 20; n += 1) store.setMetadata(peer(`m${String(n)}`), 'k', new Uint8Array(1_000));
    expect(store.peers).toHaveLength(9);
    store.addAddrs(A, [addr(1)], ADDR_TTL.connected);
    store.setMetadata(A, 'a', new Uint8Array(4_000));
    store.setMetadata(A, 'b', new Uint8Array(4_000));
    const before = store.get(A);
    expect(() => {
      store.setMetadata(A, 'c', new Uint8Array(4_000));
    }).toThrow(new LimitError('peerstore', 'bytes', 10_000));
    expect(store.get(A)).toEqual(before);
  });

  it('options are judged', () => {
    expect(codeThrownBy(() => memoryPeerStore({ limits: { addrs: -1 } }))).toBe('ERR_INVALID_OPTION');
    const typo = { limits: { adrs: 1 } as object };
    expect(() => memoryPeerStore(typo)).toThrow(
      'memoryPeerStore: limits has no option "adrs" (its value: 1)',
    );
    expect(() => memoryPeerStore({ limit: {} } as object)).toThrow('there is no option "limit"');
  });
});
