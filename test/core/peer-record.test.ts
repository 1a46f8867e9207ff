import { concatBytes, toHex, utf8 } from '../../src/core/bytes.js';
import { generateKey } from '../../src/core/keys.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import {
  encodePeerRecord,
  MAX_RECORD_ADDRS,
  openPeerRecord,
  PEER_RECORD,
  RecordSequence,
  sealPeerRecord,
} from '../../src/core/peer-record.js';
import { InvalidRecordError, sealEnvelope } from '../../src/core/signed-envelope.js';
import { encodeVarint } from '../../src/core/varint.js';
import { seededRandom } from '../../src/testing.js';
import { codeThrownBy, fromHex, vectors } from '../support/vectors.js';

interface RecordVector {
  readonly name: string;
  readonly kind: string;
  readonly signer: string;
  readonly record: { readonly peerId: string; readonly seq: string; readonly addresses: readonly string[] };
  readonly payloadHex: string;
  readonly envelopeHex: string;
}
const { valid } = vectors<{ readonly valid: readonly RecordVector[] }>('signed-envelope');
const records = valid.filter(({ kind }) => kind === 'peer-record');
const identify = vectors<{
  readonly fields: {
    readonly peerId: string;
    readonly listenAddrs: readonly string[];
    readonly signedPeerRecordHex: string;
  };
}>('identify');
const key = generateKey('Ed25519', { random: seededRandom('record') });
const self = peerIdFrom(key);
const ADDR = parseMultiaddr('/ip4/192.0.2.1/tcp/4001');

it('has all the records of the vector files', () => {
  expect(records).toHaveLength(3);
});

describe('published records (REC-8)', () => {
  it.each(records)('$name', ({ record, signer, payloadHex, envelopeHex }) => {
    const opened = openPeerRecord(fromHex(envelopeHex));
    expect(opened.peerId.toString()).toBe(signer);
    expect(opened.seq).toBe(BigInt(record.seq));
    expect(opened.addrs.map(String)).toEqual(record.addresses);
    expect(toHex(encodePeerRecord(opened))).toBe(payloadHex);
  });

  it('the record that identify carries', () => {
    const { peerId, listenAddrs, signedPeerRecordHex } = identify.fields;
    const opened = openPeerRecord(fromHex(signedPeerRecordHex));
    expect(opened.peerId.toString()).toBe(peerId);
    expect(opened.addrs.map(String)).toEqual(listenAddrs);
  });

  it('the record in the wording of RFC 0003 is not taken, as in go and js', () => {
    const legacy = valid.find(({ kind }) => kind === 'peer-record-legacy')!;
    expect(codeThrownBy(() => openPeerRecord(fromHex(legacy.envelopeHex)))).toBe('ERR_INVALID_RECORD');
  });
});

describe('addresses (REC-10)', () => {
  const field = (number: number, bytes: Uint8Array): Uint8Array =>
    concatBytes(Uint8Array.of((number << 3) | 2), encodeVarint(bytes.byteLength), bytes);
  const recordWith = (...entries: readonly Uint8Array[]): Uint8Array =>
    sealEnvelope(
      PEER_RECORD,
      concatBytes(field(1, self.bytes), Uint8Array.of(0x10, 1), ...entries.map((entry) => field(3, entry))),
      key,
    );

  it('what is empty or broken is left out, and the rest is taken (E8)', () => {
    const good = field(1, ADDR.bytes);
    const bytes = recordWith(
      new Uint8Array(),
      field(1, new Uint8Array()),
      field(1, Uint8Array.of(0xff, 0xff, 0xff)),
      Uint8Array.of(0x0a, 200),
      field(1, parseMultiaddr('/unix/etc/passwd').bytes),
      good,
    );
    expect(openPeerRecord(bytes).addrs.map(String)).toEqual([ADDR.toString()]);
  });

  it('of 65 the first 64 are taken (E8)', () => {
    const addrs = Array.from({ length: MAX_RECORD_ADDRS + 1 }, (_, port) =>
      parseMultiaddr(`/ip4/192.0.2.1/tcp/${String(port + 1)}`),
    );
    const opened = openPeerRecord(sealPeerRecord({ seq: 1n, addrs }, key));
    expect(opened.addrs.map(String)).toEqual(addrs.slice(0, 64).map(String));
  });
});

function faultOf(act: () => unknown): unknown[] {
  try {
    act();
    return [];
  } catch (error) {
    if (error instanceof InvalidRecordError) return [error.code, error.reason];
    throw error;
  }
}

describe('what is no record of its signer', () => {
  const sealed = (payload: Uint8Array): (() => unknown) => {
    return () => openPeerRecord(sealEnvelope(PEER_RECORD, payload, key));
  };
  const other = peerIdFrom(generateKey('Ed25519', { random: seededRandom('other') }));

  it.each([
    ['another peer (E3)', encodePeerRecord({ peerId: other, seq: 1n, addrs: [] }), 'peer-id-mismatch'],
    ['no peer at all (E14)', Uint8Array.of(0x10, 1), 'bad-payload'],
    ['text (E14)', utf8('hello'), 'bad-payload'],
    [
      'a sequence of 65 bits',
      concatBytes(Uint8Array.of(0x10), new Uint8Array(9).fill(0xff), Uint8Array.of(2)),
      'bad-payload',
    ],
  ])('%s', (_, payload, reason) => {
    expect(faultOf(sealed(payload))).toEqual(['ERR_INVALID_RECORD', reason]);
  });
});

describe('sequence numbers (REC-9)', () => {
  it('are 64 bits and are never rounded (E6)', () => {
    for (const seq of [0n, 1n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n])
      expect(openPeerRecord(sealPeerRecord({ seq, addrs: [ADDR] }, key)).seq).toBe(seq);
  });

  it('are the wall clock in nanoseconds, and go on when it stands still or goes back (F17)', () => {
    let now = 1_700_000_000_000;
    const sequence = new RecordSequence(() => now);
    const first = sequence.next();
    expect(first).toBe(1_700_000_000_000_000_000n);
    expect(sequence.next()).toBe(first + 1n);
    now -= 365 * 86_400_000;
    expect(sequence.next()).toBe(first + 2n);
    now += 366 * 86_400_000;
    expect(sequence.next()).toBe(BigInt(now) * 1_000_000n);
  });
});
