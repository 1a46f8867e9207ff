import fc from 'fast-check';
import { toHex } from '../../src/core/bytes.js';
import { decodeSmallVarint, decodeVarint, encodeVarint } from '../../src/core/varint.js';
import { codeThrownBy, fromHex, vectors } from '../support/vectors.js';

interface VarintVectors {
  valid: { value: string; hex: string }[];
  withTrailingData: { hex: string; incomplete?: boolean; value?: string; bytesRead?: number }[];
  invalid: { hex: string; error: string; note: string }[];
}
const file = vectors<VarintVectors>('varint');

describe('unsigned varint', () => {
  it('consumes the whole vector file', () => {
    expect([file.valid.length, file.withTrailingData.length, file.invalid.length]).toEqual([24, 3, 10]);
  });

  it.each(file.valid)('reads and writes $value as $hex', ({ value, hex }) => {
    expect(decodeVarint(fromHex(hex))).toEqual({ value: BigInt(value), bytesRead: hex.length / 2 });
    expect(toHex(encodeVarint(BigInt(value)))).toBe(hex);
    for (let length = 0; length < hex.length / 2; length += 1) {
      expect(decodeVarint(fromHex(hex).subarray(0, length))).toBeUndefined();
    }
  });

  it.each(file.withTrailingData)(
    'leaves what follows alone: $hex',
    ({ hex, incomplete, value, bytesRead }) => {
      const expected = incomplete === true ? undefined : { value: BigInt(value ?? 0), bytesRead };
      expect(decodeVarint(fromHex(hex))).toEqual(expected);
    },
  );

  it.each(file.invalid)('refuses $hex: $error', ({ hex, error }) => {
    if (error === 'underflow' || error === 'incomplete') expect(decodeVarint(fromHex(hex))).toBeUndefined();
    else expect(codeThrownBy(() => decodeVarint(fromHex(hex)))).toBe('ERR_INVALID_VARINT');
  });

  it('refuses to write what has no varint', () => {
    for (const value of [-1, 1.5, NaN, 2 ** 53, -1n, 2n ** 63n]) {
      expect(codeThrownBy(() => encodeVarint(value))).toBe('ERR_INVALID_VARINT');
    }
  });

  it('takes a length only if it is a safe number', () => {
    expect(decodeSmallVarint(encodeVarint(Number.MAX_SAFE_INTEGER))?.value).toBe(Number.MAX_SAFE_INTEGER);
    expect(codeThrownBy(() => decodeSmallVarint(encodeVarint(2n ** 53n)))).toBe('ERR_INVALID_VARINT');
  });

  it('reads what it has written, for any value and offset', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
        fc.uint8Array({ maxLength: 5 }),
        (value, before) => {
          const written = encodeVarint(value);
          const bytes = Uint8Array.from([...before, ...written, 0xff]);
          expect(decodeVarint(bytes, before.length)).toEqual({ value, bytesRead: written.byteLength });
        },
      ),
    );
  });
});
