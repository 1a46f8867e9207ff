import { TestScheduler, type RunHelpers } from 'rxjs/testing';

/** A test that is a drawing, in virtual time; the scheduler is the one that its subjects are given. */
export function marbles(draw: (helpers: RunHelpers, scheduler: TestScheduler) => void): () => void {
  return () => {
    const scheduler = new TestScheduler((actual, expected) => {
      expect(actual).toEqual(expected);
    });
    scheduler.run((helpers) => {
      draw(helpers, scheduler);
    });
  };
}
