import { Observable } from 'rxjs';
import { Deadlines } from '../../src/rx/deadlines.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { runMarbles } from '../support/marbles.js';

/** Emits its own letter when the deadline is over; unsubscribing clears it. */
const expiry = (deadlines: Deadlines, letter: string): Observable<string> =>
  new Observable((subscriber) =>
    deadlines.add(() => {
      subscriber.next(letter);
      subscriber.complete();
    }),
  );

describe('deadlines', () => {
  it('expire after their common time, each from when it was set', () => {
    runMarbles(({ cold, expectObservable }, scheduler) => {
      const deadlines = new Deadlines(scheduler, 5);
      const set = (marble: string): Observable<string> =>
        new Observable((subscriber) =>
          cold(marble).subscribe((letter) => {
            subscriber.add(expiry(deadlines, letter).subscribe(subscriber));
          }),
        );
      expectObservable(set('a')).toBe('-----(a|)');
      expectObservable(set('-b')).toBe('------(b|)');
      expectObservable(set('---------c')).toBe('--------------(c|)');
    });
  });

  it('of which one was cleared in time do not expire, and those behind it do', () => {
    runMarbles(({ expectObservable }, scheduler) => {
      const deadlines = new Deadlines(scheduler, 5);
      expectObservable(expiry(deadlines, 'a'), '^---!').toBe('-');
      expectObservable(expiry(deadlines, 'b')).toBe('-----(b|)');
    });
  });

  it('none of them expires after the close, nor any that is set then', () => {
    runMarbles(({ expectObservable }, scheduler) => {
      const deadlines = new Deadlines(scheduler, 5);
      expectObservable(expiry(deadlines, 'a')).toBe('-');
      scheduler.schedule(() => {
        deadlines.close();
        expectNothing(deadlines);
      }, 3);
    });
  });

  const expectNothing = (deadlines: Deadlines): void => {
    let expired = false;
    const clear = deadlines.add(() => (expired = true));
    clear();
    expect(expired).toBe(false);
  };

  it('are many behind one timer, which is set again only for those that are left', () => {
    const clock = new VirtualClock();
    const deadlines = new Deadlines(clock, 100);
    const expired: number[] = [];
    const clears = Array.from({ length: 1000 }, (_, index) => {
      clock.moveTo(index / 100);
      return deadlines.add(() => expired.push(index));
    });
    for (const [index, clear] of clears.entries()) if (index % 2 === 0) clear();
    let steps = 0;
    for (; clock.nextAt !== undefined; steps += 1) clock.step();
    expect(expired).toEqual(Array.from({ length: 500 }, (_, index) => 2 * index + 1));
    expect(steps).toBeLessThanOrEqual(501);
  });

  it('leave no timer once the last is cleared or has expired, P15', () => {
    const clock = new VirtualClock();
    const deadlines = new Deadlines(clock, 100);
    const clears = [deadlines.add(() => undefined), deadlines.add(() => undefined)];
    clears[0]?.();
    clears[0]?.();
    expect(clock.nextAt).toBe(100);
    clears[1]?.();
    expect(clock.nextAt).toBeUndefined();
    clock.moveTo(50);
    let expired = 0;
    const late = deadlines.add(() => (expired += 1));
    expect(clock.nextAt).toBe(150);
    clock.step();
    // Clearing what has expired takes nothing from the next.
    deadlines.add(() => (expired += 1));
    late();
    expect([clock.nextAt, expired]).toEqual([250, 1]);
  });

  it('that are objects leave their timer to the next, until it has run out or they settle', () => {
    const clock = new VirtualClock();
    const deadlines = new Deadlines(clock, 100);
    let expired = 0;
    const deadline = { dueAt: 0, expire: (): unknown => (expired += 1) };
    deadlines.set(deadline);
    deadlines.settle();
    deadlines.clear(deadline);
    expect(clock.nextAt).toBe(100);
    deadlines.settle();
    expect(clock.nextAt).toBeUndefined();
    deadlines.set(deadline);
    deadlines.clear(deadline);
    clock.moveTo(50);
    deadlines.set(deadline);
    clock.step();
    expect([clock.nextAt, expired]).toEqual([150, 0]);
    clock.step();
    expect([clock.nextAt, expired]).toEqual([undefined, 1]);
  });

  it('may be set and cleared while another expires', () => {
    const clock = new VirtualClock();
    const deadlines = new Deadlines(clock, 10);
    const expired: string[] = [];
    deadlines.add(() => {
      expired.push('first');
      clear();
      deadlines.add(() => expired.push(`third at ${String(clock.now())}`));
    });
    const clear = deadlines.add(() => expired.push('second'));
    while (clock.nextAt !== undefined) clock.step();
    expect(expired).toEqual(['first', 'third at 20']);
  });

  it('may all be closed while one expires', () => {
    const clock = new VirtualClock();
    const deadlines = new Deadlines(clock, 10);
    const expired: string[] = [];
    deadlines.add(() => {
      expired.push('first');
      deadlines.close();
    });
    deadlines.add(() => expired.push('second'));
    while (clock.nextAt !== undefined) clock.step();
    expect(expired).toEqual(['first']);
  });
});
