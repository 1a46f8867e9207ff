import { toHex } from '../../src/core/bytes.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { codeThrownBy, fromHex, vectors } from '../support/vectors.js';

interface PeerIdVectors {
  valid: { note: string; multihashHex: string; canonical: string; accept: string[] }[];
  invalid: { s: string; note: string }[];
}
const file = vectors<PeerIdVectors>('peer-ids');

describe('peer id', () => {
  it('consumes the whole vector file', () => {
    expect([file.valid.length, file.invalid.length]).toEqual([4, 11]);
  });

  it.each(file.valid)('$note: every text form gives the same id', ({ multihashHex, canonical, accept }) => {
    const id = peerIdFrom(fromHex(multihashHex));
    expect(id.toString()).toBe(canonical);
    expect(JSON.stringify({ id })).toBe(JSON.stringify({ id: canonical }));
    expect(accept).toContain(id.toCid());
    for (const text of accept) {
      expect(toHex(peerIdFrom(text).bytes)).toBe(multihashHex);
      expect(peerIdFrom(text).equals(id)).toBe(true);
      expect(id.equals(text)).toBe(true);
    }
  });

  it.each(file.invalid)('refuses $s: $note', ({ s }) => {
    expect(codeThrownBy(() => peerIdFrom(s))).toBe('ERR_INVALID_PEER_ID');
  });

  it('refuses multihashes that are no peer ids', () => {
    const lengths = [
      '',
      '00',
      '0000',
      `0021${'00'.repeat(32)}`,
      `1220${'00'.repeat(31)}`,
      `1220${'00'.repeat(33)}`,
      `1320${'00'.repeat(32)}`,
      `002b${'00'.repeat(43)}`,
    ];
    for (const hex of lengths)
      expect(codeThrownBy(() => peerIdFrom(fromHex(hex)))).toBe('ERR_INVALID_PEER_ID');
  });

  it('refuses an identity hash of something that is no key', () => {
    expect(codeThrownBy(() => peerIdFrom(fromHex('0003010203')))).toBe('ERR_INVALID_PEER_ID');
  });

  it('refuses a text of ten million characters by its length', () => {
    expect(() => peerIdFrom(`1${'2'.repeat(10_000_000)}`)).toThrow(/10000001 characters/);
  });

  it('carries the key of an inlined id and none of a hashed one', () => {
    const [hashed, inlined] = file.valid;
    expect(peerIdFrom(hashed?.canonical ?? '').publicKey).toBeUndefined();
    expect(peerIdFrom(inlined?.canonical ?? '').publicKey?.type).toBe('Ed25519');
    expect(peerIdFrom(inlined?.canonical ?? '').equals('not a peer id')).toBe(false);
  });
});
