import { BehaviorSubject } from 'rxjs';
import { pullSync } from '../../src/rx/pull-sync.js';
import { runMarbles } from '../support/marbles.js';

const rooms = { t: true, f: false };

describe('pullSync', () => {
  it.each([
    ['nothing while there is no room', ['a'], 'f', '-', '^'],
    ['nothing while the room has not spoken', ['a'], '-', '-', '^'],
    ['an empty iterable, once there is room', [], '--t', '--|', '^-!'],
    ['one item and the end', ['a'], '-t', '-(a|)', '^!'],
    ['many at once while there is room', ['a', 'b', 'c'], '-f-t', '---(abc|)', '^--!'],
    ['an error of the room', ['a'], 'f-#', '--#', '^-!'],
  ])('%s', (_, items, room, expected, subscription) => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const room$ = cold(room, rooms);
      expectObservable(pullSync(items, room$)).toBe(expected);
      expectSubscriptions(room$.subscriptions).toBe(subscription);
    });
  });

  it('an early unsubscribe leaves the room and tells the iterator', () => {
    runMarbles(({ cold, expectObservable, expectSubscriptions, flush }) => {
      let returned = 0;
      const endless: Iterable<string> = {
        [Symbol.iterator]: () => ({
          next: () => ({ done: false, value: 'a' }),
          return: () => {
            returned += 1;
            return { done: true, value: undefined };
          },
        }),
      };
      const room$ = cold('-f----', rooms);
      expectObservable(pullSync(endless, room$), '^--!').toBe('-');
      expectSubscriptions(room$.subscriptions).toBe('^--!');
      flush();
      expect(returned).toBe(1);
    });
  });

  it('takes no item more when one of them has filled the room, and goes on when there is some', () => {
    const room = new BehaviorSubject(true);
    let taken = 0;
    function* counting(): Generator<number> {
      while (taken < 6) yield (taken += 1);
    }
    const seen: number[] = [];
    let ended = false;
    pullSync(counting(), room).subscribe({
      next: (value) => {
        seen.push(value);
        if (value % 2 === 0) room.next(false);
      },
      complete: () => (ended = true),
    });
    expect([seen, taken]).toEqual([[1, 2], 2]);
    room.next(true);
    expect([seen, taken]).toEqual([[1, 2, 3, 4], 4]);
    room.next(true);
    room.next(true);
    expect([seen.length, ended]).toEqual([6, true]);
  });

  it('an iterator that throws is an error', () => {
    const thrown = new Error('no');
    function* failing(): Generator<number> {
      yield 1;
      throw thrown;
    }
    const seen: unknown[] = [];
    pullSync(failing(), new BehaviorSubject(true)).subscribe({
      next: (value) => seen.push(value),
      error: (error: unknown) => seen.push(error),
    });
    expect(seen).toEqual([1, thrown]);
  });

  it('a hundred thousand items in one turn of room do not recurse', () => {
    const room = new BehaviorSubject(true);
    let count = 0;
    pullSync(new Array<number>(100_000).fill(0), room).subscribe(() => {
      count += 1;
      // As a channel does that is full and has room again at once.
      room.next(false);
      room.next(true);
    });
    expect(count).toBe(100_000);
  });
});
