/** Reliability sheet, 5.3, N1 to N19: what a peer may do inside the handshake, to an initiator and to a responder. */
import { jest } from '@jest/globals';
import { generateKey, type Libp2pError } from '../../src/index.js';
import { platformNodeCrypto } from '../../src/crypto/crypto.js';
import { nobleCrypto } from '../../src/crypto/noble.js';
import { nodeCrypto } from '../../src/crypto/node.js';
import { concatBytes, fromHex, NO_BYTES, toHex, utf8 } from '../../src/core/bytes.js';
import { derElement, derUnsigned, DerReader, TAG } from '../../src/core/der.js';
import type { Bytes } from '../../src/core/duplex.js';
import { codeOf } from '../../src/core/errors.js';
import type { KeyType, PrivateKey } from '../../src/core/identity.js';
import { encodeKey } from '../../src/core/key-message.js';
import { publicKeyFrom } from '../../src/core/keys.js';
import type { Secured } from '../../src/core/parts.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import type { X25519KeyPair } from '../../src/crypto/contract.js';
import { NoiseExtensions, NoiseHandshakePayload } from '../../src/generated/noise.js';
import { lengthOf } from '../../src/protocols/noise/cipher-codec.js';
import { Handshake } from '../../src/protocols/noise/handshake.js';
import { noise } from '../../src/protocols/noise/noise.js';
import { encodePayload, signStaticKey } from '../../src/protocols/noise/payload-message.js';
import { duplexPair } from '../support/duplex-pair.js';
import { hostBench, tokens } from '../support/hostile-peer.js';

// Some of these run hundreds of handshakes, on whatever machine.
jest.setTimeout(60_000);

type Role = 'initiator' | 'responder';
const ROLES = ['initiator', 'responder'] as const;
const MUXERS = ['/yamux/1.0.0'];
const node = platformNodeCrypto();
if (node === undefined) throw new Error('the tests run where node:crypto is');
const makers = [nodeCrypto(node), nobleCrypto()];
const crypto = nodeCrypto(node);
const filled = (value: number): Bytes => new Uint8Array(32).fill(value);
const victimKey = generateKey('Ed25519', { random: () => filled(1) });
const theirKey = generateKey('Ed25519', { random: () => filled(2) });
const VICTIM_STATIC = filled(11);
const THEIR_STATIC = crypto.x25519(filled(12));

interface Victim {
  readonly role: Role;
  outcome(): Secured | Libp2pError | undefined;
  /** What the victim has written so far, and what is said to it. */
  written(): Bytes;
  say(...pieces: readonly Uint8Array[]): void;
  end(): void;
}

/** One end of a handshake, whose every key is known, so that the same words have the same effect each time. */
function victim(role: Role, { expectedPeer = peerIdFrom(theirKey), ephemeral = 21 } = {}): Victim {
  const { near, far, settle, clock } = duplexPair();
  let outcome: Secured | Libp2pError | undefined;
  let written = NO_BYTES;
  far.read().subscribe((bytes) => {
    written = concatBytes(written, bytes);
  });
  noise({ staticKey: VICTIM_STATIC })
    .create({ scheduler: clock, random: () => filled(ephemeral), privateKey: victimKey })
    .secure(near, { role, muxers: MUXERS, ...(role === 'initiator' ? { expectedPeer } : {}) })
    .subscribe({
      next: (secured) => (outcome = secured),
      error: (error: unknown) => (outcome = error as Libp2pError),
    });
  settle();
  return {
    role,
    outcome: () => outcome,
    written: () => written,
    say: (...pieces) => {
      far.sink.next(concatBytes(...pieces));
      settle();
    },
    end: () => {
      far.sink.complete();
      settle();
    },
  };
}

const framed = (message: Uint8Array): Bytes => concatBytes(lengthOf(message.byteLength), message);
const goodPayload = (staticKey: Uint8Array = THEIR_STATIC.publicKey): Bytes =>
  encodePayload(theirKey, signStaticKey(theirKey, staticKey), MUXERS);
const attacker = (ephemeral = crypto.x25519(filled(22)), own = THEIR_STATIC): Handshake =>
  new Handshake(crypto, own, ephemeral);

/** The message in which the other side proves itself: the second to an initiator, the third to a responder. */
function lastMessage(
  of: Victim,
  payload: Bytes = goodPayload(),
  handshake: Handshake = attacker(),
  beforeWriting: () => void = () => undefined,
): Bytes {
  if (of.role === 'initiator') {
    handshake.readFirst(of.written().subarray(2));
    beforeWriting();
    return framed(handshake.writeSecond(payload));
  }
  of.say(framed(handshake.writeFirst()));
  handshake.readSecond(of.written().subarray(2));
  beforeWriting();
  return framed(handshake.writeThird(payload));
}

/** How the victim ends when it gets this payload, correctly sealed. */
function attack(
  role: Role,
  payload: Bytes,
  expectedPeer = peerIdFrom(theirKey),
): Secured | Libp2pError | undefined {
  const attacked = victim(role, { expectedPeer });
  attacked.say(lastMessage(attacked, payload));
  return attacked.outcome();
}

const REFUSED = { code: 'ERR_NOISE_HANDSHAKE', fault: 'remote' };
const identity = (fields: Partial<NoiseHandshakePayload>): Bytes =>
  new Uint8Array(NoiseHandshakePayload.encode(fields));

it.each(ROLES)('the bench itself: the %s accepts what is right', (role) => {
  expect(attack(role, goodPayload())).toMatchObject({ muxer: '/yamux/1.0.0' });
});

describe('the first message', () => {
  it.each([0, 1, 31, 33, 96, 16_384, 65_535])('N1, N2: of %d bytes is refused on its length', (length) => {
    const attacked = victim('responder');
    attacked.say(lengthOf(length));
    expect(attacked.outcome()).toMatchObject(REFUSED);
    expect(attacked.written().byteLength).toBe(0);
  });
});

/** u-coordinates of small order, canonical or not. @source Curve25519 paper; libsodium's list */
const LOW_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map(fromHex);
const withHighBit = (key: Bytes): Bytes => Uint8Array.from([...key.subarray(0, 31), (key[31] ?? 0) | 0x80]);

describe('ephemeral keys', () => {
  it.each([...LOW_ORDER, ...LOW_ORDER.map(withHighBit)].map((key) => [toHex(key), key]))(
    'N3: %s is refused by both ends, and no message 2 is sent',
    (_, key) => {
      const responder = victim('responder');
      responder.say(framed(key));
      expect(responder.outcome()).toMatchObject(REFUSED);
      expect(responder.written().byteLength).toBe(0);
      const initiator = victim('initiator');
      initiator.say(framed(concatBytes(key, new Uint8Array(200))));
      expect(initiator.outcome()).toMatchObject({
        ...REFUSED,
        message: expect.stringContaining('low order') as string,
      });
    },
  );

  it('N3: of low order tell a dialer nothing but the header', async () => {
    const bench = await hostBench();
    const peer = await bench.knock();
    peer.say(tokens('/noise'), framed(new Uint8Array(32)));
    await bench.advance();
    expect(toHex(peer.bytes)).toBe(toHex(tokens('/noise')));
    expect(peer.ended).toBe('ERR_TRANSPORT');
    expect(bench.events.filter(({ type }) => type.startsWith('connection'))).toMatchObject([
      { type: 'connection:refuse', stage: 'upgrade', code: 'ERR_NOISE_HANDSHAKE' },
    ]);
  });

  it.each(makers)(
    'N4: with the high bit set, or beyond the field, agree as RFC 7748 says ($name)',
    (maker) => {
      const ours = maker.x25519(filled(5));
      const theirs = maker.x25519(filled(6)).publicKey;
      expect(toHex(ours.agree(withHighBit(theirs)) ?? NO_BYTES)).toBe(toHex(ours.agree(theirs) ?? NO_BYTES));
      // p + 9, which is the base point again, as 9.
      const beyond = fromHex(`f6${'ff'.repeat(30)}7f`);
      const base = Uint8Array.from([9, ...new Uint8Array(31)]);
      expect(toHex(ours.agree(beyond) ?? NO_BYTES)).toBe(toHex(ours.agree(base) ?? NO_BYTES));
      // RFC 7748, 5.2, second vector: the high bit of this u-coordinate is set.
      const scalar = fromHex('4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d');
      const u = fromHex('e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493');
      expect(toHex(maker.x25519(scalar).agree(u) ?? NO_BYTES)).toBe(
        '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
      );
    },
  );

  it.each(ROLES)('N4: with the high bit set go through the whole handshake of the %s', (role) => {
    const pair = crypto.x25519(filled(22));
    const odd: X25519KeyPair = {
      publicKey: withHighBit(pair.publicKey),
      agree: (remote) => pair.agree(remote),
    };
    const attacked = victim(role);
    attacked.say(lastMessage(attacked, goodPayload(), attacker(odd)));
    expect(attacked.outcome()).toMatchObject({ muxer: '/yamux/1.0.0' });
  });
});

describe.each(ROLES)('what the %s gets last', (role) => {
  const whole = lastMessage(victim(role));
  /** A victim that waits for it. */
  const waiting = (): Victim => {
    const attacked = victim(role);
    if (role === 'responder') attacked.say(framed(attacker().writeFirst()));
    return attacked;
  };

  it('N5: cut anywhere is waited for, until the channel ends: then it fails at once', () => {
    for (let length = 0; length < whole.byteLength; length += 1) {
      const attacked = waiting();
      if (length > 0) attacked.say(whole.subarray(0, length));
      expect(attacked.outcome()).toBeUndefined();
      attacked.end();
      expect(attacked.outcome()).toMatchObject({ code: 'ERR_UNEXPECTED_END', fault: 'network' });
    }
  });

  it('N5: shortened by any number of bytes, with a length that fits, is refused', () => {
    for (let length = 0; length < whole.byteLength - 2; length += 1) {
      const attacked = waiting();
      attacked.say(framed(whole.subarray(2, 2 + length)));
      expect(attacked.outcome()).toMatchObject(REFUSED);
    }
  });

  it('N6: with any single bit flipped is refused', () => {
    const accepted: number[] = [];
    for (let bit = 16; bit < whole.byteLength * 8; bit += 1) {
      const flipped = Uint8Array.from(whole);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const attacked = waiting();
      attacked.say(flipped);
      if (codeOf(attacked.outcome()) !== 'ERR_NOISE_HANDSHAKE') accepted.push(bit);
    }
    expect(accepted).toEqual([]);
  });

  it('N6: with any bit of its length flipped is refused, or waited for until the channel ends', () => {
    for (let bit = 0; bit < 16; bit += 1) {
      const flipped = Uint8Array.from(whole);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const attacked = waiting();
      attacked.say(flipped);
      attacked.end();
      expect(['ERR_NOISE_HANDSHAKE', 'ERR_UNEXPECTED_END']).toContain(codeOf(attacked.outcome()));
    }
  });

  it('N5, N24: announced with more than 16 KiB is refused on its length', () => {
    for (const length of [16 * 1024 + 1, 65_535]) {
      const attacked = waiting();
      attacked.say(lengthOf(length));
      expect(attacked.outcome()).toMatchObject(REFUSED);
    }
  });

  it('N7: of another session is refused', () => {
    const attacked = waiting();
    const other = victim(role, { ephemeral: 98 });
    attacked.say(lastMessage(other, goodPayload(), attacker(crypto.x25519(filled(99)))));
    expect(attacked.outcome()).toMatchObject(REFUSED);
  });

  it('N8: when it is its own message is refused', () => {
    const attacked = waiting();
    attacked.say(attacked.written());
    expect(attacked.outcome()).toMatchObject(REFUSED);
  });

  it('N9: with its own static key is refused, whoever signed it', () => {
    const attacked = victim(role);
    const stolen = crypto.x25519(VICTIM_STATIC);
    // Our own handshake would not go on with a static key like its own: this one shows it late.
    const sly = { publicKey: filled(0), agree: (remote: Uint8Array) => stolen.agree(remote) };
    const last = lastMessage(attacked, goodPayload(stolen.publicKey), attacker(undefined, sly), () => {
      sly.publicKey = stolen.publicKey;
    });
    attacked.say(last);
    expect(attacked.outcome()).toMatchObject({
      ...REFUSED,
      message: expect.stringContaining('static key') as string,
    });
  });

  it('N9: from itself, with another static key, is refused', () => {
    const own = encodePayload(victimKey, signStaticKey(victimKey, THEIR_STATIC.publicKey), MUXERS);
    expect(attack(role, own)).toMatchObject({ code: 'ERR_DIAL_SELF' });
  });

  it('N10: without even a sealed payload is refused', () => {
    const withPayload = lastMessage(victim(role), NO_BYTES);
    const attacked = waiting();
    attacked.say(framed(withPayload.subarray(2, -16)));
    expect(attacked.outcome()).toMatchObject(REFUSED);
  });
});

const OURS = THEIR_STATIC.publicKey;
const sign = (...pieces: readonly Uint8Array[]): Bytes => theirKey.sign(concatBytes(...pieces));
const PREFIX = utf8('noise-libp2p-static-key:');
const VICTIMS_STATIC = crypto.x25519(VICTIM_STATIC).publicKey;
const twice = (field: 'identityKey' | 'identitySig'): Bytes => {
  const fields = { identityKey: theirKey.publicKey.bytes, identitySig: signStaticKey(theirKey, OURS) };
  return concatBytes(identity({ [field]: fields[field] }), identity(fields));
};

describe.each(ROLES)('a payload to the %s', (role) => {
  it.each([
    ['N10: that is empty', NO_BYTES],
    ['N10: that is no protobuf', utf8('what is this?')],
    ['N10: that ends inside a field', goodPayload().subarray(0, -3)],
    ['N11: without a key', identity({ identitySig: signStaticKey(theirKey, OURS) })],
    [
      'N11: with an empty key',
      identity({ identityKey: NO_BYTES, identitySig: signStaticKey(theirKey, OURS) }),
    ],
    ['N11: without a signature', identity({ identityKey: theirKey.publicKey.bytes })],
    [
      'N11: with an empty signature',
      identity({ identityKey: theirKey.publicKey.bytes, identitySig: NO_BYTES }),
    ],
    ['N11: with two keys', twice('identityKey')],
    ['N11: with two signatures', twice('identitySig')],
    ['N12: signed by another key', encodePayload(theirKey, signStaticKey(generateKey(), OURS), [])],
    ['N12: signed without the prefix', encodePayload(theirKey, sign(OURS), [])],
    [
      'N12: signed with another prefix',
      encodePayload(theirKey, sign(utf8('noise-libp2p-static-key'), OURS), []),
    ],
    [
      'N12: signed over the other side’s static key',
      encodePayload(theirKey, sign(PREFIX, VICTIMS_STATIC), []),
    ],
    ['N12: signed in the wrong order', encodePayload(theirKey, sign(OURS, PREFIX), [])],
    [
      'N12: signed over a reversed static key',
      encodePayload(theirKey, sign(PREFIX, OURS.slice().reverse()), []),
    ],
  ])('%s is refused', (_, payload) => {
    expect(attack(role, payload)).toMatchObject(REFUSED);
  });

  it.each(['Ed25519', 'secp256k1', 'ECDSA', 'RSA'] as const)(
    'N17: of %s proves that peer, and no other that was dialed',
    (type) => {
      const key = generateKey(type);
      const payload = encodePayload(key, signStaticKey(key, OURS), []);
      expect((attack(role, payload, peerIdFrom(key)) as Secured).remotePeer.toString()).toBe(
        peerIdFrom(key).toString(),
      );
      if (role === 'responder') return;
      const mismatch = attack(role, payload, peerIdFrom(generateKey(type)));
      expect(mismatch).toMatchObject({ code: 'ERR_PEER_ID_MISMATCH', fault: 'remote' });
      expect((mismatch as Error).message).toContain(peerIdFrom(key).toString());
    },
  );

  const extended = (extensions: Uint8Array): Bytes =>
    identity({
      identityKey: theirKey.publicKey.bytes,
      identitySig: signStaticKey(theirKey, OURS),
      extensions: new Uint8Array(extensions),
    });
  const extension = (streamMuxers: string[], webtransportCerthashes: Bytes[] = []): Bytes =>
    extended(NoiseExtensions.encode({ streamMuxers, webtransportCerthashes }));
  const many = (count: number): string[] => Array.from({ length: count }, (_, at) => `/m${String(at)}`);
  /** Field 9, one byte long. */
  const UNKNOWN_FIELD = fromHex('4a0100');

  it.each([
    ['33 muxers', extension([...MUXERS, ...many(32)]), '33 muxers; 32 are'],
    ['a muxer’s name of 1025 bytes', extension([...MUXERS, `/${'x'.repeat(1024)}`]), 'muxers of 1025 bytes'],
    [
      'a muxer’s name of 1025 bytes in 513 characters',
      extension([...MUXERS, `/${'é'.repeat(512)}`]),
      'muxers of 1025 bytes',
    ],
    [
      '33 certificate hashes',
      extension(
        MUXERS,
        Array.from({ length: 33 }, () => filled(1)),
      ),
      '33 certificate hashes; 32 are',
    ],
    ['a certificate hash of 1025 bytes', extension(MUXERS, [new Uint8Array(1025)]), 'hashes of 1025 bytes'],
    ['what is no protobuf', extended(utf8('what is this?')), 'extensions that cannot be decoded'],
    [
      '257 unknown fields',
      extended(concatBytes(...Array.from({ length: 257 }, () => UNKNOWN_FIELD))),
      'extensions that cannot be decoded',
    ],
    ['itself twice', concatBytes(extension(MUXERS), fromHex('2200')), 'payload that cannot be decoded'],
  ])('N18: with extensions that have %s is refused', (_, payload, message) => {
    expect(attack(role, payload)).toMatchObject({
      ...REFUSED,
      message: expect.stringContaining(message) as string,
    });
  });

  it.each([
    ['10,000 muxers', extension(many(10_000))],
    ['a muxer’s name of a mebibyte', extension(['x'.repeat(1024 * 1024)])],
    [
      '1000 certificate hashes',
      extension(
        [],
        Array.from({ length: 1000 }, () => filled(1)),
      ),
    ],
  ])('N18: with %s does not fit a message that is read', (_, payload) => {
    expect(payload.byteLength).toBeGreaterThan(16 * 1024);
    const attacked = victim(role);
    if (role === 'responder') attacked.say(framed(attacker().writeFirst()));
    attacked.say(lengthOf(Math.min(65_535, payload.byteLength)), payload.subarray(0, 100));
    expect(attacked.outcome()).toMatchObject(REFUSED);
  });

  it('N18: with 32 muxers, the longest names, and unknown fields is accepted', () => {
    const names = ['/yamux/1.0.0', `/${'x'.repeat(1023)}`, ...many(30)];
    const extensions = NoiseExtensions.encode({ streamMuxers: names, webtransportCerthashes: [filled(1)] });
    const payload = extended(concatBytes(UNKNOWN_FIELD, extensions, UNKNOWN_FIELD));
    expect(attack(role, concatBytes(payload, UNKNOWN_FIELD))).toMatchObject({ muxer: '/yamux/1.0.0' });
  });

  it('N19: with none of our muxers is refused, and without any leaves the muxer to be negotiated', () => {
    expect(attack(role, extension(['/mplex/6.7.0', '/yamux/1.0.00', '/YAMUX/1.0.0']))).toMatchObject(REFUSED);
    const settled = attack(role, extension([])) as Secured;
    expect([settled.remotePeer.toString(), settled.muxer]).toEqual([
      peerIdFrom(theirKey).toString(),
      undefined,
    ]);
  });
});

// ── N13 to N16: identity keys and signatures ─────────────────────────────────────────────────────────────────────────
const RSA_OID = fromHex('2a864886f70d010101');
const rsaSpki = (modulus: Uint8Array, exponent: Uint8Array): Bytes => {
  const bits = derElement(
    TAG.bitString,
    Uint8Array.of(0),
    derElement(TAG.sequence, derUnsigned(modulus), derUnsigned(exponent)),
  );
  return derElement(
    TAG.sequence,
    derElement(TAG.sequence, derElement(TAG.oid, RSA_OID), derElement(TAG.null)),
    bits,
  );
};
const modulusOf = (bits: number): Bytes => {
  const modulus = new Uint8Array(Math.ceil(bits / 8)).fill(0xa5);
  modulus[0] = bits % 8 === 0 ? 0xff : (1 << (bits % 8)) - 1;
  return modulus;
};
const E = Uint8Array.of(1, 0, 1);
const publicData = (key: PrivateKey): Bytes => publicKeyDataOf(key.publicKey.bytes);
function publicKeyDataOf(message: Bytes): Bytes {
  const second = message[3] ?? 0;
  return second < 0x80 ? message.slice(4) : message.slice(5);
}
const [ed, secp, ecdsa, rsa] = (['Ed25519', 'secp256k1', 'ECDSA', 'RSA'] as const).map((type) =>
  generateKey(type),
);
const replaced = (bytes: Bytes, at: number, value: number): Bytes => {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
};
const dataOf = (key: PrivateKey | undefined): Bytes => publicData(key!);
const EC_HEAD_BYTES = 26;

const BAD_KEYS: readonly [string, KeyType, Bytes][] = [
  ['N13: Ed25519 of 31 bytes', 'Ed25519', dataOf(ed).subarray(1)],
  ['N13: Ed25519 of 33 bytes', 'Ed25519', concatBytes(dataOf(ed), Uint8Array.of(0))],
  ['N13: a secp256k1 key under the type Ed25519', 'Ed25519', dataOf(secp)],
  ['N13: secp256k1 of 32 bytes', 'secp256k1', dataOf(secp).subarray(1)],
  ['N13: an Ed25519 key under the type secp256k1', 'secp256k1', dataOf(ed)],
  ['N13: ECDSA on a curve that has no name', 'ECDSA', replaced(dataOf(ecdsa), 22, 0x08)],
  ['N13: ECDSA of another algorithm', 'ECDSA', replaced(dataOf(ecdsa), 12, 0x02)],
  [
    'N13: ECDSA at infinity',
    'ECDSA',
    concatBytes(dataOf(ecdsa).subarray(0, EC_HEAD_BYTES), new Uint8Array(65)),
  ],
  ['N13: ECDSA off its curve', 'ECDSA', replaced(dataOf(ecdsa), 90, (dataOf(ecdsa)[90] ?? 0) ^ 1)],
  ['N13: ECDSA with data behind it', 'ECDSA', concatBytes(dataOf(ecdsa), Uint8Array.of(0))],
  ['N13: an RSA key under the type ECDSA', 'ECDSA', dataOf(rsa)],
  ['N13: RSA with data behind it', 'RSA', concatBytes(dataOf(rsa), Uint8Array.of(0))],
  ['N13: RSA with an indefinite length', 'RSA', replaced(dataOf(rsa), 1, 0x80)],
  ['N13: RSA with a negative modulus', 'RSA', withNegativeModulus(dataOf(rsa))],
  ['N13: RSA as PKCS #1', 'RSA', derElement(TAG.sequence, derUnsigned(modulusOf(2048)), derUnsigned(E))],
  ['N14: RSA of 1024 bits', 'RSA', rsaSpki(modulusOf(1024), E)],
  ['N14: RSA of 2047 bits', 'RSA', rsaSpki(modulusOf(2047), E)],
  ['N14: RSA of 8193 bits', 'RSA', rsaSpki(modulusOf(8193), E)],
  ['N14: RSA of 16,384 bits', 'RSA', rsaSpki(modulusOf(16_384), E)],
  ['N14: RSA with exponent 1', 'RSA', rsaSpki(modulusOf(2048), Uint8Array.of(1))],
  ['N14: RSA with exponent 0', 'RSA', rsaSpki(modulusOf(2048), Uint8Array.of(0))],
  ['N14: RSA with an even exponent', 'RSA', rsaSpki(modulusOf(2048), Uint8Array.of(1, 0, 0))],
  ['N14: RSA with exponent 2^64 + 1', 'RSA', rsaSpki(modulusOf(2048), fromHex('010000000000000001'))],
  ...smallOrder().map(([name, data]): [string, KeyType, Bytes] => [
    `N15: Ed25519 of ${name}`,
    'Ed25519',
    data,
  ]),
  ['N16: secp256k1 off the curve', 'secp256k1', concatBytes(Uint8Array.of(2), filled(0xff))],
  ['N16: secp256k1 uncompressed', 'secp256k1', uncompressed(dataOf(secp))],
  ['N16: secp256k1 with another first byte', 'secp256k1', replaced(dataOf(secp), 0, 5)],
];

function withNegativeModulus(spki: Bytes): Bytes {
  // The zero that keeps a modulus of 2048 bits positive stands behind its tag and length, 02 82 01 01.
  const at = toHex(spki).indexOf('0282010100') / 2;
  return replaced(spki, at + 4, 0x80);
}
function uncompressed(point: Bytes): Bytes {
  return crypto.ecPoint('secp256k1', point, false) ?? NO_BYTES;
}
function smallOrder(): [string, Bytes][] {
  const points = [
    `00${'00'.repeat(31)}`,
    `01${'00'.repeat(31)}`,
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    `ec${'ff'.repeat(30)}7f`,
    `ed${'ff'.repeat(30)}7f`,
    `ee${'ff'.repeat(30)}7f`,
    `f1${'ff'.repeat(30)}7f`,
  ].map(fromHex);
  return [...points, ...points.map(withHighBit)].map((point) => [`the point ${toHex(point)}`, point]);
}

describe('an identity key', () => {
  it.each(BAD_KEYS)('%s is refused before its signature is looked at', (_, type, data) => {
    const payload = identity({ identityKey: encodeKey(type, data), identitySig: new Uint8Array(64) });
    for (const role of ROLES) {
      expect(attack(role, payload)).toMatchObject({
        ...REFUSED,
        message: 'noise: the remote sent an identity key that is none',
        cause: { code: 'ERR_INVALID_KEY' },
      });
    }
  });

  it.each([
    ['without a type', identity({ identityKey: fromHex('120100') })],
    ['without data', identity({ identityKey: fromHex('0801') })],
    ['of a fifth type', identity({ identityKey: fromHex('0804120100') })],
    ['of a type in ten bytes', identity({ identityKey: fromHex('08818080808080808080021200') })],
    [
      'with its data twice',
      identity({ identityKey: concatBytes(theirKey.publicKey.bytes, fromHex('120100')) }),
    ],
  ])('N13: %s is refused', (_, message) => {
    const signature = identity({ identitySig: new Uint8Array(64) });
    for (const role of ROLES) expect(attack(role, concatBytes(message, signature))).toMatchObject(REFUSED);
  });
});

describe.each(makers)('a signature, by $name', (maker) => {
  const message = utf8('what was signed');
  const verifies = (key: PrivateKey | undefined, signature: Uint8Array): boolean =>
    publicKeyFrom(key!.publicKey.bytes, maker).verify(message, signature);

  it('N15: of Ed25519 whose S is L or more does not verify', () => {
    const L = 2n ** 252n + 27742317777372353535851937790883648493n;
    const good = ed!.sign(message);
    expect(verifies(ed, good)).toBe(true);
    const s = BigInt(`0x${toHex(good.slice(32).reverse())}`);
    for (const other of [s + L, s + 2n * L, L]) {
      const bytes = fromHex(other.toString(16).padStart(64, '0')).reverse();
      expect(verifies(ed, concatBytes(good.subarray(0, 32), bytes))).toBe(false);
    }
  });

  it('N16: of secp256k1 with excess bytes or a high s does not verify', () => {
    const good = secp!.sign(message);
    expect(verifies(secp, good)).toBe(true);
    const [r, s] = numbersOf(good);
    const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const highS = fromHex((N - BigInt(`0x${toHex(s)}`)).toString(16).padStart(64, '0'));
    const padded = derElement(TAG.integer, Uint8Array.of(0, 0), r);
    for (const bad of [
      concatBytes(good, Uint8Array.of(0)),
      derElement(TAG.sequence, derUnsigned(r), derUnsigned(s), derUnsigned(s)),
      derElement(TAG.sequence, derUnsigned(r), derUnsigned(highS)),
      derElement(TAG.sequence, padded, derUnsigned(s)),
      derElement(TAG.sequence, derUnsigned(new Uint8Array(1)), derUnsigned(s)),
      concatBytes(r, s),
    ])
      expect(verifies(secp, bad)).toBe(false);
  });

  it('N14: of RSA by a modulus that is even, or of any length, does not verify and does not throw', () => {
    const even = modulusOf(2048);
    even[255] = 0;
    const key = publicKeyFrom(encodeKey('RSA', rsaSpki(even, E)), maker);
    for (const length of [0, 1, 255, 256, 257, 4096])
      expect(key.verify(message, new Uint8Array(length).fill(1))).toBe(false);
  });
});

function numbersOf(der: Bytes): [Bytes, Bytes] {
  const pair = new DerReader(der, 'signature').nested(TAG.sequence);
  return [pair.unsigned(), pair.unsigned()];
}

describe('a handshake that is not finished', () => {
  it.each([
    ['says nothing', NO_BYTES, 5_000],
    ['stops behind the first message', concatBytes(tokens('/noise'), framed(filled(9))), 10_000],
  ])('S1, N5: ends at its deadline when the peer %s', async (_, said, deadline) => {
    const bench = await hostBench();
    const peer = await bench.knock();
    if (said.byteLength > 0) peer.say(said);
    await bench.advance(deadline - 1);
    expect([peer.ended, bench.events.filter(({ type }) => type === 'connection:refuse')]).toEqual([
      undefined,
      [],
    ]);
    await bench.advance(1);
    expect(peer.ended).toBe('ERR_TRANSPORT');
    expect(bench.events.filter(({ type }) => type === 'connection:refuse')).toMatchObject([
      { code: 'ERR_TIMEOUT', stage: 'upgrade' },
    ]);
  });

  it('S2, N24: ends ten seconds after it was accepted, also when a byte comes every second', async () => {
    const bench = await hostBench();
    const peer = await bench.knock();
    peer.say(tokens('/noise'), framed(filled(9)), lengthOf(16 * 1024));
    for (let second = 0; second < 9; second += 1) {
      await bench.advance(1000);
      peer.say(Uint8Array.of(1));
    }
    expect(peer.ended).toBeUndefined();
    await bench.advance(1000);
    expect([peer.ended, bench.clock.now()]).toEqual(['ERR_TRANSPORT', 10_000]);
    expect(bench.events.find(({ type }) => type === 'connection:refuse')).toMatchObject({
      code: 'ERR_TIMEOUT',
    });
  });
});
