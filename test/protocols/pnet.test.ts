import { xsalsa20 } from '@noble/ciphers/salsa.js';
import fc from 'fast-check';
import { EMPTY, NEVER, Subject } from 'rxjs';
import { Uint8ArrayList } from 'uint8arraylist';
import { concatBytes, fromHex, toHex, utf8 } from '../../src/core/bytes.js';
import type { Bytes, Duplex } from '../../src/core/duplex.js';
import { codeOf } from '../../src/core/errors.js';
import { pskFile, pskFingerprint, pskFrom } from '../../src/pnet.js';
import { HEADER_FRAME } from '../../src/protocols/multistream/codec.js';
import { KeyStream } from '../../src/protocols/pnet/key-stream.js';
import { protectedDuplex } from '../../src/protocols/pnet/protected-duplex.js';
import { seededRandom } from '../../src/testing.js';
import { duplexPair, record } from '../support/duplex-pair.js';
import { codeThrownBy, cut, CUTS, messageThrownBy, vectors } from '../support/vectors.js';

interface PnetVectors {
  fingerprints: { pskHex: string; fingerprintHex: string }[];
  keyFiles: { text?: string; textHex?: string; pskHex?: string; valid: boolean }[];
  stream: {
    pskHex: string;
    nonceHex: string;
    plaintextChunksHex: string[];
    ciphertextChunksHex: string[];
    wireHex: string;
  };
  otherDirection: { nonceHex: string; plaintextHex: string; ciphertextHex: string };
  keystreamFirst128Hex: string;
}
const file = vectors<PnetVectors>('pnet');
const { stream, otherDirection } = file;
const psk = fromHex(stream.pskHex);
const nonce = fromHex(stream.nonceHex);

it('consumes the whole vector file', () => {
  expect([file.fingerprints.length, file.keyFiles.length, stream.plaintextChunksHex.length]).toEqual([
    2, 7, 3,
  ]);
});

describe('the key', () => {
  it.each(file.fingerprints)('$pskHex has its fingerprint', ({ pskHex, fingerprintHex }) => {
    expect(pskFingerprint(fromHex(pskHex))).toBe(fingerprintHex);
  });

  it.each(file.keyFiles.map((each, at) => ({ ...each, at })))(
    'of file $at',
    ({ text, textHex, pskHex, valid }) => {
      const forms = [
        ...(text === undefined ? [] : [text, utf8(text)]),
        ...(textHex === undefined ? [] : [fromHex(textHex)]),
      ];
      for (const form of forms) {
        if (valid) expect(toHex(pskFrom(form))).toBe(pskHex);
        else expect(codeThrownBy(() => pskFrom(form))).toBe('ERR_INVALID_KEY');
      }
    },
  );

  const HEX = '5ec4e7'.repeat(11).slice(0, 64);
  const HEADER = '/key/swarm/psk/1.0.0/';
  it.each([
    ['nothing', '', 'has three lines'],
    ['the key alone', HEX, 'has three lines'],
    ['the key where the header belongs', `${HEX}\n/base16/\n${HEX}\n`, 'its first line is not'],
    ['the key where the encoding belongs', `${HEADER}\n${HEX}\n`, 'names no encoding that is known'],
    ['the key instead of an encoding', `${HEADER}\n${HEX}\n\n`, 'names no encoding that is known'],
    ['an odd number of digits', `${HEADER}\n/base16/\n${HEX}5\n`, 'not written in pairs of hex digits'],
    ['31 bytes', `${HEADER}\n/base16/\n${HEX.slice(2)}\n`, 'the key has 31 bytes'],
    ['33 bytes', `${HEADER}\n/base16/\n${HEX}5e\n`, 'the key has 33 bytes'],
    ['two keys', `${HEADER}\n/base16/\n${HEX}\n${HEX}\n`, 'not written in pairs of hex digits'],
    ['base64 without its padding', `${HEADER}\n/base64/\n${'5ec4'.repeat(10)}5ec\n`, 'not written in base64'],
    ['base64 of 33 bytes', `${HEADER}\n/base64/\n${'5ec4'.repeat(11)}\n`, 'the key has 33 bytes'],
    ['33 plain bytes', `${HEADER}\n/bin/\n${'5'.repeat(33)}`, 'the key has 33 bytes'],
    ['a book', `${HEADER}\n/base16/\n${HEX.repeat(100)}\n`, 'are no key file'],
  ])('L8: %s is refused, and no message shows any of it', (_, text, expected) => {
    const message = messageThrownBy(() => pskFrom(text));
    expect(message).toContain(expected);
    expect(message).not.toMatch(/5ec4|5555/);
    expect(codeThrownBy(() => pskFrom(text))).toBe('ERR_INVALID_KEY');
  });

  it('is made as a file that reads as 32 bytes, other ones each time', () => {
    const random = seededRandom(1);
    const [one, two] = [pskFile(random), pskFile(random)];
    expect(one).toMatch(/^\/key\/swarm\/psk\/1\.0\.0\/\n\/base16\/\n[0-9a-f]{64}\n$/);
    expect([pskFrom(one).byteLength, one === two]).toEqual([32, false]);
  });
});

describe('the key stream', () => {
  it('is the one of the vectors', () => {
    expect(toHex(new KeyStream(psk, nonce).apply(new Uint8Array(128)))).toBe(file.keystreamFirst128Hex);
  });

  it('goes on from chunk to chunk, in both directions', () => {
    const sealing = new KeyStream(psk, nonce);
    expect(stream.plaintextChunksHex.map((hex) => toHex(sealing.apply(fromHex(hex))))).toEqual(
      stream.ciphertextChunksHex,
    );
    const other = new KeyStream(psk, fromHex(otherDirection.nonceHex));
    expect(toHex(other.apply(fromHex(otherDirection.plaintextHex)))).toBe(otherDirection.ciphertextHex);
  });

  it('does not care how its bytes are cut', () => {
    const whole = xsalsa20(psk, nonce, new Uint8Array(2000));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 12 }), (sizes) => {
        const cutting = new KeyStream(psk, nonce);
        const pieces = concatBytes(...sizes.map((size) => cutting.apply(new Uint8Array(size))));
        return toHex(pieces.subarray(0, 2000)) === toHex(whole.subarray(0, pieces.byteLength));
      }),
    );
  });

  it('ends before its counter would begin anew', () => {
    const last = new KeyStream(psk, nonce, 2 ** 32 - 2);
    last.apply(new Uint8Array(64));
    expect(codeThrownBy(() => last.apply(new Uint8Array(1)))).toBe('ERR_PNET');
  });
});

describe('a protected channel', () => {
  const opening = HEADER_FRAME;
  /** Ours over one end; the other end is the wire, by hand. */
  const protectedEnd = (): { ours: Duplex; wire: Duplex; settle: () => void; heard: () => Bytes } => {
    const { near, far, settle } = duplexPair();
    const heard = record(far);
    return { ours: protectedDuplex(near, { psk, nonce, opening }), wire: far, settle, heard: heard.bytes };
  };

  it('says its nonce at once, and then what is on the wire of the vectors', () => {
    const { ours, settle, heard } = protectedEnd();
    settle();
    expect(toHex(heard())).toBe(stream.nonceHex);
    const [first = '', second = '', third = ''] = stream.plaintextChunksHex;
    ours.sink.next(new Uint8ArrayList(fromHex(first), fromHex(second)));
    ours.sink.next(fromHex(third));
    settle();
    expect(toHex(heard())).toBe(stream.wireHex);
  });

  it.each(CUTS)('reads the other’s, in pieces of %d', (size) => {
    const { ours, wire, settle } = protectedEnd();
    const read = record(ours);
    const theirs = fromHex(otherDirection.nonceHex + otherDirection.ciphertextHex);
    for (const piece of cut(theirs, size)) wire.sink.next(piece);
    wire.sink.complete();
    settle();
    expect([toHex(read.bytes()), read.ended()]).toEqual([otherDirection.plaintextHex, 'complete']);
  });

  const theirNonce = fromHex(otherDirection.nonceHex);
  const sealed = (key: Uint8Array, text: Uint8Array): Bytes =>
    concatBytes(theirNonce, new KeyStream(key, theirNonce).apply(text));
  it.each([
    ['another key', sealed(new Uint8Array(32).fill(7), HEADER_FRAME), 'its private network has another key'],
    ['the same key and other words', sealed(psk, utf8('GET / HTTP/1.1\r\n')), 'has another key'],
    ['no private network', concatBytes(HEADER_FRAME, utf8('\x07/noise\n')), 'is in no private network'],
    ['our own nonce sent back', concatBytes(nonce, HEADER_FRAME), 'sends back what it was sent'],
  ])('L6: of one with %s, is an error that says so, and no byte of it is read', (_, bytes, message) => {
    for (const size of CUTS) {
      const { ours, wire, settle } = protectedEnd();
      const read = record(ours);
      for (const piece of cut(bytes, size)) wire.sink.next(piece);
      settle();
      expect(codeOf(read.ended())).toBe('ERR_PNET');
      expect((read.ended() as Error).message).toContain(message);
      // What decrypts to the first letter of the opening by chance has said nothing yet.
      expect(HEADER_FRAME.subarray(0, read.bytes().byteLength)).toEqual(read.bytes());
    }
  });

  it('L6: that ends inside the nonce is an error, not an end', () => {
    const { ours, wire, settle } = protectedEnd();
    const read = record(ours);
    wire.sink.next(theirNonce.subarray(0, 23));
    wire.sink.complete();
    settle();
    expect(codeOf(read.ended())).toBe('ERR_UNEXPECTED_END');
  });

  it('passes on room, end and reset as they are', () => {
    const seen: unknown[] = [];
    const below: Duplex = {
      read: () => EMPTY,
      room$: new Subject<boolean>(),
      sink: {
        next: (bytes) => seen.push(bytes.byteLength),
        error: (error: unknown) => seen.push(error),
        complete: () => seen.push('complete'),
      },
    };
    const { sink, room$ } = protectedDuplex(below, { psk, nonce, opening });
    sink.complete();
    sink.error('reset');
    expect([seen, room$ === below.room$]).toEqual([[24, 'complete', 'reset'], true]);
  });

  it('is no longer the socket itself, which nobody may have', () => {
    const below: Duplex = { read: () => NEVER, room$: NEVER, sink: new Subject(), release: () => 'socket' };
    expect(protectedDuplex(below, { psk, nonce, opening }).release).toBeUndefined();
  });
});
