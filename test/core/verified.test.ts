import { jest } from '@jest/globals';
import { crypto } from '../../src/crypto/crypto.js';
import { isVerified } from '../../src/core/verified.js';

const signed = { crypto, key: Uint8Array.of(1, 2), data: Uint8Array.of(3), signature: Uint8Array.of(4, 5) };

describe('a signature that was verified lately', () => {
  it('is not verified again, and one that did not hold is', () => {
    const holds = jest.fn(() => true);
    const fails = jest.fn(() => false);
    const wrong = { ...signed, data: Uint8Array.of(9) };
    expect([isVerified(wrong, fails), isVerified(wrong, fails)]).toEqual([false, false]);
    expect([isVerified(signed, holds), isVerified(signed, holds)]).toEqual([true, true]);
    expect([holds.mock.calls.length, fails.mock.calls.length]).toEqual([1, 2]);
  });

  it.each([
    ['another key', { key: Uint8Array.of(1, 3) }],
    ['other data', { data: Uint8Array.of(7) }],
    ['another signature', { signature: Uint8Array.of(4, 6) }],
    ['a byte moved from one part to the next', { signature: Uint8Array.of(4), data: Uint8Array.of(5, 3) }],
  ])('says nothing of %s', (_, other) => {
    isVerified(signed, () => true);
    expect(isVerified({ ...signed, ...other }, () => false)).toBe(false);
  });

  it.each([
    ['it is longer than any of ours', { signature: new Uint8Array(1025) }],
    ['more than a record was signed', { data: new Uint8Array(16 * 1024 + 1) }],
  ])('is forgotten where %s', (_, longer) => {
    const long = { ...signed, ...longer };
    expect([isVerified(long, () => true), isVerified(long, () => false)]).toEqual([true, false]);
  });
});
