/** Reliability sheet, 5.5, for plaintext: a whole upgrade, against bytes that no honest peer sends. */
import fc from 'fast-check';
import { upgradeInbound, upgradeOutbound, type Upgraded } from '../../src/connection/upgrade.js';
import { upgradedOnly } from '../support/upgraded.js';
import { concatBytes, toHex, utf8 } from '../../src/core/bytes.js';
import type { Bytes } from '../../src/core/duplex.js';
import { Libp2pError } from '../../src/core/errors.js';
import type { PrivateKey } from '../../src/core/identity.js';
import { generateKey } from '../../src/core/keys.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { encodeVarint } from '../../src/core/varint.js';
import { Exchange } from '../../src/generated/plaintext.js';
import { noise } from '../../src/noise.js';
import { plaintext } from '../../src/protocols/plaintext/plaintext.js';
import { decodeExchange, encodeExchange } from '../../src/protocols/plaintext/exchange-message.js';
import { yamux } from '../../src/protocols/yamux/yamux.js';
import { seededRandom, simulateNetwork } from '../../src/testing.js';
import { NO_SERVICES } from '../support/no-services.js';
import { duplexPair, record } from '../support/duplex-pair.js';
import { codeThrownBy, cut, CUTS, fromHex } from '../support/vectors.js';

const addr = parseMultiaddr('/memory/1');
const us = generateKey();
const them = generateKey();
const line = (text: string) => concatBytes(encodeVarint(text.length + 1), utf8(`${text}\n`));
const framed = (message: Uint8Array) => concatBytes(encodeVarint(message.byteLength), message);
const exchange = (id: Uint8Array, pubkey: Uint8Array) =>
  framed(Exchange.encode({ id: new Uint8Array(id), pubkey: new Uint8Array(pubkey) }));
const PROPOSAL = concatBytes(line('/multistream/1.0.0'), line('/plaintext/2.0.0'));
const RESPONSE = PROPOSAL;

/** An upgrade of ours, and what came of it. */
function upgrade(role: 'inbound' | 'outbound', security = plaintext(), expected: PrivateKey = them) {
  const pair = duplexPair();
  const context = { scheduler: pair.clock, random: seededRandom(1), privateKey: us };
  const deps = { security: [security.create(context)], muxers: [yamux().create(context)] };
  const raw = { duplex: pair.near, localAddr: addr, remoteAddr: addr };
  const seen = record(pair.far);
  let upgraded: Upgraded | undefined;
  let failure: unknown;
  (role === 'inbound'
    ? upgradeInbound(raw, deps)
    : upgradeOutbound(raw, peerIdFrom(expected), deps).pipe(upgradedOnly())
  ).subscribe({
    next: (value) => (upgraded = value),
    error: (error: unknown) => (failure = error),
  });
  return {
    ...pair,
    seen,
    send: (...pieces: readonly Bytes[]): void => {
      for (const piece of pieces) pair.far.sink.next(piece);
      pair.settle();
    },
    upgraded: () => upgraded,
    failure: () => failure,
  };
}

it.each([CUTS[0], Infinity])(
  'L1: plaintext that is not enabled is answered with na, in chunks of %d',
  (size) => {
    const peer = upgrade('inbound', noise());
    peer.send(...cut(PROPOSAL, size));
    expect(toHex(peer.seen.bytes())).toBe(toHex(concatBytes(line('/multistream/1.0.0'), line('na'))));
    expect([peer.upgraded(), peer.failure()]).toEqual([undefined, undefined]);
  },
);

it('L1: a host takes no plaintext connection unless it was made to, and tells nobody of one', async () => {
  const net = simulateNetwork({ seed: 1 });
  const types: string[] = [];
  const [insecure, secure] = [
    await net.createHost({ insecure: true, services: NO_SERVICES }),
    await net.createHost({ services: NO_SERVICES, events: { next: ({ type }) => types.push(type) } }),
  ];
  await expect(net.runUntil(insecure.dial(secure.addrs))).rejects.toMatchObject({
    code: 'ERR_DIAL_FAILED',
  });
  expect(types).toEqual(['addrs:change', 'listen:open', 'connection:refuse']);
  expect(secure.connections).toEqual([]);
});

const ours = them.publicKey.bytes;
const id = peerIdFrom(them).bytes;
const rsa = generateKey('RSA').publicKey;
const HOSTILE: [string, Bytes, RegExp][] = [
  ['L2: 16,385 bytes, on the length alone', encodeVarint(16_385), /16385 bytes; 16384 are allowed/],
  ['L2: 2^53 - 1 bytes', encodeVarint(2 ** 53 - 1), /9007199254740991 bytes/],
  ['L2: 2^62 bytes', encodeVarint(2n ** 62n), /no varint/],
  ['L2: no bytes', Uint8Array.of(0), /an empty message/],
  ['L2: a length that never ends', new Uint8Array(16).fill(0xff), /no varint/],
  ['L2: a length that is not in its shortest form', fromHex('8500'), /no varint/],
  ['L2: no protobuf', framed(utf8('nothing of the kind')), /cannot be decoded/],
  ['L2: a field that claims 2^32 bytes', framed(fromHex('0a8080808010')), /cannot be decoded/],
  ['L2: 257 unknown fields', framed(fromHex('1800'.repeat(257))), /cannot be decoded/],
  [
    'L2: a key twice',
    framed(concatBytes(exchange(id, ours).subarray(1), fromHex('1200'))),
    /cannot be decoded/,
  ],
  ['L3: no id', framed(Exchange.encode({ pubkey: ours })), /no peer id/],
  ['L3: no key', framed(Exchange.encode({ id })), /no public key/],
  ['L3: an empty id', exchange(new Uint8Array(0), ours), /no peer id/],
  ['L3: an empty key', exchange(id, new Uint8Array(0)), /a key or a peer id that is none/],
  ['L3: an id of another key', exchange(peerIdFrom(generateKey()).bytes, ours), /not its key/],
  ['L3: a hashed id where the key is inlined', exchange(hashed(), ours), /not its key/],
  ['L3: an id that is no multihash', exchange(fromHex('0102'), ours), /a key or a peer id that is none/],
  ['L3: an id with a byte too many', exchange(concatBytes(id, Uint8Array.of(0)), ours), /that is none/],
  [
    'L3: Ed25519 data as secp256k1',
    exchange(id, concatBytes(fromHex('0802'), ours.subarray(2))),
    /that is none/,
  ],
  ['L3: Ed25519 data as RSA', exchange(id, concatBytes(fromHex('0800'), ours.subarray(2))), /that is none/],
  [
    'L3: RSA data as Ed25519',
    exchange(id, concatBytes(fromHex('0801'), rsa.bytes.subarray(2))),
    /that is none/,
  ],
  [
    'L3: a type of key that nobody knows',
    exchange(id, concatBytes(fromHex('0804'), ours.subarray(2))),
    /that is none/,
  ],
];

function hashed(): Uint8Array {
  const other = peerIdFrom(rsa).bytes;
  return concatBytes(fromHex('1220'), other.subarray(2));
}

describe.each(['inbound', 'outbound'] as const)('an %s upgrade', (role) => {
  const greeting = role === 'inbound' ? PROPOSAL : RESPONSE;

  it.each(HOSTILE)('dies of %s', (_, bytes, what) => {
    const peer = upgrade(role);
    peer.send(greeting, bytes);
    expect(peer.failure()).toBeInstanceOf(Libp2pError);
    expect(peer.failure()).toMatchObject({ code: 'ERR_PLAINTEXT_EXCHANGE', fault: 'remote' });
    expect((peer.failure() as Libp2pError).message).toMatch(what);
    expect(peer.upgraded()).toBeUndefined();
    // The channel is destroyed, not left.
    expect(peer.seen.ended()).toMatchObject({ code: 'ERR_TRANSPORT' });
  });

  it('L2: waits for what is missing, and errors when the channel ends in it', () => {
    const whole = encodeExchange(them.publicKey);
    const peer = upgrade(role);
    peer.send(greeting, whole.subarray(0, -1));
    expect([peer.upgraded(), peer.failure()]).toEqual([undefined, undefined]);
    peer.far.sink.complete();
    peer.settle();
    expect(peer.failure()).toMatchObject({ code: 'ERR_UNEXPECTED_END' });
    expect(peer.seen.ended()).toMatchObject({ code: 'ERR_TRANSPORT' });
  });

  it.each(CUTS)('L5: bytes of the muxer right behind the key are delivered, in chunks of %d', (size) => {
    const peer = upgrade(role);
    const behind = concatBytes(line('/multistream/1.0.0'), line('/yamux/1.0.0'), fromHex('00'.repeat(24)));
    peer.send(...cut(concatBytes(greeting, encodeExchange(them.publicKey), behind), size));
    const upgraded = peer.upgraded();
    expect([upgraded?.remotePeer.toString(), upgraded?.muxer.protocol, peer.failure()]).toEqual([
      peerIdFrom(them).toString(),
      '/yamux/1.0.0',
      undefined,
    ]);
    if (upgraded !== undefined) expect(toHex(record(upgraded.duplex).bytes())).toBe('00'.repeat(24));
  });
});

it('L2: a message of exactly 16 KiB is read', () => {
  const message = Exchange.encode({ id: new Uint8Array(id), pubkey: new Uint8Array(ours) });
  // An unknown field fills it up: tag, two bytes of length, and the rest.
  const filler = 16_384 - message.byteLength - 3;
  const padded = concatBytes(message, fromHex('1a'), encodeVarint(filler), new Uint8Array(filler));
  expect(padded.byteLength).toBe(16_384);
  expect(decodeExchange(framed(padded))?.remotePeer.equals(peerIdFrom(them))).toBe(true);
});

it('L4: an id that is its key’s, but not the one that was dialed, is a mismatch that names both', () => {
  const other = generateKey();
  const peer = upgrade('outbound', plaintext(), other);
  peer.send(RESPONSE, encodeExchange(them.publicKey));
  expect(peer.failure()).toMatchObject({ code: 'ERR_PEER_ID_MISMATCH', fault: 'remote' });
  expect(String(peer.failure())).toContain(peerIdFrom(them).toString());
  expect(String(peer.failure())).toContain(peerIdFrom(other).toString());
  expect(peer.seen.ended()).toMatchObject({ code: 'ERR_TRANSPORT' });
});

it('our own key mirrored back to us is refused', () => {
  const peer = upgrade('inbound');
  peer.send(PROPOSAL, encodeExchange(us.publicKey));
  expect(peer.failure()).toMatchObject({ code: 'ERR_DIAL_SELF' });
});

it('any bytes are a message, not yet one, or a typed error', () => {
  const valid = encodeExchange(them.publicKey);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 100, size: 'max' }),
        // A valid message with one byte changed.
        fc.tuple(fc.nat(valid.byteLength - 1), fc.integer({ min: 1, max: 255 })).map(([at, xor]) => {
          const changed = new Uint8Array(valid);
          changed[at] = (changed[at] ?? 0) ^ xor;
          return changed;
        }),
      ),
      (bytes) => {
        const code = codeThrownBy(() => decodeExchange(new Uint8Array(bytes)));
        expect([undefined, 'ERR_PLAINTEXT_EXCHANGE']).toContain(code);
      },
    ),
    { numRuns: 1000 },
  );
});
