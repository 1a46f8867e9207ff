import fc from 'fast-check';
import { from, map, of, take, toArray } from 'rxjs';
import { concatBytes, utf8 } from '../../src/core/bytes.js';
import type { Bytes } from '../../src/core/duplex.js';
import { Libp2pError } from '../../src/core/errors.js';
import { encodeVarint } from '../../src/core/varint.js';
import { lengthPrefixed, lines, withLengthPrefix } from '../../src/rx/frames.js';
import { runMarbles } from '../support/marbles.js';
import { cut, fromHex } from '../support/vectors.js';

const CHUNKS: Record<string, Bytes> = {
  /** A whole message, "a". */
  a: fromHex('0161'),
  /** Its length alone. */
  l: fromHex('01'),
  /** Its body alone. */
  b: fromHex('61'),
  /** Three messages, and the length of a fourth. */
  m: fromHex('016101610161' + '01'),
  /** A message of no bytes. */
  z: fromHex('00'),
  /** A length of four: one too many. */
  t: fromHex('04'),
  /** A length that never ends. */
  v: fromHex('ff'.repeat(9)),
};
const MESSAGES = { a: fromHex('61'), z: new Uint8Array(0) };
const cutOff = (what: string) =>
  new Libp2pError('ERR_UNEXPECTED_END', 'remote', `the stream ended inside a ${what}`);
const tooLong = (what: string, byteLength: number, maxBytes: number) =>
  new Libp2pError(
    'ERR_MESSAGE_TOO_LONG',
    'remote',
    `${what} of ${String(byteLength)} bytes; ${String(maxBytes)} are allowed`,
  );
const noVarint = new Libp2pError(
  'ERR_INVALID_VARINT',
  'remote',
  'a varint of more than 9 bytes, at offset 0',
);

describe('lengthPrefixed', () => {
  it.each([
    ['never', '-', '-', '^', undefined],
    ['empty', '|', '|', '(^!)', undefined],
    ['one message', '-a-|', '-a-|', '^--!', undefined],
    ['a message in two chunks', '-l-b|', '---a|', '^---!', undefined],
    ['many in one chunk, and the rest of the last', '-m-----b|', '-(aaa)-a|', '^-------!', undefined],
    ['a message of no bytes', '-z|', '-z|', '^-!', undefined],
    ['an error of the source', '-a-#', '-a-#', '^--!', 'error'],
    ['an end inside a message', '-al|', '-a-#', '^--!', cutOff('message')],
    [
      'a length over the bound, before a byte of it has come',
      '-at',
      '-a#',
      '^-!',
      tooLong('a message', 4, 3),
    ],
    ['a length that is no varint', '-v', '-#', '^!', noVarint],
  ])('%s', (_, source, expected, subscription, error) => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold(source, CHUNKS);
      expectObservable(source$.pipe(lengthPrefixed({ maxBytes: 3 }))).toBe(expected, MESSAGES, error);
      expectSubscriptions(source$.subscriptions).toBe(subscription);
    });
  });

  it('an early unsubscribe leaves the source; one inside a message stops those behind it in the chunk', () => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('-a-a-a|', CHUNKS);
      expectObservable(source$.pipe(lengthPrefixed({ maxBytes: 3 })), '^--!').toBe('-a-', MESSAGES);
      expectSubscriptions(source$.subscriptions).toBe('^--!');
    });
    const seen: Bytes[] = [];
    const subscription = of(fromHex('016101620163')).pipe(lengthPrefixed({ maxBytes: 3 }), take(2));
    subscription.subscribe((message) => seen.push(message));
    expect(seen).toEqual([fromHex('61'), fromHex('62')]);
  });

  it('a bound of exactly the message lets it pass', () => {
    runMarbles(({ cold, expectObservable }) => {
      const whole = { a: fromHex('03616263') };
      expectObservable(cold('a|', whole).pipe(lengthPrefixed({ maxBytes: 3 }))).toBe('a|', {
        a: fromHex('616263'),
      });
    });
  });

  it.each([5000, 100_000])('%d messages in one chunk do not recurse', (count) => {
    let heard = 0;
    of(fromHex('0161'.repeat(count)))
      .pipe(lengthPrefixed({ maxBytes: 3 }))
      .subscribe(() => (heard += 1));
    expect(heard).toBe(count);
  });

  it('gives back what withLengthPrefix has framed, cut anyhow', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 50 }),
        (messages, size) => {
          const framed: Bytes[] = [];
          from(messages)
            .pipe(withLengthPrefix())
            .subscribe((list) => framed.push(new Uint8Array(list.subarray())));
          expect(concatBytes(...framed)).toEqual(
            concatBytes(...messages.flatMap((message) => [encodeVarint(message.byteLength), message])),
          );
          let again: Bytes[] = [];
          from(cut(concatBytes(...framed), size))
            .pipe(lengthPrefixed({ maxBytes: 200 }), toArray())
            .subscribe((all) => (again = all));
          expect(again.map((bytes) => [...bytes])).toEqual(messages.map((bytes) => [...bytes]));
        },
      ),
    );
  });
});

describe('withLengthPrefix', () => {
  it.each([
    ['never', '-', '-', '^'],
    ['empty', '|', '|', '(^!)'],
    ['one message', '-a|', '-x|', '^-!'],
    ['an error', '-a#', '-x#', '^-!'],
  ])('%s', (_, source, expected, subscription) => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold(source, { a: utf8('abc') });
      const framed$ = source$.pipe(
        withLengthPrefix(),
        map((list) => list.subarray()),
      );
      expectObservable(framed$).toBe(expected, { x: fromHex('03616263') });
      expectSubscriptions(source$.subscriptions).toBe(subscription);
    });
  });
});

describe('lines', () => {
  const texts: Record<string, Bytes> = {
    a: utf8('a\n'),
    r: utf8('a\r\n'),
    h: utf8('a'),
    n: utf8('\n'),
    m: utf8('a\na\na\n'),
    t: utf8('abcd'),
    i: fromHex('ff0a'),
    u: fromHex('ff'),
  };
  const notText = new Libp2pError('ERR_MULTISTREAM', 'remote', 'a line that is not UTF-8');

  it.each([
    ['never', '-', '-', '^', undefined],
    ['empty', '|', '|', '(^!)', undefined],
    ['one line', '-a|', '-a|', '^-!', undefined],
    ['one with a carriage return', '-r|', '-a|', '^-!', undefined],
    ['a line in two chunks', '-h-n|', '---a|', '^---!', undefined],
    ['many in one chunk', '-m----|', '-(aaa)|', '^-----!', undefined],
    ['an empty line', '-n|', '-e|', '^-!', undefined],
    ['a last one without its newline', '-a-h-|', '-a---(a|)', '^----!', undefined],
    ['an error of the source', '-a-#', '-a-#', '^--!', 'error'],
    ['more than the bound without a newline', '-at', '-a#', '^-!', tooLong('a line', 4, 3)],
    ['more than the bound in two chunks', '-hht', '---#', '^--!', tooLong('a line', 6, 3)],
    ['what is not UTF-8', '-ai', '-a#', '^-!', notText],
    ['what is not UTF-8 in a last line without its newline', '-au|', '-a-#', '^--!', notText],
  ])('%s', (_, source, expected, subscription, error) => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold(source, texts);
      expectObservable(source$.pipe(lines({ maxBytes: 3 }))).toBe(expected, { a: 'a', e: '' }, error);
      expectSubscriptions(source$.subscriptions).toBe(subscription);
    });
  });

  it('an early unsubscribe leaves the source', () => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('-a-a-a|', texts);
      expectObservable(source$.pipe(lines({ maxBytes: 3 })), '^--!').toBe('-a-');
      expectSubscriptions(source$.subscriptions).toBe('^--!');
    });
  });

  it('any bytes, cut anyhow, give lines or a typed error', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60, size: 'max' }),
        fc.integer({ min: 1, max: 20 }),
        (bytes, size) => {
          let failure: unknown;
          from(cut(new Uint8Array(bytes), size))
            .pipe(lines({ maxBytes: 20 }))
            .subscribe({ error: (error: unknown) => (failure = error) });
          if (failure !== undefined) expect(failure).toBeInstanceOf(Libp2pError);
          from(cut(new Uint8Array(bytes), size))
            .pipe(lengthPrefixed({ maxBytes: 20 }))
            .subscribe({ error: (error: unknown) => (failure = error) });
          if (failure !== undefined) expect(failure).toBeInstanceOf(Libp2pError);
        },
      ),
      { numRuns: 500 },
    );
  });
});
