import { alarm } from '../../src/rx/alarm.js';
import { each } from '../../src/rx/each.js';
import { runMarbles } from '../support/marbles.js';

describe('alarm', () => {
  const times = { a: 3, b: 5, n: undefined, p: 0 };

  it.each([
    ['at its time', 'a-----|', '---r--|'],
    ['at the time that came last', 'ab----|', '-----r|'],
    ['once for a time that is set again', 'a-a---|', '---r--|'],
    ['not where it was taken back', 'a-n---|', '------|'],
    ['at once for a time that has come', '--p---|', '--r---|'],
    ['never behind the end', 'a-|', '--|'],
  ])('rings %s', (_, source, expected) => {
    runMarbles(({ cold, expectObservable }, scheduler) => {
      expectObservable(cold(source, times).pipe(alarm(scheduler))).toBe(expected, { r: undefined });
    });
  });
});

describe('each', () => {
  it('gives the items of every list in order, and ends as the source does', () => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const lists = cold<readonly number[]>('-a-b--c|', { a: [1, 2], b: [], c: [3] });
      expectObservable(lists.pipe(each<number>())).toBe('-(xy)-z|', { x: 1, y: 2, z: 3 });
      expectObservable(cold('-a-#', { a: [1] }).pipe(each<number>())).toBe('-x-#', { x: 1 });
      expectSubscriptions(lists.subscriptions).toBe('^------!');
    });
  });
});
