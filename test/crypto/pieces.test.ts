import { addPiece, joined } from '../../src/crypto/pieces.js';

const bytes = (byteLength: number, value = 1): Uint8Array<ArrayBuffer> =>
  new Uint8Array(byteLength).fill(value);

describe('a message that comes piece by piece', () => {
  it('is held in arrays of 2 KiB where it comes byte by byte', () => {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for (let at = 0; at < 65_519; at += 1) addPiece(pieces, bytes(1, at));
    expect(pieces.length).toBe(32);
    expect(joined(pieces)).toEqual(Uint8Array.from({ length: 65_519 }, (_, at) => at));
  });

  it('keeps large pieces as they are, and small ones behind them apart', () => {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    const [large, small] = [bytes(2048), bytes(1)];
    addPiece(pieces, large);
    addPiece(pieces, small);
    expect([pieces[0] === large, pieces[1] === small]).toEqual([true, true]);
  });
});
