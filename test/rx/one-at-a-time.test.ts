import { BehaviorSubject, from, map, Observable, of, skip } from 'rxjs';
import { oneAtATime } from '../../src/rx/one-at-a-time.js';
import { runMarbles } from '../support/marbles.js';

describe('oneAtATime', () => {
  /** Each item takes five frames and gives its own letter, twice. */
  it.each([
    ['never', '-', '-', '^'],
    ['empty', '|', '|', '(^!)'],
    ['empty later', '--|', '--|', '^-!'],
    ['one item', '-a|', '-a----(a|)', '^-!'],
    ['items that wait for each other', 'abc|', 'a----(ab)-(bc)-(c|)', '^--!'],
    ['items far apart', 'a-------b-------|', 'a----a--b----b--|', '^---------------!'],
    ['an error, at once, whatever waits', 'ab#', 'a-#', '^-!'],
  ])('%s', (_, source, expected, subscription) => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold(source);
      const twice = (letter: string): Observable<string> => cold('x----(x|)').pipe(map(() => letter));
      expectObservable(oneAtATime(source$, new BehaviorSubject(true), twice)).toBe(expected);
      expectSubscriptions(source$.subscriptions).toBe(subscription);
    });
  });

  it('subscribes to one at a time, and says that there is no room meanwhile', () => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const inner = { a: cold('---|'), b: cold('--|') };
      const room = new BehaviorSubject(true);
      const source$ = cold<'a' | 'b'>('-(ab)---------|');
      expectObservable(room.pipe(skip(1))).toBe('-f----t', { t: true, f: false });
      expectObservable(oneAtATime(source$, room, (letter) => inner[letter])).toBe('--------------|');
      expectSubscriptions(inner.a.subscriptions).toBe('-^--!');
      expectSubscriptions(inner.b.subscriptions).toBe('----^-!');
    });
  });

  it('an item that fails ends it, and those behind it are not begun', () => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const inner = { a: cold('-x-#'), b: cold('x|') };
      const source$ = cold<'a' | 'b'>('(ab)');
      expectObservable(oneAtATime(source$, new BehaviorSubject(true), (letter) => inner[letter])).toBe(
        '-x-#',
      );
      expectSubscriptions(inner.b.subscriptions).toBe([]);
      expectSubscriptions(source$.subscriptions).toBe('^--!');
    });
  });

  it('an early unsubscribe leaves the source and the item that is worked on', () => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const inner = { a: cold('-x---|'), b: cold('x|') };
      const source$ = cold<'a' | 'b'>('(ab)-|');
      expectObservable(
        oneAtATime(source$, new BehaviorSubject(true), (letter) => inner[letter]),
        '^--!',
      ).toBe('-x-');
      expectSubscriptions(inner.a.subscriptions).toBe('^--!');
      expectSubscriptions(inner.b.subscriptions).toBe([]);
      expectSubscriptions(source$.subscriptions).toBe('^--!');
    });
  });

  it('a projection that throws is an error, not an exception', () => {
    const seen: unknown[] = [];
    const thrown = new Error('no');
    oneAtATime(of(1), new BehaviorSubject(true), () => {
      throw thrown;
    }).subscribe({ error: (error: unknown) => seen.push(error) });
    expect(seen).toEqual([thrown]);
  });

  it.each([5000, 100_000])('%d items that take no time do not recurse, behind one that does', (count) => {
    const room = new BehaviorSubject(true);
    let finish: (() => void) | undefined;
    const first = new Observable<number>((subscriber) => {
      finish = () => {
        subscriber.complete();
      };
    });
    let sum = 0;
    let done = false;
    const items = Array.from({ length: count }, (_, index) => index);
    oneAtATime(from(items), room, (item) => (item === 0 ? first : of(1))).subscribe({
      next: (value) => (sum += value),
      complete: () => (done = true),
    });
    expect([sum, done]).toEqual([0, false]);
    finish?.();
    expect([sum, done]).toEqual([count - 1, true]);
  });

  it('items of undefined are items', () => {
    const seen: unknown[] = [];
    oneAtATime(of(undefined, undefined), new BehaviorSubject(true), (item) => [item]).subscribe((value) =>
      seen.push(value),
    );
    expect(seen).toEqual([undefined, undefined]);
  });
});
