import fc from 'fast-check';
import { concatBytes, equalBytes, toHex, utf8 } from '../../src/core/bytes.js';
import { LimitError } from '../../src/core/errors.js';
import { generateKey } from '../../src/core/keys.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { openPeerRecord, PEER_RECORD } from '../../src/core/peer-record.js';
import {
  equalEnvelopes,
  InvalidRecordError,
  MAX_ENVELOPE_BYTES,
  openEnvelope,
  readEnvelope,
  sealEnvelope,
  type Envelope,
  type RecordFault,
} from '../../src/core/signed-envelope.js';
import { encodeVarint } from '../../src/core/varint.js';
import { seededRandom } from '../../src/testing.js';
import { codeThrownBy, fromHex, vectors } from '../support/vectors.js';

interface Vectors {
  readonly signers: Record<'A' | 'B', { readonly seedHex: string; readonly peerId: string }>;
  readonly valid: readonly {
    readonly name: string;
    readonly kind: string;
    readonly signer: string;
    readonly domain: string;
    readonly payloadTypeHex: string;
    readonly payloadHex: string;
    readonly publicKeyProtobufHex: string;
    readonly signatureHex: string;
    readonly envelopeHex: string;
  }[];
  readonly invalid: readonly {
    readonly note: string;
    readonly domain: string;
    readonly envelopeHex: string;
    readonly reason: RecordFault;
  }[];
}
const file = vectors<Vectors>('signed-envelope');
const keys = new Map(
  Object.values(file.signers).map(({ seedHex, peerId }) => [
    peerId,
    generateKey('Ed25519', { random: () => fromHex(seedHex) }),
  ]),
);
const key = generateKey('Ed25519', { random: seededRandom('envelope') });
const KIND = { domain: 'test', payloadType: utf8('/test') };

function faultOf(act: () => unknown): InvalidRecordError | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof InvalidRecordError) return error;
    throw error;
  }
}

it('has all the cases of the vector file', () => {
  expect([file.valid.length, file.invalid.length, keys.size]).toEqual([5, 6, 2]);
});

describe('published envelopes (REC-1, REC-2, REC-11)', () => {
  it.each(file.valid)('$name opens in its domain, and is sealed to the same bytes', (vector) => {
    const kind = { domain: vector.domain, payloadType: fromHex(vector.payloadTypeHex) };
    const opened = openEnvelope(fromHex(vector.envelopeHex), kind);
    expect(toHex(opened.payload)).toBe(vector.payloadHex);
    expect(toHex(opened.signature)).toBe(vector.signatureHex);
    expect(toHex(opened.publicKey.bytes)).toBe(vector.publicKeyProtobufHex);
    expect(peerIdFrom(opened.publicKey).toString()).toBe(vector.signer);
    const sealed = sealEnvelope(kind, fromHex(vector.payloadHex), keys.get(vector.signer)!);
    expect(toHex(sealed)).toBe(vector.envelopeHex);
  });

  it.each(file.invalid)('$note: $reason', ({ domain, envelopeHex, reason }) => {
    const bytes = fromHex(envelopeHex);
    const open = (): unknown =>
      domain === PEER_RECORD.domain ? openPeerRecord(bytes) : openEnvelope(bytes, { ...PEER_RECORD, domain });
    expect(faultOf(open)).toMatchObject({ code: 'ERR_INVALID_RECORD', fault: 'remote', reason });
  });
});

describe('sealing (REC-3)', () => {
  it.each([
    ['an empty domain', { ...KIND, domain: '' }, 'envelope domain must not be empty'],
    ['an empty payload type', { ...KIND, payloadType: new Uint8Array() }, 'payloadType must not be empty'],
  ])('refuses %s', (_, kind, message) => {
    expect(() => sealEnvelope(kind, utf8('x'), key)).toThrow(message);
    expect(codeThrownBy(() => sealEnvelope(kind, utf8('x'), key))).toBe('ERR_INVALID_OPTION');
  });

  it('seals 8 KiB, and not one byte more', () => {
    const overhead = sealEnvelope(KIND, new Uint8Array(8_000), key).byteLength - 8_000;
    const largest = new Uint8Array(MAX_ENVELOPE_BYTES - overhead);
    expect(openEnvelope(sealEnvelope(KIND, largest, key), KIND).payload).toEqual(largest);
    expect(() => sealEnvelope(KIND, new Uint8Array(largest.byteLength + 1), key)).toThrow(LimitError);
  });
});

describe('opening (REC-4, REC-5)', () => {
  const bytes = sealEnvelope(KIND, utf8('hello'), key);

  it('gives the envelope with the error where it could be read (REC-5)', () => {
    const wrongDomain = faultOf(() => openEnvelope(bytes, { ...KIND, domain: 'other' }));
    expect(wrongDomain?.message).toBe('failed to validate envelope: invalid signature or incorrect domain');
    expect(wrongDomain?.envelope?.payload).toEqual(utf8('hello'));
    const wrongType = faultOf(() => openEnvelope(bytes, { ...KIND, payloadType: utf8('/else') }));
    expect(wrongType).toMatchObject({ reason: 'payload-type' });
    expect(wrongType?.envelope?.publicKey.equals(key.publicKey)).toBe(true);
  });

  it('refuses more than 8 KiB before it looks inside', () => {
    const fault = faultOf(() => openEnvelope(new Uint8Array(MAX_ENVELOPE_BYTES + 1), KIND));
    expect(fault).toMatchObject({ reason: 'malformed' });
    expect(fault?.message).toBe(
      'failed when unmarshalling the envelope: signed envelope of 8193 bytes; 8192 are allowed',
    );
  });

  it('cut anywhere it is refused, with nothing but its own error', () => {
    for (let length = 0; length < bytes.byteLength; length += 1)
      expect(faultOf(() => openEnvelope(bytes.subarray(0, length), KIND))).toBeInstanceOf(InvalidRecordError);
  });

  it('with any bit flipped it is refused, or says the very same (P18)', () => {
    const right = readEnvelope(bytes);
    for (let bit = 0; bit < bytes.byteLength * 8; bit += 1) {
      const flipped = bytes.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      let opened: Envelope | undefined;
      const fault = faultOf(() => (opened = openEnvelope(flipped, KIND)));
      if (fault === undefined) expect(equalBytes(opened!.payload, right.payload)).toBe(true);
    }
  });

  it('lets no byte move from the payload type to the payload (E11)', () => {
    const moved = rewritten(key.publicKey.bytes, utf8('/tes'), utf8('thello'), readEnvelope(bytes).signature);
    expect(faultOf(() => openEnvelope(moved, { ...KIND, payloadType: utf8('/tes') }))).toMatchObject({
      reason: 'bad-signature',
    });
  });

  it('takes unknown fields: the signature is over what was received, not over its shape (E9)', () => {
    const more = concatBytes(bytes, Uint8Array.of(0x32, 1, 7));
    expect(openEnvelope(more, KIND).payload).toEqual(utf8('hello'));
  });

  it('refuses a field twice: two readers would see two things (E9)', () => {
    const twice = concatBytes(bytes, Uint8Array.of(0x1a, 1, 7));
    expect(faultOf(() => openEnvelope(twice, KIND))).toMatchObject({ reason: 'malformed' });
  });

  it('refuses an RSA key of 16,384 bits before any arithmetic (E10)', () => {
    const huge = rewritten(rsaKeyMessage(16_384), KIND.payloadType, utf8('x'), new Uint8Array(2048));
    expect(faultOf(() => openEnvelope(huge, KIND))).toMatchObject({ reason: 'bad-public-key' });
  });

  it('opens whatever it sealed', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.uint8Array({ maxLength: 1024 }),
        (domain, payloadType, payload) => {
          const opened = openEnvelope(sealEnvelope({ domain, payloadType }, payload, key), {
            domain,
            payloadType,
          });
          return equalBytes(opened.payload, payload) && equalBytes(opened.payloadType, payloadType);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('of garbage throws nothing but its own error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (garbage) => {
        expect(faultOf(() => openEnvelope(garbage, KIND))).toBeInstanceOf(InvalidRecordError);
      }),
    );
  });
});

describe('equality (REC-7)', () => {
  const envelope = readEnvelope(sealEnvelope(KIND, utf8('hello'), key));
  const other = generateKey('Ed25519', { random: seededRandom('other') });
  it.each([
    ['itself, read again', readEnvelope(sealEnvelope(KIND, utf8('hello'), key)), true],
    ['another key', { ...envelope, publicKey: other.publicKey }, false],
    ['another payload type', { ...envelope, payloadType: utf8('/x') }, false],
    ['another payload', { ...envelope, payload: utf8('x') }, false],
    ['another signature', { ...envelope, signature: utf8('x') }, false],
  ])('with %s', (_, compared, equal) => {
    expect(equalEnvelopes(envelope, compared)).toBe(equal);
  });
});

function field(number: number, bytes: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of((number << 3) | 2), encodeVarint(bytes.byteLength), bytes);
}

function rewritten(...parts: readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array]): Uint8Array {
  return concatBytes(...parts.map((part, at) => field([1, 2, 3, 5][at]!, part)));
}

/** A key message of RSA with a modulus of that many bits. */
function rsaKeyMessage(bits: number): Uint8Array {
  const der = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array => {
    const body = concatBytes(...parts);
    const length = Uint8Array.of(0x82, body.byteLength >> 8, body.byteLength & 0xff);
    return concatBytes(Uint8Array.of(tag), length, body);
  };
  const modulus = new Uint8Array(bits / 8 + 1).fill(0xff, 1);
  const numbers = der(0x30, der(0x02, modulus), Uint8Array.of(0x02, 3, 1, 0, 1));
  const algorithm = fromHex('300d06092a864886f70d0101010500');
  const spki = der(0x30, algorithm, der(0x03, Uint8Array.of(0), numbers));
  return concatBytes(Uint8Array.of(0x08, 0), field(2, spki));
}
