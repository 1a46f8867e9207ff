import { concat, NEVER, Observable, of, Subscription } from 'rxjs';
import type { Bytes, Duplex } from '../../src/core/duplex.js';
import { listenTo } from '../../src/rx/listen-to.js';
import { runMarbles } from '../support/marbles.js';

/** A channel that is read by its Observable alone. */
const channelOf = (source: Observable<Bytes>): Duplex => ({
  read: () => source,
  room$: NEVER,
  sink: { next: () => undefined, error: () => undefined, complete: () => undefined },
});
const chunks = { a: Uint8Array.of(1), b: Uint8Array.of(2), c: Uint8Array.of(3) };
const broken = new Error('broken');

/** The same, as an Observable. */
const listened = (source: Observable<Bytes>): Observable<Bytes> =>
  new Observable<Bytes>((subscriber) => {
    const until = new Subscription();
    listenTo(channelOf(source), until, subscriber);
    return until;
  });

describe('listenTo', () => {
  it.each([
    ['never', '-', '-', '^'],
    ['empty', '|', '|', '(^!)'],
    ['one value', '-a|', '-a|', '^-!'],
    ['many values', '(ab)-c|', '(ab)-c|', '^-----!'],
    ['an error', '-a-#', '-a-#', '^--!'],
  ])('hears %s', (_, source, expected, subscription) => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold(source, chunks, broken);
      expectObservable(listened(source$)).toBe(expected, chunks, broken);
      expectSubscriptions(source$.subscriptions).toBe(subscription);
    });
  });

  it('leaves at an early unsubscribe', () => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('-a-b-c|', chunks);
      expectObservable(listened(source$), '^--!').toBe('-a-', chunks);
      expectSubscriptions(source$.subscriptions).toBe('^--!');
    });
  });

  it.each([
    [
      'a value that came inside subscribe',
      (until: Subscription, seen: unknown[]) =>
        ([value]: Bytes) => {
          seen.push(value);
          if (value === 2) until.unsubscribe();
        },
      [1, 2],
    ],
    [
      'the first of them',
      (until: Subscription, seen: unknown[]) =>
        ([value]: Bytes) => {
          seen.push(value);
          until.unsubscribe();
        },
      [1],
    ],
  ])('is gone from its source when it leaves inside %s: no value more, and no end', (_, make, expected) => {
    const until = new Subscription();
    const seen: unknown[] = [];
    let torn = 0;
    const source = new Observable<Bytes>((subscriber) => {
      subscriber.add(() => (torn += 1));
      concat(of(chunks.a, chunks.b, chunks.c), NEVER).subscribe(subscriber);
    });
    listenTo(channelOf(source), until, {
      next: make(until, seen),
      error: () => seen.push('error'),
      complete: () => seen.push('end'),
    });
    expect([seen, torn]).toEqual([expected, 1]);
  });

  it('hears no error and no end that comes of its leaving', () => {
    const until = new Subscription();
    const seen: unknown[] = [];
    const source = new Observable<Bytes>((subscriber) => {
      subscriber.next(chunks.a);
      subscriber.error(new Error('because you left'));
    });
    listenTo(channelOf(source), until, {
      next: ([value]) => {
        seen.push(value);
        until.unsubscribe();
      },
      error: () => seen.push('error'),
      complete: () => seen.push('end'),
    });
    expect(seen).toEqual([1]);
  });
});
