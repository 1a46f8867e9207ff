/** Reliability sheet, 5.10: every message that is built (keys, plaintext's exchange, noise's payload and extensions) and the varint. */
import fc from 'fast-check';
import { concatBytes, toHex, utf8 } from '../../src/core/bytes.js';
import type { Bytes } from '../../src/core/duplex.js';
import { Libp2pError } from '../../src/core/errors.js';
import { encodeKey } from '../../src/core/key-message.js';
import { generateKey, publicKeyFrom } from '../../src/core/keys.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { guardProtobuf, type ProtobufRules } from '../../src/core/protobuf-guard.js';
import { decodeSmallVarint, decodeVarint, encodeVarint } from '../../src/core/varint.js';
import { NoiseExtensions, NoiseHandshakePayload } from '../../src/generated/noise.js';
import { encodePayload, signStaticKey, verifyPayload } from '../../src/protocols/noise/payload-message.js';
import { decodeExchange, encodeExchange } from '../../src/protocols/plaintext/exchange-message.js';
import { codeThrownBy, fromHex } from '../support/vectors.js';

const them = generateKey();
const us = peerIdFrom(generateKey());
const STATIC = new Uint8Array(32).fill(7);
const signature = signStaticKey(them, STATIC);
const framed = (message: Uint8Array): Bytes => concatBytes(encodeVarint(message.byteLength), message);
const field = (number: number, wireType: number, value: Uint8Array = new Uint8Array(0)): Bytes =>
  concatBytes(encodeVarint(number * 8 + wireType), value);
const bytesField = (number: number, value: Uint8Array): Bytes => field(number, 2, framed(value));

/** Each message that a remote can send: a good one, what reads it, and the code of its errors. */
interface Door {
  readonly name: string;
  readonly good: Bytes;
  readonly code: string;
  read(bytes: Bytes): unknown;
}
const extended = (extensions: Uint8Array): Bytes =>
  concatBytes(encodePayload(them, signature, []), bytesField(4, extensions));
const DOORS: Door[] = [
  {
    name: 'a public key',
    good: them.publicKey.bytes,
    code: 'ERR_INVALID_PROTOBUF',
    read: (bytes) => publicKeyFrom(bytes),
  },
  {
    name: 'an exchange',
    good: encodeExchange(them.publicKey).slice(1),
    code: 'ERR_PLAINTEXT_EXCHANGE',
    read: (bytes) => decodeExchange(framed(bytes)),
  },
  {
    name: 'a noise payload',
    good: encodePayload(them, signature, ['/yamux/1.0.0']),
    code: 'ERR_NOISE_HANDSHAKE',
    read: (bytes) => verifyPayload(bytes, STATIC, undefined, us),
  },
  {
    name: 'noise extensions',
    good: bytesField(2, utf8('/yamux/1.0.0')),
    code: 'ERR_NOISE_HANDSHAKE',
    read: (bytes) => verifyPayload(extended(bytes), STATIC, undefined, us),
  },
];
const causeOf = (error: unknown): unknown => (error instanceof Error ? (error.cause ?? error) : error);

/** What is thrown: the door's own error, over the guard's that names field and offset. */
function refused({ read, code }: Door, bytes: Bytes): string {
  let thrown: unknown;
  try {
    read(bytes);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(Libp2pError);
  expect([code, 'ERR_INVALID_PROTOBUF']).toContain((thrown as Libp2pError).code);
  expect(thrown).toMatchObject({ fault: 'remote' });
  return (causeOf(thrown) as Error).message;
}

describe.each(DOORS)('$name', (door) => {
  const { good } = door;

  it('is read as it is, and with unknown fields behind it', () => {
    expect(codeThrownBy(() => door.read(good))).toBeUndefined();
    const more = concatBytes(
      good,
      field(9, 0, Uint8Array.of(1)),
      field(10, 1, new Uint8Array(8)),
      bytesField(11, utf8('x')),
      field(12, 5, new Uint8Array(4)),
    );
    expect(codeThrownBy(() => door.read(more))).toBeUndefined();
  });

  it.each([
    ['B1: field number 0', fromHex('0001'), /field number 0, at offset/],
    ['B1: field number 2^29', field(2 ** 29, 0, Uint8Array.of(1)), /field number 536870912/],
    ['B1: field number 2^61 - 1', fromHex(`f8${'ff'.repeat(7)}7f01`), /field number/],
    ['B2: the start of a group', field(9, 3), /field 9: wire type 3/],
    ['B2: the end of a group', field(9, 4), /field 9: wire type 4/],
    ['B2: wire type 6', field(9, 6), /field 9: wire type 6/],
    ['B2: wire type 7', field(9, 7), /field 9: wire type 7/],
    ['B2: a known field as a number of 64 bits', field(2, 1, new Uint8Array(8)), /wire type 1|field 2 twice/],
    [
      'B3: a varint of ten high bytes',
      concatBytes(field(9, 0), fromHex('ff'.repeat(10))),
      /field 9: a varint of more than 10/,
    ],
    [
      'B3: a varint of eleven bytes',
      concatBytes(field(9, 0), fromHex(`${'ff'.repeat(10)}01`)),
      /field 9: a varint of more than 10/,
    ],
    [
      'B3: a varint that is cut off',
      concatBytes(field(9, 0), fromHex('ff')),
      /field 9: a varint that is cut off/,
    ],
    ['B3: a tag that is cut off', fromHex('ff'), /a varint that is cut off/],
    [
      'B4: a length beyond the message',
      concatBytes(field(9, 2), fromHex('0161').slice(0, 1)),
      /field 9: a value that ends 1 bytes behind/,
    ],
    [
      'B4: a length of 2^32 + 1, which wraps',
      concatBytes(field(9, 2), encodeVarint(2 ** 32 + 1), fromHex('61')),
      /field 9: a value that ends 4294967296 bytes behind/,
    ],
    [
      'B4: a length of 2^62',
      concatBytes(field(9, 2), encodeVarint(2n ** 62n)),
      /field 9: a value that ends .* behind/,
    ],
    [
      'B4: a fixed value that is cut off',
      concatBytes(field(9, 1), new Uint8Array(7)),
      /field 9: a value that ends 1 bytes behind/,
    ],
    ['B7: 257 unknown fields', fromHex('4a00'.repeat(257)), /more than 256 unknown fields/],
  ])('%s is refused', (_, behind, what) => {
    expect(refused(door, concatBytes(good, behind))).toMatch(what);
  });

  it('B4: more bytes than it may have are refused by their number', () => {
    expect(refused(door, concatBytes(good, bytesField(9, new Uint8Array(17_000))))).toMatch(
      /bytes; \d+ are allowed/,
    );
  });

  it('B6: ten thousand levels of an unknown field are not entered', () => {
    // As deep as fits: a length takes one byte more or two with every level.
    let nested: Bytes = new Uint8Array(0);
    for (let depth = 0; depth < 2000 && nested.byteLength < 7000; depth += 1) nested = bytesField(9, nested);
    expect(codeThrownBy(() => door.read(concatBytes(good, nested)))).toBeUndefined();
    expect(refused(door, concatBytes(good, fromHex('4b'.repeat(5000))))).toMatch(/wire type 3/);
  });

  it('B8: a known field many times is refused, or read as the list that it is, up to its bound', () => {
    const message = refused(
      door,
      concatBytes(good, ...Array.from({ length: 1000 }, () => field(2, 2, Uint8Array.of(0)))),
    );
    expect(message).toMatch(/field 2 twice|1001 muxers; 32 are allowed/);
  });

  it('B13: an empty message has nothing, and what is required is missed by name', () => {
    if (door.name === 'noise extensions') expect(door.read(new Uint8Array(0))).toMatchObject({ muxers: [] });
    else {
      let thrown: unknown;
      try {
        door.read(new Uint8Array(0));
      } catch (error) {
        thrown = error;
      }
      expect((thrown as Error).message).toMatch(/without a type|an empty message|without an identity key/);
    }
  });

  it('cut anywhere, it is refused by a typed error or is one that ends there', () => {
    for (let end = 0; end < good.byteLength; end += 1) {
      const code = codeThrownBy(() => door.read(good.slice(0, end)));
      expect([undefined, door.code, 'ERR_INVALID_KEY', 'ERR_INVALID_PROTOBUF']).toContain(code);
    }
  });

  it('any bytes, and any change of a good message, are read or refused by a typed error', () => {
    const changed = fc
      .tuple(fc.nat(good.byteLength - 1), fc.integer({ min: 1, max: 255 }))
      .map(([at, xor]) => {
        const copy = new Uint8Array(good);
        copy[at] = (copy[at] ?? 0) ^ xor;
        return copy;
      });
    const random = fc.uint8Array({ maxLength: 80, size: 'max' }).map((bytes) => new Uint8Array(bytes));
    fc.assert(
      fc.property(fc.oneof(changed, random), (bytes) => {
        const code = codeThrownBy(() => door.read(bytes));
        expect([undefined, door.code, 'ERR_INVALID_KEY', 'ERR_INVALID_PROTOBUF', 'ERR_DIAL_SELF']).toContain(
          code,
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('the guard', () => {
  const rules: ProtobufRules = { what: 'message', maxBytes: 4 * 2 ** 20, known: { 1: 'number', 2: 'bytes' } };
  const check = (bytes: Uint8Array): string | undefined =>
    codeThrownBy(() => {
      guardProtobuf(bytes, rules);
    });

  it('B7: a million empty unknown fields in 2 MB are refused at the 257th', () => {
    const flood = new Uint8Array(2_000_000);
    for (let at = 0; at < flood.byteLength; at += 2) flood[at] = 0x4a;
    expect(() => {
      guardProtobuf(flood, rules);
    }).toThrow(/more than 256 unknown fields, at offset 512$/);
  });

  it('B8: a field that may repeat does so a hundred thousand times', () => {
    const many = new Uint8Array(200_000);
    for (let at = 0; at < many.byteLength; at += 2) many[at] = 0x12;
    expect(check(many)).toBeUndefined();
  });

  it('a known field is of its own wire type, and a number of 32 bits at most: the decoder looks at neither', () => {
    expect(check(fromHex('08ffffffff0f'))).toBeUndefined();
    expect(check(fromHex('088100'))).toBeUndefined();
    for (const hex of [
      '0a00',
      '0d00000000',
      '0900000000000000000',
      '1001',
      '08808080801 0'.replace(' ', ''),
      '0881808080808000',
    ])
      expect([hex, check(fromHex(hex.length % 2 === 0 ? hex : `${hex}0`))]).toEqual([
        hex,
        'ERR_INVALID_PROTOBUF',
      ]);
  });

  it('what it lets pass, the decoders read: they disagree on no message', () => {
    const payload: ProtobufRules = {
      what: 'payload',
      maxBytes: 4096,
      known: { 1: 'bytes', 2: 'bytes', 4: 'bytes' },
      unique: [1, 2, 4],
    };
    const value = fc.uint8Array({ maxLength: 12 }).map((bytes) => framed(bytes));
    const fields = fc
      .array(
        fc.oneof(
          fc
            .tuple(fc.integer({ min: 1, max: 6 }), value)
            .map(([number, bytes]) => concatBytes(field(number, 2), bytes)),
          fc
            .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 7 }))
            .map(([number, type]) => field(number, type)),
          fc.uint8Array({ maxLength: 9 }).map((bytes) => new Uint8Array(bytes)),
        ),
        { maxLength: 6 },
      )
      .map((parts) => concatBytes(...parts));
    let passed = 0;
    fc.assert(
      fc.property(fields, (bytes) => {
        if (
          codeThrownBy(() => {
            guardProtobuf(bytes, payload);
          }) !== undefined
        )
          return;
        passed += 1;
        expect(() => NoiseHandshakePayload.decode(bytes)).not.toThrow();
      }),
      { numRuns: 3000, seed: 1 },
    );
    expect(passed).toBeGreaterThan(100);
  });
});

describe('strings and numbers', () => {
  it.each(['ff', 'c080', 'eda080', 'f4908080', '2f79616d7578ff', 'e282'])(
    'B10: a muxer whose name is %s, which is not UTF-8, is refused',
    (hex) => {
      let thrown: unknown;
      try {
        verifyPayload(extended(bytesField(2, fromHex(hex))), STATIC, undefined, us);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({
        code: 'ERR_NOISE_HANDSHAKE',
        cause: {
          code: 'ERR_INVALID_PROTOBUF',
          message: 'noise extensions, field 2: text that is not UTF-8, at offset 1',
        },
      });
    },
  );

  it('B10: names of muxers beyond 1024 bytes, and more than 32 of them, are refused', () => {
    const read = (extensions: Uint8Array) => verifyPayload(extended(extensions), STATIC, undefined, us);
    expect(() => read(bytesField(2, new Uint8Array(1025).fill(0x61)))).toThrow(
      /muxers of 1025 bytes; 1024 are allowed/,
    );
    expect(read(bytesField(2, new Uint8Array(1024).fill(0x61))).muxers).toHaveLength(1);
    expect(() => read(concatBytes(...Array.from({ length: 33 }, () => bytesField(2, utf8('x')))))).toThrow(
      /33 muxers/,
    );
  });

  it('B11: every type of key that is not one of the four is refused by its number', () => {
    for (const type of [4, 5, 127, 128, 2 ** 31, 2 ** 32 - 1])
      expect(() =>
        publicKeyFrom(concatBytes(field(1, 0, encodeVarint(type)), bytesField(2, fromHex('01')))),
      ).toThrow(`public key of unknown type ${String(type)}`);
  });

  it('B12: no message changes what objects inherit', () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    for (const door of DOORS) {
      codeThrownBy(() => door.read(bytesField(2, utf8('__proto__'))));
      codeThrownBy(() => door.read(concatBytes(door.good, bytesField(9, utf8('constructor')))));
    }
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
  });

  it('B14: what is decoded and encoded again is a fixed point', () => {
    const keyData = fc.uint8Array({ minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(
        keyData,
        fc.uint8Array({ maxLength: 60 }),
        fc.array(fc.string({ maxLength: 20 }), { maxLength: 5 }),
        (key, sig, muxers) => {
          const payload = NoiseHandshakePayload.encode({
            identityKey: new Uint8Array(key),
            identitySig: new Uint8Array(sig),
          });
          expect(toHex(NoiseHandshakePayload.encode(NoiseHandshakePayload.decode(payload)))).toBe(
            toHex(payload),
          );
          const extensions = NoiseExtensions.encode({
            webtransportCerthashes: [new Uint8Array(sig)],
            streamMuxers: muxers,
          });
          expect(NoiseExtensions.decode(extensions).streamMuxers).toEqual(muxers);
          expect(toHex(NoiseExtensions.encode(NoiseExtensions.decode(extensions)))).toBe(toHex(extensions));
        },
      ),
    );
    for (const type of ['Ed25519', 'secp256k1', 'ECDSA'] as const) {
      const { bytes } = generateKey(type).publicKey;
      expect(toHex(publicKeyFrom(bytes).bytes)).toBe(toHex(bytes));
      expect(toHex(encodeKey(type, fromHex('01'))).endsWith('120101')).toBe(true);
    }
  });
});

describe('varints', () => {
  it.each([
    ['B3: of ten bytes', `${'ff'.repeat(9)}01`, /more than 9 bytes, at offset 0/],
    ['B3: of nine high bytes', 'ff'.repeat(9), /more than 9 bytes/],
    ['B3: padded with a zero', '8100', /shortest form/],
    ['B3: zero in two bytes', '8000', /shortest form/],
  ])('%s are refused', (_, hex, what) => {
    expect(() => decodeVarint(fromHex(hex))).toThrow(what);
    expect(codeThrownBy(() => decodeSmallVarint(fromHex(hex)))).toBe('ERR_INVALID_VARINT');
  });

  it('B3: that are cut off are waited for', () => {
    for (let length = 0; length < 9; length += 1)
      expect(decodeVarint(fromHex('ff'.repeat(length)))).toBeUndefined();
  });

  it('B5: above 2^53 are exact, and no length', () => {
    for (const value of [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n]) {
      expect(decodeVarint(encodeVarint(value))?.value).toBe(value);
      expect(codeThrownBy(() => decodeSmallVarint(encodeVarint(value)))).toBe('ERR_INVALID_VARINT');
    }
    expect(codeThrownBy(() => encodeVarint(2n ** 63n))).toBe('ERR_INVALID_VARINT');
  });

  it('are, of any bytes, a number in its shortest form, not yet one, or a typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12, size: 'max' }), (bytes) => {
        const code = codeThrownBy(() => {
          const decoded = decodeVarint(bytes);
          if (decoded !== undefined)
            expect(toHex(encodeVarint(decoded.value))).toBe(toHex(bytes.subarray(0, decoded.bytesRead)));
        });
        expect([undefined, 'ERR_INVALID_VARINT']).toContain(code);
      }),
      { numRuns: 1000 },
    );
  });
});
