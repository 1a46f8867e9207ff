import { Masks } from '../../src/transports/websocket/masks.js';

describe('the mask of a message', () => {
  let count = 0;
  const masks = new Masks((byteLength) => new Uint8Array(byteLength).fill((count += 1)));
  const next = (): number[] => {
    const mask = new Uint8Array(4);
    masks.fill(mask);
    return [...mask];
  };

  it.each([
    ['of handshake size is random', 4095, [1, 1, 1, 1]],
    ['that is large is zeros', 4096, [0, 0, 0, 0]],
  ])('%s', (_, byteLength, mask) => {
    count = 0;
    masks.announce(byteLength);
    expect(next()).toEqual(mask);
  });

  it('is random for what nobody announced, such as the answer to a ping behind a large message', () => {
    count = 6;
    masks.announce(100_000);
    expect([next(), next()]).toEqual([
      [0, 0, 0, 0],
      [7, 7, 7, 7],
    ]);
  });
});
