import { TestScheduler, type RunHelpers } from 'rxjs/testing';

/** A test in marbles: one frame is a millisecond of the scheduler that comes with the helpers. */
export function marbles(test: (helpers: RunHelpers, scheduler: TestScheduler) => void): void {
  const scheduler = new TestScheduler((actual, expected) => {
    expect(actual).toEqual(expected);
  });
  scheduler.run((helpers) => {
    test(helpers, scheduler);
  });
}
