/** Reliability sheet, 5.3, N20 to N27: what a peer may do on a channel whose handshake is done. */
import { platformNodeCrypto } from '../../src/crypto/crypto.js';
import { nobleCrypto } from '../../src/crypto/noble.js';
import { nodeCrypto } from '../../src/crypto/node.js';
import { concatBytes, equalBytes, fromHex, NO_BYTES, toHex, utf8 } from '../../src/core/bytes.js';
import type { Bytes } from '../../src/core/duplex.js';
import type { Aead, Opening } from '../../src/crypto/contract.js';
import { lengthOf, Nonce, Opener, Sealer } from '../../src/protocols/noise/cipher-codec.js';
import { NoiseDuplex } from '../../src/protocols/noise/noise-duplex.js';
import { duplexPair, record } from '../support/duplex-pair.js';
import { hostBench } from '../support/hostile-peer.js';
import { cut, CUTS } from '../support/vectors.js';

const node = platformNodeCrypto();
if (node === undefined) throw new Error('the tests run where node:crypto is');
const makers = [nodeCrypto(node), nobleCrypto()];
const crypto = nodeCrypto(node);
const KEY = new Uint8Array(32).fill(7);
const OTHER_KEY = new Uint8Array(32).fill(8);
const TAG_BYTES = 16;

/** One message each, as the remote seals them in a row. */
function sealed(...plaintexts: readonly Bytes[]): Bytes[] {
  const sealer = new Sealer(crypto.aead(KEY));
  return plaintexts.map((plaintext) => concatBytes(...sealer.seal([plaintext])));
}

/** Our end of a secured channel, and the raw bytes of the other. */
function channel(aead: Aead = crypto.aead(KEY), nonce = new Nonce()) {
  const { near, far, settle } = duplexPair();
  const duplex = new NoiseDuplex(near, new Sealer(crypto.aead(OTHER_KEY), nonce), new Opener(aead, nonce));
  const below = record(far);
  return {
    duplex,
    below,
    say: (...pieces: readonly Uint8Array[]): void => {
      far.sink.next(concatBytes(...pieces));
      settle();
    },
    settle,
  };
}
const [ONE, TWO, THREE] = sealed(utf8('one'), utf8('two'), utf8('three')) as [Bytes, Bytes, Bytes];
const flipped = (bytes: Bytes, at: number): Bytes => {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};

describe('a message that is not right ends the channel, both ways, and nothing after it is delivered', () => {
  it.each(Array.from({ length: TAG_BYTES }, (_, length) => length))('N20: of %d bytes', (length) => {
    const { duplex, below, say } = channel();
    const heard = record(duplex);
    say(ONE, lengthOf(length), new Uint8Array(length), TWO, THREE);
    expect(Buffer.from(heard.bytes()).toString()).toBe('one');
    expect(heard.ended()).toMatchObject({ code: 'ERR_NOISE_FRAME', fault: 'remote' });
    expect(below.ended()).toMatchObject({ code: 'ERR_TRANSPORT' });
  });

  it.each([
    ['whose tag was touched', [ONE, flipped(TWO, TWO.byteLength - 1), THREE]],
    ['whose ciphertext was touched', [ONE, flipped(TWO, 3), THREE]],
    ['whose length was made longer', [ONE, flipped(TWO, 0), THREE, new Uint8Array(512)]],
    ['whose length was made shorter by one', [ONE, shortened(TWO), THREE]],
    ['that was swapped with the next', [ONE, THREE, TWO]],
    ['that comes a second time', [ONE, ONE, TWO, THREE]],
    ['behind one that was dropped', [ONE, THREE]],
    [
      'of another channel',
      [ONE, concatBytes(...new Sealer(crypto.aead(OTHER_KEY)).seal([utf8('two')])), THREE],
    ],
  ])('N21: %s', (_, wire) => {
    for (const size of CUTS) {
      const { duplex, below, say } = channel();
      const heard = record(duplex);
      for (const piece of cut(concatBytes(...wire), size)) say(piece);
      expect(Buffer.from(heard.bytes()).toString()).toBe('one');
      expect(heard.ended()).toMatchObject({ code: 'ERR_NOISE_FRAME', fault: 'remote' });
      expect(below.ended()).toMatchObject({ code: 'ERR_TRANSPORT' });
    }
  });

  it('N20, N21: of a host is the end of its connection, told with its code', async () => {
    const bench = await hostBench();
    const peer = await bench.connect();
    peer.below.sink.next(concatBytes(lengthOf(40), new Uint8Array(40)));
    await bench.advance();
    expect(bench.events.filter(({ type }) => type === 'connection:close')).toMatchObject([
      { code: 'ERR_NOISE_FRAME' },
    ]);
    expect([bench.host.connections, peer.ended]).toEqual([[], 'ERR_TRANSPORT']);
  });
});

function shortened(message: Bytes): Bytes {
  return concatBytes(lengthOf(message.byteLength - 3), message.subarray(2));
}

describe('messages that say little', () => {
  /** The cheapest cipher that there is: it counts, and it is always content. */
  class Counting implements Aead {
    opened = 0;
    seal(_nonce: Uint8Array, _aad: Uint8Array, plaintext: readonly Uint8Array[]): Bytes[] {
      return [concatBytes(...plaintext), new Uint8Array(TAG_BYTES)];
    }
    open(_nonce: Uint8Array, _aad: Uint8Array, ciphertext: readonly Uint8Array[]): Bytes[] {
      this.opened += 1;
      return ciphertext.map((piece) => new Uint8Array(piece));
    }
    opening(): Opening {
      const pieces: Bytes[] = [];
      return {
        push: (ciphertext) => {
          pieces.push(new Uint8Array(ciphertext));
        },
        finish: () => {
          this.opened += 1;
          return pieces;
        },
      };
    }
    sealInto(_nonce: Uint8Array, plaintext: Uint8Array, into: Uint8Array): void {
      into.set(plaintext);
    }
    openWhole(_nonce: Uint8Array, sealed: Uint8Array): Bytes {
      this.opened += 1;
      return new Uint8Array(sealed.subarray(0, -TAG_BYTES));
    }
  }
  const EMPTY = concatBytes(lengthOf(TAG_BYTES), new Uint8Array(TAG_BYTES));
  const BYTE = concatBytes(lengthOf(TAG_BYTES + 1), new Uint8Array(TAG_BYTES + 1));
  const repeated = (message: Bytes, count: number): Bytes => {
    const all = new Uint8Array(message.byteLength * count);
    for (let at = 0; at < count; at += 1) all.set(message, at * message.byteLength);
    return all;
  };

  it('N22: a million empty messages end the channel behind the 1024th', () => {
    const cipher = new Counting();
    const { duplex, below, say } = channel(cipher);
    const heard = record(duplex);
    say(repeated(EMPTY, 1_000_000));
    expect(cipher.opened).toBe(1025);
    expect(heard.ended()).toMatchObject({ code: 'ERR_LIMIT', limit: 'empty messages in a row', value: 1024 });
    expect(below.ended()).toMatchObject({ code: 'ERR_TRANSPORT' });
  });

  it('N22: 1024 in a row are borne, as often as something is said between', () => {
    const { duplex, say } = channel(new Counting());
    const heard = record(duplex);
    for (let round = 0; round < 3; round += 1) say(repeated(EMPTY, 1024), BYTE);
    expect([heard.bytes().byteLength, heard.ended()]).toEqual([3, undefined]);
  });

  it('N23: a mebibyte, a byte a message, is delivered, and held in few pieces while nobody reads', () => {
    const bytes = 1024 * 1024;
    const { duplex, say } = channel(new Counting());
    const wire = new Uint8Array(BYTE.byteLength * bytes);
    for (let at = 0; at < bytes; at += 1) {
      wire.set(BYTE, at * BYTE.byteLength);
      wire[at * BYTE.byteLength + 2] = at * 7;
    }
    // The reader leaves at the first byte, so that the rest of the chunk waits inside.
    const first = duplex.read().subscribe(() => {
      first.unsubscribe();
    });
    say(wire);
    const chunks: Bytes[] = [];
    const buffers = new Set<ArrayBuffer>();
    duplex.read().subscribe((chunk) => {
      chunks.push(chunk);
      buffers.add(chunk.buffer);
    });
    const expected = new Uint8Array(bytes - 1).map((_, at) => (at + 1) * 7);
    expect(equalBytes(Buffer.concat(chunks), expected)).toBe(true);
    expect(chunks.length).toBeLessThan(1024);
    expect([...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(2 * bytes);
  });

  it('N24: one that is announced with 65,535 bytes and dribbles is cut off by the keep-alive', async () => {
    const bench = await hostBench();
    const peer = await bench.connect();
    peer.below.sink.next(lengthOf(65_535));
    for (let second = 0; second < 45 && bench.host.connections.length > 0; second += 1) {
      await bench.advance(1000);
      peer.below.sink.next(Uint8Array.of(second));
    }
    expect(bench.events.filter(({ type }) => type === 'connection:close')).toMatchObject([
      { code: 'ERR_KEEPALIVE_TIMEOUT', at: 30_000 },
    ]);
  });
});

describe('nonces', () => {
  it.each(makers)('N25: go on from 2^32 - 1 to 2^32 ($name)', (maker) => {
    const aead = maker.aead(KEY);
    const sealer = new Sealer(aead, new Nonce(0xfffffffe, 0));
    const opener = new Opener(maker.aead(KEY), new Nonce(0xfffffffe, 0));
    const nonces = ['00000000feffffff00000000', '00000000ffffffff00000000', '000000000000000001000000'];
    for (const nonce of nonces) {
      const message = concatBytes(...sealer.seal([utf8('hello')]));
      const expected = concatBytes(...aead.seal(fromHex(nonce), NO_BYTES, [utf8('hello')]));
      expect(toHex(message.subarray(2))).toBe(toHex(expected));
      const got: Bytes[] = [];
      opener.open(new Uint8Array(message), (piece) => got.push(piece));
      expect(Buffer.concat(got).toString()).toBe('hello');
    }
  });

  const LAST = (): Nonce => new Nonce(0xfffffffe, 0xffffffff);

  it('N25: at 2^64 - 2 end the channel of whoever writes, and nothing leaves', () => {
    const { duplex, below, settle } = channel(crypto.aead(KEY), LAST());
    const heard = record(duplex);
    duplex.sink.next(utf8('too much'));
    duplex.sink.next(utf8('too much'));
    settle();
    expect(heard.ended()).toMatchObject({ code: 'ERR_NOISE_FRAME', fault: 'local' });
    expect([below.bytes().byteLength, below.ended()]).toMatchObject([0, { code: 'ERR_TRANSPORT' }]);
  });

  it('N25: at 2^64 - 2 end the channel of whoever reads, and nothing is delivered', () => {
    const { duplex, below, say } = channel(crypto.aead(KEY), LAST());
    const heard = record(duplex);
    const pieces = crypto.aead(KEY).seal(LAST().bytes, NO_BYTES, [utf8('last')]);
    say(lengthOf(4 + TAG_BYTES), ...pieces);
    expect(heard.bytes().byteLength).toBe(0);
    expect(heard.ended()).toMatchObject({ code: 'ERR_NOISE_FRAME' });
    expect(below.ended()).toMatchObject({ code: 'ERR_TRANSPORT' });
  });
});

describe.each(makers)('chunks that a reader keeps ($name)', (maker) => {
  it.each(CUTS)(
    'N27: never change, whatever comes later and whatever becomes of what came (pieces of %d)',
    (size) => {
      const sealer = new Sealer(maker.aead(KEY));
      const opener = new Opener(maker.aead(KEY));
      const kept: Bytes[] = [];
      const snapshots: string[] = [];
      for (let round = 0; round < 20; round += 1) {
        const plaintext = new Uint8Array(3000).fill(round);
        const wire = concatBytes(...sealer.seal([plaintext]));
        for (const piece of cut(wire, size)) {
          opener.open(piece, (chunk) => {
            kept.push(chunk);
            snapshots.push(toHex(chunk));
          });
          // A socket's buffer is used again once it was handed on.
          piece.fill(0xee);
        }
      }
      expect(kept.map(toHex)).toEqual(snapshots);
      const rounds = Array.from({ length: 20 }, (_, round) => new Uint8Array(3000).fill(round));
      expect(Buffer.concat(kept).equals(Buffer.concat(rounds))).toBe(true);
    },
  );

  it('N23: a message that comes byte by byte is held, and handed on, in few pieces', () => {
    const plaintext = new Uint8Array(40_000).fill(7);
    const wire = concatBytes(...new Sealer(maker.aead(KEY)).seal([plaintext]));
    const opener = new Opener(maker.aead(KEY));
    const kept: Bytes[] = [];
    for (const piece of cut(wire, 1)) opener.open(piece, (chunk) => kept.push(chunk));
    expect(Buffer.concat(kept).equals(plaintext)).toBe(true);
    expect(kept.length).toBeLessThan(40);
  });
});

it('S11: nothing written is no message', () => {
  const { duplex, below, settle } = channel();
  duplex.sink.next(NO_BYTES);
  settle();
  expect(below.bytes().byteLength).toBe(0);
});
