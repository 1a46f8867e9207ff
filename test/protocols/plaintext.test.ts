import { concatBytes, toHex, utf8 } from '../../src/core/bytes.js';
import { generateKey, privateKeyFrom } from '../../src/core/keys.js';
import type { Secured } from '../../src/core/parts.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { encodeVarint } from '../../src/core/varint.js';
import { decodeExchange, encodeExchange } from '../../src/protocols/plaintext/exchange-message.js';
import { plaintext } from '../../src/protocols/plaintext/plaintext.js';
import { seededRandom } from '../../src/testing.js';
import { duplexPair, record } from '../support/duplex-pair.js';
import { codeThrownBy, cut, CUTS, fromHex, vectors } from '../support/vectors.js';

interface PlaintextVectors {
  valid: { peerId: string; messageHex: string; framedHex: string }[];
  invalid: { note: string; messageHex: string }[];
}
const file = vectors<PlaintextVectors>('plaintext');
const framed = (message: Uint8Array) => concatBytes(encodeVarint(message.byteLength), message);
const keyA = privateKeyFrom(
  fromHex(`08011240${'01'.repeat(32)}8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c`),
);

it('consumes the whole vector file', () => {
  expect([file.valid.length, file.invalid.length]).toEqual([2, 3]);
});

describe('the exchange', () => {
  it.each(file.valid)('of $peerId', ({ peerId, framedHex, messageHex }) => {
    expect(framedHex.endsWith(messageHex)).toBe(true);
    expect(decodeExchange(fromHex(framedHex))?.remotePeer.toString()).toBe(peerId);
    if (peerId === peerIdFrom(keyA).toString()) expect(toHex(encodeExchange(keyA.publicKey))).toBe(framedHex);
  });

  it.each(file.invalid)('is refused: $note', ({ messageHex }) => {
    expect(codeThrownBy(() => decodeExchange(framed(fromHex(messageHex))))).toBe('ERR_PLAINTEXT_EXCHANGE');
  });

  it.each([
    ['[L2] 16,385 bytes', encodeVarint(16_385)],
    ['[L2] no bytes', Uint8Array.of(0)],
    ['[L2] a length that never ends', new Uint8Array(10).fill(0x80)],
    [
      '[L3] an empty id',
      framed(concatBytes(fromHex('0a00'), fromHex(file.valid[0]?.messageHex ?? '').subarray(40))),
    ],
    ['no protobuf', framed(utf8('nothing of the kind'))],
  ])('is refused: %s', (_, bytes) => {
    expect(codeThrownBy(() => decodeExchange(bytes))).toBe('ERR_PLAINTEXT_EXCHANGE');
  });
});

describe.each(CUTS)('two ends, in chunks of %d', (size) => {
  it('[L5] learn who the other is, and keep what follows', () => {
    const { far, near, settle, clock } = duplexPair();
    let secured: Secured | undefined;
    const part = plaintext().create({ scheduler: clock, random: seededRandom(1), privateKey: generateKey() });
    part
      .secure(near, { role: 'initiator', expectedPeer: peerIdFrom(keyA), muxers: [] })
      .subscribe((value) => (secured = value));
    for (const chunk of cut(concatBytes(encodeExchange(keyA.publicKey), utf8('after')), size))
      far.sink.next(chunk);
    settle();
    expect(secured?.remotePeer.equals(peerIdFrom(keyA))).toBe(true);
    expect(toHex(record(secured?.duplex ?? near).bytes())).toBe(toHex(utf8('after')));
  });
});

it.each([
  [
    '[L4] another peer than the expected one',
    peerIdFrom(generateKey()),
    generateKey(),
    'ERR_PEER_ID_MISMATCH',
  ],
  ['ourselves', undefined, keyA, 'ERR_DIAL_SELF'],
])('refuses %s', (_, expectedPeer, privateKey, code) => {
  const { far, near, settle, clock } = duplexPair();
  let failure: unknown;
  const part = plaintext().create({ scheduler: clock, random: seededRandom(1), privateKey });
  part
    .secure(near, { role: 'initiator', expectedPeer, muxers: [] })
    .subscribe({ error: (error: unknown) => (failure = error) });
  far.sink.next(encodeExchange(keyA.publicKey));
  settle();
  expect(failure).toMatchObject({ code });
});
