import { map, of, Subject, throwError } from 'rxjs';
import { guard, Guarded } from '../../src/rx/guarded.js';
import { runMarbles } from '../support/marbles.js';

describe('guard', () => {
  it.each([
    ['never', '-', '-', '^'],
    ['empty', '|', '|', '(^!)'],
    ['one value', '-a|', '-a|', '^-!'],
    ['many values', 'ab-(cd)|', 'ab-(cd)|', '^------!'],
    ['an error, to who has a handler for it', '-a-#', '-a-#', '^--!'],
  ])('passes on %s', (_, source, expected, subscription) => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold(source);
      const reported: unknown[] = [];
      expectObservable(guard(source$, (error) => reported.push(error))).toBe(expected);
      expectSubscriptions(source$.subscriptions).toBe(subscription);
      expect(reported).toEqual([]);
    });
  });

  it('leaves its source at an early unsubscribe, through operators as well', () => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('-a-b-c-#');
      const guarded$ = guard(source$, () => undefined);
      expectObservable(guarded$.pipe(map((value) => value.toUpperCase())), '^---!').toBe('-A-B-', undefined);
      expectSubscriptions(source$.subscriptions).toBe('^---!');
    });
  });

  const failure = new Error('no');
  /** Every way to subscribe without an error handler. */
  it.each([
    ['with nothing', (source: Guarded<number>) => source.subscribe()],
    ['with a function', (source: Guarded<number>) => source.subscribe(() => undefined)],
    ['with an observer of values', (source: Guarded<number>) => source.subscribe({ next: () => undefined })],
    [
      'with an observer of the end',
      (source: Guarded<number>) => source.subscribe({ complete: () => undefined }),
    ],
    ['behind an operator', (source: Guarded<number>) => source.pipe(map((value) => value)).subscribe()],
  ])('reports the error of who subscribes %s, instead of throwing it from a timer', (_, subscribe) => {
    const reported: unknown[] = [];
    subscribe(
      new Guarded<number>(
        (error) => reported.push(error),
        (subscriber) => throwError(() => failure).subscribe(subscriber),
      ),
    );
    expect(reported).toEqual([failure]);
  });

  it('reports nothing to who hears of it himself', () => {
    const reported: unknown[] = [];
    const heard: unknown[] = [];
    const guarded$ = guard(
      throwError(() => failure),
      (error) => reported.push(error),
    );
    guarded$.subscribe({ error: (error: unknown) => heard.push(error) });
    const subject = new Subject<unknown>();
    subject.subscribe({ error: (error: unknown) => heard.push(error) });
    guarded$.subscribe(subject);
    expect([heard, reported]).toEqual([[failure, failure], []]);
  });

  it('calls the handlers of an observer as its methods, and its end once', () => {
    class Counter {
      sum = 0;
      ended = 0;
      next(value: number): void {
        this.sum += value;
      }
      complete(): void {
        this.ended += 1;
      }
    }
    const counter = new Counter();
    guard(of(1, 2, 3), () => undefined).subscribe(counter);
    expect([counter.sum, counter.ended]).toEqual([6, 1]);
  });
});
