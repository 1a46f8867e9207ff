import { concatBytes, toHex } from '../../src/core/bytes.js';
import { seededRandom } from '../../src/testing/seeded-random.js';

describe('seeded random bytes', () => {
  it('are as many as asked for, also none', () => {
    const random = seededRandom(1);
    expect([0, 1, 31, 32, 33, 1000].map((byteLength) => random(byteLength).byteLength)).toEqual([
      0, 1, 31, 32, 33, 1000,
    ]);
  });

  it('are the same for the same seed, and others for another', () => {
    expect(toHex(seededRandom(1)(64))).toBe(toHex(seededRandom('1')(64)));
    expect(toHex(seededRandom(1)(64))).not.toBe(toHex(seededRandom(2)(64)));
  });

  it('stay what they are from version to version', () => {
    // SHA-256 of "1/0", by another implementation.
    expect(toHex(seededRandom(1)(8))).toBe('18d6e1cac2a8adaf');
  });

  it('do not repeat', () => {
    const random = seededRandom(1);
    expect(toHex(random(32))).not.toBe(toHex(random(32)));
  });

  it('look random: ones and zeros about even, all values there', () => {
    const random = seededRandom(3);
    const bytes = concatBytes(...Array.from({ length: 100 }, () => random(100)));
    const ones = bytes.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
    expect(Math.abs(ones / (8 * bytes.byteLength) - 0.5)).toBeLessThan(0.01);
    expect(new Set(bytes).size).toBe(256);
  });
});
