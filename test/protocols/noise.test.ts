import { platformNodeCrypto } from '../../src/crypto/crypto.js';
import { nobleCrypto } from '../../src/crypto/noble.js';
import { nodeCrypto } from '../../src/crypto/node.js';
import { concatBytes, NO_BYTES, toHex, utf8 } from '../../src/core/bytes.js';
import type { Bytes, Duplex } from '../../src/core/duplex.js';
import { generateKey, privateKeyFrom } from '../../src/core/keys.js';
import type { Secured, SecureOptions } from '../../src/core/parts.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { lengthOf, Nonce, Opener, Sealer } from '../../src/protocols/noise/cipher-codec.js';
import { Handshake } from '../../src/protocols/noise/handshake.js';
import { noise, type NoiseOptions } from '../../src/protocols/noise/noise.js';
import {
  encodePayload,
  selectMuxer,
  signStaticKey,
  verifyPayload,
} from '../../src/protocols/noise/payload-message.js';
import { seededRandom } from '../../src/testing.js';
import { duplexPair, record } from '../support/duplex-pair.js';
import { codeThrownBy, cut, CUTS, fromHex, vectors } from '../support/vectors.js';

interface Side {
  identitySeed: string;
  identityPublicKeyProtobuf: string;
  peerId: string;
  staticPrivate: string;
  staticPublic: string;
  ephemeralPrivate: string;
  identitySignature: string;
}
interface NoiseVectors {
  vectors: {
    source: string;
    prologue: string;
    initiatorStaticPrivate: string;
    initiatorEphemeralPrivate: string;
    responderStaticPrivate: string;
    responderEphemeralPrivate: string;
    handshakeHash: string;
    handshake: { sender: string; payload: string; message: string }[];
    transport?: { sender: string; payload: string; message: string }[];
  }[];
  libp2p: Record<string, unknown>[];
  negative: { note: string; initiatorHandshakePayload?: string }[];
}
const file = vectors<NoiseVectors>('noise');
const node = platformNodeCrypto();
if (node === undefined) throw new Error('the tests run where node:crypto is');
const makers = [nodeCrypto(node), nobleCrypto()];
const keyA = privateKeyFrom(
  fromHex(`08011240${'01'.repeat(32)}8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c`),
);
const keyB = privateKeyFrom(
  fromHex(`08011240${'02'.repeat(32)}8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394`),
);

it('consumes the whole vector file', () => {
  expect([file.vectors.length, file.libp2p.length, file.negative.length]).toEqual([6, 5, 4]);
});

describe.each(makers)('XX by $name', (crypto) => {
  it.each(file.vectors)('$source', (vector) => {
    const side = (staticKey: string, ephemeral: string): Handshake =>
      new Handshake(
        crypto,
        crypto.x25519(fromHex(staticKey)),
        crypto.x25519(fromHex(ephemeral)),
        fromHex(vector.prologue),
      );
    const initiator = side(vector.initiatorStaticPrivate, vector.initiatorEphemeralPrivate);
    const responder = side(vector.responderStaticPrivate, vector.responderEphemeralPrivate);
    const [first, second, third] = vector.handshake;
    const one = initiator.writeFirst(fromHex(first?.payload ?? ''));
    expect(toHex(one)).toBe(first?.message);
    expect(toHex(responder.readFirst(one))).toBe(first?.payload);
    const two = responder.writeSecond(fromHex(second?.payload ?? ''));
    expect(toHex(two)).toBe(second?.message);
    expect(toHex(initiator.readSecond(two))).toBe(second?.payload);
    const three = initiator.writeThird(fromHex(third?.payload ?? ''));
    expect(toHex(three)).toBe(third?.message);
    expect(toHex(responder.readThird(three))).toBe(third?.payload);
    expect(toHex(initiator.state.hash)).toBe(vector.handshakeHash);
    expect(toHex(responder.state.hash)).toBe(vector.handshakeHash);
    expect(responder.state.split().map(toHex)).toEqual(initiator.state.split().map(toHex));
  });

  it.each(file.libp2p.map((vector) => ({ name: String(vector['name']), vector })))(
    'libp2p: $name',
    ({ vector }) => {
      const sides = { initiator: vector['initiator'] as Side, responder: vector['responder'] as Side };
      const text = JSON.stringify(vector);
      const make = ({ staticPrivate, ephemeralPrivate }: Side): Handshake =>
        new Handshake(
          crypto,
          crypto.x25519(fromHex(staticPrivate)),
          crypto.x25519(fromHex(ephemeralPrivate)),
          fromHex(String(vector['prologue'])),
        );
      const [initiator, responder] = [make(sides.initiator), make(sides.responder)];
      const hexes = stringsOf(vector);
      const isKnown = (bytes: Uint8Array): boolean =>
        hexes.includes(toHex(bytes)) || hexes.includes(toHex(concatBytes(lengthOf(bytes.byteLength), bytes)));
      const payloads = payloadsOf(vector);
      const one = initiator.writeFirst();
      expect(isKnown(one)).toBe(true);
      responder.readFirst(one);
      const two = responder.writeSecond(fromHex(payloads.responder));
      expect(isKnown(two)).toBe(true);
      const proof = verifyPayload(
        initiator.readSecond(two),
        initiator.remoteStatic ?? NO_BYTES,
        peerIdFrom(sides.responder.peerId),
        peerIdFrom(sides.initiator.peerId),
      );
      expect(proof.remotePeer.toString()).toBe(sides.responder.peerId);
      const three = initiator.writeThird(fromHex(payloads.initiator));
      expect(isKnown(three)).toBe(true);
      verifyPayload(
        responder.readThird(three),
        responder.remoteStatic ?? NO_BYTES,
        undefined,
        peerIdFrom(sides.responder.peerId),
      );
      expect(text).toContain(toHex(initiator.state.hash));
      for (const key of initiator.state.split()) expect(text).toContain(toHex(key));
      const [toResponder] = initiator.state.split();
      const sealed = new Sealer(crypto.aead(toResponder)).seal([utf8('hello')]);
      if (text.includes(toHex(utf8('hello')))) expect(isKnown(concatBytes(...sealed))).toBe(true);
    },
  );

  it('refuses keys of low order before it answers', () => {
    const zero = new Handshake(
      crypto,
      crypto.x25519(new Uint8Array(32).fill(1)),
      crypto.x25519(new Uint8Array(32).fill(2)),
    );
    for (const point of [
      '00'.repeat(32),
      `01${'00'.repeat(31)}`,
      'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
      `ec${'ff'.repeat(30)}7f`,
      `ed${'ff'.repeat(30)}7f`,
    ]) {
      expect(codeThrownBy(() => zero.readFirst(fromHex(point)))).toBe('ERR_NOISE_HANDSHAKE');
    }
  });
});

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsOf) : [];
}
/** The payloads, wherever the vector keeps them: they begin with the identity key and are as long as a payload. */
function payloadsOf(vector: Record<string, unknown>): { initiator: string; responder: string } {
  const find = (side: Side): string =>
    stringsOf(vector).find((text) => text.startsWith(`0a24${side.identityPublicKeyProtobuf}`)) ?? '';
  return { initiator: find(vector['initiator'] as Side), responder: find(vector['responder'] as Side) };
}

describe('the payload', () => {
  const staticKey = fromHex((file.libp2p[0]?.['initiator'] as Side).staticPublic);
  const self = peerIdFrom(keyB);
  it.each(file.negative.filter(({ initiatorHandshakePayload }) => initiatorHandshakePayload !== undefined))(
    'refuses: $note',
    ({ initiatorHandshakePayload }) => {
      expect(
        codeThrownBy(() =>
          verifyPayload(fromHex(initiatorHandshakePayload ?? ''), staticKey, undefined, self),
        ),
      ).toBe('ERR_NOISE_HANDSHAKE');
    },
  );

  const good = encodePayload(keyA, signStaticKey(keyA, staticKey), ['/yamux/1.0.0']);
  it('accepts a good one, and reads its muxers', () => {
    expect(verifyPayload(good, staticKey, peerIdFrom(keyA), self).muxers).toEqual(['/yamux/1.0.0']);
  });

  it.each([
    ['[N10] nothing', NO_BYTES],
    ['[N10] no protobuf', utf8('what is this')],
    ['[N11] a key twice', concatBytes(good.subarray(0, 38), good)],
    [
      '[N18] a muxer of more than 1024 characters',
      encodePayload(keyA, signStaticKey(keyA, staticKey), [`/${'x'.repeat(1024)}`]),
    ],
    [
      '[N18] 33 muxers',
      encodePayload(
        keyA,
        signStaticKey(keyA, staticKey),
        Array.from({ length: 33 }, (_, i) => `/m/${String(i)}`),
      ),
    ],
  ])('refuses %s', (_, payload) => {
    expect(codeThrownBy(() => verifyPayload(payload, staticKey, undefined, self))).toBe(
      'ERR_NOISE_HANDSHAKE',
    );
  });

  it('[N17] names both peers when it is another than expected', () => {
    const expected = peerIdFrom(generateKey('ECDSA'));
    expect(() => verifyPayload(good, staticKey, expected, self)).toThrow(
      `peer id mismatch: expected ${expected.toString()}, but remote key matches ${peerIdFrom(keyA).toString()}`,
    );
    expect(codeThrownBy(() => verifyPayload(good, staticKey, undefined, peerIdFrom(keyA)))).toBe(
      'ERR_DIAL_SELF',
    );
  });

  it('refuses it with any bit flipped', () => {
    for (let bit = 0; bit < good.byteLength * 8; bit += 7) {
      const flipped = Uint8Array.from(good);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const code = codeThrownBy(() => {
        const { remotePeer, muxers } = verifyPayload(flipped, staticKey, peerIdFrom(keyA), self);
        // Muxers are not signed by the identity: the cipher protects them.
        if (
          remotePeer.equals(peerIdFrom(keyA)) &&
          toHex(flipped.subarray(0, 104)) === toHex(good.subarray(0, 104))
        )
          throw new Error(`only the extensions differ: ${String(muxers)}`);
      });
      expect(code).toBeDefined();
    }
  });

  it.each([
    [['/a', '/b'], ['/b', '/a'], '/a'],
    [['/b'], ['/a', '/b'], '/b'],
    [[], ['/a'], undefined],
    [['/a'], [], undefined],
  ])('of %j and %j the muxer is %s', (initiators, responders, muxer) => {
    expect(selectMuxer(initiators, responders)).toBe(muxer);
  });

  it('fails where both have muxers and share none', () => {
    expect(codeThrownBy(() => selectMuxer(['/a'], ['/b']))).toBe('ERR_NOISE_HANDSHAKE');
  });
});

describe('two ends', () => {
  interface Outcome {
    secured?: Secured;
    error?: unknown;
  }
  const secure = (
    duplex: Duplex,
    key: typeof keyA,
    options: SecureOptions,
    more: NoiseOptions = {},
    random = seededRandom(key === keyA ? 1 : 2),
  ): Outcome => {
    const outcome: Outcome = {};
    noise(more)
      .create({ scheduler: pair.clock, random, privateKey: key })
      .secure(duplex, options)
      .subscribe({
        next: (secured) => (outcome.secured = secured),
        error: (error: unknown) => (outcome.error = error),
      });
    return outcome;
  };
  let pair: ReturnType<typeof duplexPair>;
  beforeEach(() => {
    pair = duplexPair();
  });
  const shake = (): [Outcome, Outcome] => {
    const muxers = ['/yamux/1.0.0'];
    const outcomes: [Outcome, Outcome] = [
      secure(pair.near, keyA, { role: 'initiator', expectedPeer: peerIdFrom(keyB), muxers }),
      secure(pair.far, keyB, { role: 'responder', muxers }),
    ];
    pair.settle();
    return outcomes;
  };

  it('prove who they are, settle the muxer, and exchange bytes of any size', () => {
    const [a, b] = shake();
    expect(a.secured).toMatchObject({ muxer: '/yamux/1.0.0' });
    expect(b.secured?.remotePeer.equals(peerIdFrom(keyA))).toBe(true);
    const heard = record(b.secured?.duplex ?? pair.far);
    const sent = [utf8('small'), new Uint8Array(150_000).map((_, i) => i), NO_BYTES, utf8('end')];
    for (const bytes of sent) a.secured?.duplex.sink.next(bytes);
    a.secured?.duplex.sink.complete();
    pair.settle();
    expect(toHex(heard.bytes())).toBe(toHex(concatBytes(...sent)));
    expect(heard.ended()).toBe('complete');
  });

  it('refuse another peer than the expected one before message 3', () => {
    const a = secure(pair.near, keyA, {
      role: 'initiator',
      expectedPeer: peerIdFrom(generateKey()),
      muxers: [],
    });
    secure(pair.far, keyB, { role: 'responder', muxers: [] });
    pair.settle();
    expect(a.error).toMatchObject({ code: 'ERR_PEER_ID_MISMATCH' });
  });

  it.each([0, 31, 33, 65_535])('[N1, N2] refuse a first message of %d bytes on its length', (length) => {
    const b = secure(pair.far, keyB, { role: 'responder', muxers: [] });
    pair.near.sink.next(lengthOf(length));
    pair.settle();
    expect(b.error).toMatchObject({ code: 'ERR_NOISE_HANDSHAKE', fault: 'remote' });
  });

  it('[N8] refuse their own message reflected', () => {
    const a = secure(pair.near, keyA, { role: 'initiator', muxers: [] });
    pair.far.read().subscribe((bytes) => {
      pair.far.sink.next(bytes);
    });
    pair.settle();
    expect(a.error).toMatchObject({ code: 'ERR_NOISE_HANDSHAKE' });
  });

  it('[N26] refuse another prologue', () => {
    const a = secure(pair.near, keyA, { role: 'initiator', muxers: [] }, { prologue: utf8('x') });
    secure(pair.far, keyB, { role: 'responder', muxers: [] });
    pair.settle();
    expect(a.error).toMatchObject({ code: 'ERR_NOISE_HANDSHAKE' });
  });

  it.each(['near', 'far'] as const)('[N5] error when the %s end is gone in the middle', (gone) => {
    const a = secure(pair.near, keyA, { role: 'initiator', muxers: [] });
    if (gone === 'far') {
      pair.far.sink.complete();
      pair.settle();
      expect(a.error).toMatchObject({ code: 'ERR_UNEXPECTED_END' });
    } else {
      const b = secure(pair.far, keyB, { role: 'responder', muxers: [] });
      pair.near.sink.complete();
      pair.settle();
      expect(a.secured ?? b.error).toBeDefined();
    }
  });

  it('[N21] a bad frame ends the channel, and nothing after it is delivered', () => {
    const [a, b] = shake();
    const heard = record(b.secured?.duplex ?? pair.far);
    a.secured?.duplex.sink.next(utf8('good'));
    pair.near.sink.next(concatBytes(lengthOf(20), new Uint8Array(20)));
    a.secured?.duplex.sink.next(utf8('never'));
    pair.settle();
    expect(toHex(heard.bytes())).toBe(toHex(utf8('good')));
    expect(heard.ended()).toMatchObject({ code: 'ERR_NOISE_FRAME', fault: 'remote' });
  });

  it('an end inside a frame is an error', () => {
    const [, b] = shake();
    const heard = record(b.secured?.duplex ?? pair.far);
    pair.near.sink.next(lengthOf(200));
    pair.near.sink.complete();
    pair.settle();
    expect(heard.ended()).toMatchObject({ code: 'ERR_UNEXPECTED_END' });
  });
});

describe('transport messages', () => {
  const crypto = makers[0] ?? nobleCrypto();
  const key = new Uint8Array(32).fill(7);
  const sealedOf = (...plain: Bytes[]): Bytes => {
    const sealer = new Sealer(crypto.aead(key));
    return concatBytes(...plain.flatMap((bytes) => sealer.seal([bytes])));
  };
  const plain = [
    utf8('hello'),
    new Uint8Array(100_000).map((_, i) => i * 7),
    NO_BYTES,
    utf8('world'),
    new Uint8Array(70_000),
  ];

  it.each(CUTS)('[N22, N23] are the same whole and in chunks of %d', (size) => {
    const opener = new Opener(crypto.aead(key));
    const got: Bytes[] = [];
    for (const chunk of cut(sealedOf(...plain), size)) opener.open(chunk, (bytes) => got.push(bytes));
    expect(Buffer.concat(got).equals(Buffer.concat(plain))).toBe(true);
    expect(opener.midway).toBe(false);
  });

  it.each([0, 1, 15])('[N20] of %d bytes are refused', (length) => {
    expect(
      codeThrownBy(() => {
        new Opener(crypto.aead(key)).open(lengthOf(length), () => undefined);
      }),
    ).toBe('ERR_NOISE_FRAME');
  });

  it('[N21] swapped, replayed or dropped are refused', () => {
    const [one, two] = [sealedOf(utf8('a')), sealedOf(utf8('a'), utf8('b')).subarray(19)];
    for (const wire of [concatBytes(two, one), concatBytes(one, one), two]) {
      expect(
        codeThrownBy(() => {
          new Opener(crypto.aead(key)).open(wire, () => undefined);
        }),
      ).toBe('ERR_NOISE_FRAME');
    }
  });

  it('[N25, P17] count beyond 32 bits, and stop before the last nonce', () => {
    const nonce = new Nonce(0xffffffff, 0);
    expect(toHex(nonce.bytes)).toBe('00000000ffffffff00000000');
    nonce.advance();
    expect(toHex(nonce.bytes)).toBe('000000000000000001000000');
    const last = new Nonce(0xfffffffe, 0xffffffff);
    expect(
      codeThrownBy(() => {
        last.advance();
      }),
    ).toBe('ERR_NOISE_FRAME');
  });

  it('[N27] never change a chunk that was handed on', () => {
    const opener = new Opener(crypto.aead(key));
    const got: Bytes[] = [];
    const wire = sealedOf(...plain);
    opener.open(wire, (bytes) => got.push(bytes));
    const before = got.map(toHex);
    wire.fill(0);
    expect(got.map(toHex)).toEqual(before);
  });
});

it('names an option that it does not know, and its value', () => {
  expect(() => noise({ prolog: 1 } as NoiseOptions)).toThrow(/"prolog".*1/);
  expect(() => noise({ staticKey: new Uint8Array(31) })).toThrow(/31 bytes/);
});
