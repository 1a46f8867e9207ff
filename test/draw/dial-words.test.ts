import fc from 'fast-check';
import { ticksOf } from '../../src/draw/dial-marks.js';
import { duration, fit, harmless, shortAddr, wrap } from '../../src/draw/dial-words.js';
import { PEER } from '../support/dial-events.js';

describe('the words of a drawing', () => {
  it.each([
    [0, '0 ms'],
    [0.04, '0 ms'],
    [7.49, '7.5 ms'],
    [340.4, '340 ms'],
    [999.4, '999 ms'],
    [1250, '1.25 s'],
    [5000, '5 s'],
    [65_432, '65.4 s'],
  ])('write %s ms as %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it.each([
    ['the peer that is dialed is understood', `/ip4/1.2.3.4/tcp/1/p2p/${PEER}`, '/ip4/1.2.3.4/tcp/1'],
    ['nothing but the peer', `/p2p/${PEER}`, '/p2p/…c6iDEp'],
    [
      'a relay’s key',
      `/ip4/1.2.3.4/tcp/1/p2p/${PEER}/p2p-circuit`,
      '/ip4/1.2.3.4/tcp/1/p2p/…c6iDEp/p2p-circuit',
    ],
    ['a long name stays', `/dns4/${'long.'.repeat(9)}org`, `/dns4/${'long.'.repeat(9)}org`],
  ])('shorten addresses: %s', (_, addr, short) => {
    expect(shortAddr(addr, PEER)).toBe(short);
  });

  it('cut in the middle, to the column', () => {
    expect([9, 8, 7, 2, 1].map((columns) => fit('abcdefgh', columns))).toEqual([
      'abcdefgh',
      'abcdefgh',
      'abc…fgh',
      '…h',
      '…',
    ]);
  });

  it('break at spaces if there are any, and lose nothing else', () => {
    expect(wrap('one two three', 8, '  ')).toEqual(['one two', '  three']);
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.integer({ min: 9, max: 60 }), (text, columns) => {
        const lines = wrap(text, columns, '    ');
        expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(columns);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
      }),
    );
  });

  it('are printable ASCII, whoever wrote them, of bounded length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
        expect(harmless(text)).toMatch(/^[ -~…]*$/);
        expect(harmless(text).length).toBeLessThan(256 * 10);
      }),
    );
    expect(harmless('C:\\new "path"')).toBe('C:\\new "path"');
  });
});

describe('the axis of a drawing', () => {
  it.each([
    [1, 2, ['0', '0.5 ms', '1 ms']],
    [912, 5, ['0', '200 ms', '400 ms', '600 ms', '800 ms']],
    [1999, 4, ['0', '500 ms', '1000 ms', '1500 ms']],
    [5600, 3, ['0', '2 s', '4 s']],
    [0.3, 0, ['0']],
  ])('of %s ms with at most %s steps', (axisMs, most, labels) => {
    expect(ticksOf(axisMs, most).map(({ label }) => label)).toEqual(labels);
  });

  it('has round steps, never more than asked for, all of them on it', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 1e12, noNaN: true }),
        fc.integer({ min: 1, max: 200 }),
        (axisMs, most) => {
          const [first, ...ticks] = ticksOf(axisMs, most).map(({ atMs }) => atMs);
          expect(first).toBe(0);
          expect(ticks.length).toBeLessThanOrEqual(most);
          for (const atMs of ticks) expect(atMs).toBeLessThanOrEqual(axisMs * 1.000001);
          if (ticks[0] !== undefined) expect(ticks[0].toExponential(5)).toMatch(/^[125]\.00000e/);
        },
      ),
    );
  });
});
