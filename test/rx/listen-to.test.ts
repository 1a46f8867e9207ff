import { concat, NEVER, Observable, of, Subscription } from 'rxjs';
import { listenTo } from '../../src/rx/listen-to.js';
import { runMarbles } from '../support/marbles.js';

/** The same, as an Observable. */
const listened = <T>(source: Observable<T>): Observable<T> =>
  new Observable<T>((subscriber) => {
    const until = new Subscription();
    listenTo(source, until, subscriber);
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
      const source$ = cold(source);
      expectObservable(listened(source$)).toBe(expected);
      expectSubscriptions(source$.subscriptions).toBe(subscription);
    });
  });

  it('leaves at an early unsubscribe', () => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('-a-b-c|');
      expectObservable(listened(source$), '^--!').toBe('-a-');
      expectSubscriptions(source$.subscriptions).toBe('^--!');
    });
  });

  it.each([
    [
      'a value that came inside subscribe',
      (until: Subscription, seen: unknown[]) => (value: number) => {
        seen.push(value);
        if (value === 2) until.unsubscribe();
      },
      [1, 2],
    ],
    [
      'the first of them',
      (until: Subscription, seen: unknown[]) => (value: number) => {
        seen.push(value);
        until.unsubscribe();
      },
      [1],
    ],
  ])('is gone from its source when it leaves inside %s: no value more, and no end', (_, make, expected) => {
    const until = new Subscription();
    const seen: unknown[] = [];
    let torn = 0;
    const source = new Observable<number>((subscriber) => {
      subscriber.add(() => (torn += 1));
      concat(of(1, 2, 3), NEVER).subscribe(subscriber);
    });
    listenTo(source, until, {
      next: make(until, seen),
      error: () => seen.push('error'),
      complete: () => seen.push('end'),
    });
    expect([seen, torn]).toEqual([expected, 1]);
  });

  it('hears no error and no end that comes of its leaving', () => {
    const until = new Subscription();
    const seen: unknown[] = [];
    const source = new Observable<number>((subscriber) => {
      subscriber.next(1);
      subscriber.error(new Error('because you left'));
    });
    listenTo(source, until, {
      next: (value) => {
        seen.push(value);
        until.unsubscribe();
      },
      error: () => seen.push('error'),
      complete: () => seen.push('end'),
    });
    expect(seen).toEqual([1]);
  });
});
