import fc from 'fast-check';
import { frameHeader, Masker, plainFrame } from '../../src/transports/websocket/frame.js';
import { seededRandom } from '../../src/testing.js';

const unmasked = (frame: Uint8Array, headerBytes: number): number[] => {
  const mask = frame.subarray(headerBytes, headerBytes + 4);
  return [...frame.subarray(headerBytes + 4)].map((byte, at) => byte ^ (mask[at % 4] ?? 0));
};

describe('a frame [RFC 6455, 5.2]', () => {
  it.each([
    [0, [0x82, 0]],
    [125, [0x82, 125]],
    [126, [0x82, 126, 0, 126]],
    [65_535, [0x82, 126, 0xff, 0xff]],
    [65_536, [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
  ])('of %d bytes begins with %j', (byteLength, header) => {
    expect([...frameHeader(byteLength, 0)]).toEqual(header);
    expect(frameHeader(byteLength, 0x80)[1]).toBe((header[1] ?? 0) | 0x80);
  });

  it('of a server is its header and the pieces as they are', () => {
    const pieces = [Uint8Array.of(1, 2), Uint8Array.of(3)];
    expect(plainFrame(pieces, 3).map((piece) => [...piece])).toEqual([[0x82, 3], [1, 2], [3]]);
    expect(plainFrame(pieces, 3)[1]).toBe(pieces[0]);
  });

  it('of a client is masked, whatever its pieces and their lengths', () => {
    const masker = new Masker(seededRandom(1));
    const piece = fc.uint8Array({ maxLength: 70 });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 5 }), (pieces) => {
        const byteLength = pieces.reduce((sum, { byteLength: more }) => sum + more, 0);
        const frame = masker.frame(pieces, byteLength);
        const header = frameHeader(byteLength, 0x80);
        expect([...frame.subarray(0, header.byteLength)]).toEqual([...header]);
        expect(frame).toHaveLength(header.byteLength + 4 + byteLength);
        expect(unmasked(frame, header.byteLength)).toEqual(pieces.flatMap((bytes) => [...bytes]));
      }),
    );
  });

  it('of a client is masked also where it is long, and leaves what it was given alone', () => {
    const bytes = new Uint8Array(70_001).map((_, at) => at * 7);
    const before = bytes.slice();
    expect(unmasked(new Masker(seededRandom(2)).frame([bytes], bytes.byteLength), 10)).toEqual([...before]);
    expect(bytes).toEqual(before);
  });

  it('of a client has a mask of its own each time [5.3]', () => {
    const masker = new Masker(seededRandom(3));
    const masks = new Set(
      Array.from({ length: 1_000 }, () => [...masker.frame([Uint8Array.of(1)], 1).subarray(2, 6)].join()),
    );
    expect(masks.size).toBe(1_000);
  });
});
