import fc from 'fast-check';
import { debounceTime, interval, take, timeout, timer } from 'rxjs';
import { VirtualClock } from '../../src/testing/virtual-clock.js';

function runAll(clock: VirtualClock): void {
  while (clock.nextAt !== undefined) clock.step();
}

describe('a virtual clock', () => {
  it('stands still until it is told to move', () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    clock.schedule(() => ran.push('ran'));
    expect([clock.now(), ran, clock.nextAt]).toEqual([0, [], 0]);
    clock.step();
    expect([clock.now(), ran, clock.nextAt]).toEqual([0, ['ran'], undefined]);
  });

  it('runs by time, and what is due together in the order in which it was scheduled', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 })), (delays) => {
        const clock = new VirtualClock();
        const ran: [number, number][] = [];
        delays.forEach((delay, index) => clock.schedule(() => ran.push([clock.now(), index]), delay));
        runAll(clock);
        const sorted = delays.map((delay, index): [number, number] => [delay, index]);
        expect(ran).toEqual(sorted.sort(([a, i], [b, j]) => a - b || i - j));
      }),
    );
  });

  it('passes over what was unsubscribed, and does not count it as something to come', () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    const first = clock.schedule(() => ran.push('first'), 1);
    clock.schedule(() => ran.push('second'), 2);
    first.unsubscribe();
    expect(clock.nextAt).toBe(2);
    runAll(clock);
    expect([ran, clock.now()]).toEqual([['second'], 2]);
  });

  it('runs what is left in order, whatever was unsubscribed before and meanwhile', () => {
    const times = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 100, maxLength: 400 });
    fc.assert(
      fc.property(times, fc.infiniteStream(fc.integer({ min: 0, max: 3 })), (delays, chance) => {
        const clock = new VirtualClock();
        const ran: number[] = [];
        const gone = new Set<number>();
        const works = delays.map((delay, index) =>
          clock.schedule(() => {
            ran.push(index);
            const victim = (index * 7) % delays.length;
            if (!ran.includes(victim)) gone.add(victim);
            works[victim]?.unsubscribe();
          }, delay),
        );
        works.forEach((work, index) => {
          if (chance.next().value === 0) return;
          work.unsubscribe();
          gone.add(index);
        });
        const order = delays.map((delay, index): [number, number] => [delay, index]);
        runAll(clock);
        const expected = order.sort(([a, i], [b, j]) => a - b || i - j).map(([, index]) => index);
        expect(ran).toEqual(expected.filter((index) => ran.includes(index)));
        expect([...ran, ...gone].sort((a, b) => a - b)).toEqual(delays.map((_, index) => index));
      }),
      { numRuns: 50 },
    );
  });

  it('holds nothing that is due never', () => {
    const clock = new VirtualClock();
    clock.schedule(() => undefined, Infinity);
    expect(clock.nextAt).toBeUndefined();
  });

  it('does not go back', () => {
    const clock = new VirtualClock();
    clock.moveTo(10);
    clock.moveTo(5);
    clock.schedule(() => undefined, -20);
    clock.step();
    expect(clock.now()).toBe(10);
  });

  it('does nothing on a step when nothing is scheduled', () => {
    const clock = new VirtualClock();
    clock.step();
    expect(clock.now()).toBe(0);
  });

  it('lets work schedule itself anew, with new state', () => {
    const clock = new VirtualClock();
    const ran: unknown[] = [];
    const action = clock.schedule<number>(
      function (count = 0) {
        ran.push([count, clock.now()]);
        if (count < 2) this.schedule(count + 1, 10);
      },
      5,
      0,
    );
    runAll(clock);
    expect([ran, action.closed]).toEqual([[[0, 5], [1, 15], [2, 25]], true]); // prettier-ignore
  });

  it('serves RxJS’s timed operators', () => {
    const clock = new VirtualClock();
    const seen: unknown[] = [];
    const note = (name: string) => (value: unknown) => seen.push([name, value, clock.now()]);
    timer(20, clock).subscribe(note('timer'));
    interval(8, clock).pipe(take(2)).subscribe(note('interval'));
    interval(4, clock).pipe(take(3), debounceTime(5, clock)).subscribe(note('debounce'));
    timer(100, clock)
      .pipe(timeout({ first: 30, scheduler: clock }))
      .subscribe({ error: note('timeout') });
    runAll(clock);
    expect(seen).toEqual([
      ['interval', 0, 8],
      ['debounce', 2, 12],
      ['interval', 1, 16],
      ['timer', 0, 20],
      ['timeout', expect.any(Error), 30],
    ]);
    expect(clock.now()).toBe(30);
  });
});
