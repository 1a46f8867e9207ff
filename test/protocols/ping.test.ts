import fc from 'fast-check';
import { concatBytes } from '../../src/core/bytes.js';
import type { Bytes } from '../../src/core/duplex.js';
import { PingEcho, PingExchange } from '../../src/protocols/ping/ping-codec.js';
import { codeThrownBy, cut, CUTS } from '../support/vectors.js';

const block = (fill: number): Bytes => new Uint8Array(32).fill(fill);

describe('the responder', () => {
  it.each(CUTS)('PING-2: gives whole blocks back, cut into %d bytes', (size) => {
    const sent = concatBytes(block(1), block(2), block(3));
    const echo = new PingEcho();
    const back = cut(sent, size).map((chunk) => echo.push(chunk));
    expect(concatBytes(...back)).toEqual(sent);
    expect(back.every(({ byteLength }) => byteLength % 32 === 0)).toBe(true);
    expect(echo.isInside).toBe(false);
  });

  it('keeps what is less than a block to itself', () => {
    const echo = new PingEcho();
    expect(echo.push(block(1).subarray(0, 31))).toHaveLength(0);
    expect(echo.isInside).toBe(true);
    expect(echo.push(concatBytes(block(1).subarray(31), block(2).subarray(0, 1)))).toEqual(block(1));
    expect(echo.isInside).toBe(true);
  });

  it('gives back what came, however it came', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 })), (chunks) => {
        const echo = new PingEcho();
        const sent = concatBytes(...chunks);
        const back = concatBytes(...chunks.map((chunk) => echo.push(new Uint8Array(chunk))));
        expect(back).toEqual(sent.subarray(0, sent.byteLength - (sent.byteLength % 32)));
      }),
    );
  });
});

describe('the caller', () => {
  it.each(CUTS)('PING-3: has its time when all of the answer is there, cut into %d bytes', (size) => {
    const exchange = new PingExchange();
    expect(exchange.begin(block(7), 100)).toEqual(block(7));
    const times = cut(block(7), size).map((chunk, at) => exchange.push(chunk, 150 + at));
    expect(times.slice(0, -1).every((time) => time === undefined)).toBe(true);
    expect(times.at(-1)).toBe(50 + times.length - 1);
  });

  it('can begin again', () => {
    const exchange = new PingExchange();
    for (const fill of [1, 2, 3]) {
      exchange.begin(block(fill), 0);
      expect(exchange.push(block(fill), fill)).toBe(fill);
    }
  });

  it('PING-4: takes no other answer, at the first byte that differs', () => {
    for (const wrong of [block(8), block(8).subarray(0, 1), concatBytes(block(7), block(7).subarray(0, 1))]) {
      const exchange = new PingExchange();
      exchange.begin(block(7), 0);
      expect(codeThrownBy(() => exchange.push(wrong, 1))).toBe('ERR_PING');
    }
  });

  it('takes nothing that it did not ask for', () => {
    expect(codeThrownBy(() => new PingExchange().push(block(1), 0))).toBe('ERR_PING');
  });

  it('is never faster than light, whatever the clock does', () => {
    const exchange = new PingExchange();
    exchange.begin(block(1), 100);
    expect(exchange.push(block(1), 50)).toBe(0);
  });
});
