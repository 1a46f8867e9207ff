import { seededChance } from '../../src/testing/chance.js';

const draw = (seed: string, count: number): number[] => Array.from({ length: count }, seededChance(seed));

it('is the same for the same seed, and another for another', () => {
  expect(draw('1/a', 100)).toEqual(draw('1/a', 100));
  expect(draw('1/a', 100)).not.toEqual(draw('1/b', 100));
  expect(draw('1/a', 100)).not.toEqual(draw('2/a', 100));
});

it('is spread evenly from 0 on, below 1', () => {
  const drawn = draw('seed', 100_000);
  const tenths = Array.from(
    { length: 10 },
    (_, tenth) => drawn.filter((x) => Math.floor(x * 10) === tenth).length,
  );
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...drawn)).toBeLessThan(1);
  for (const count of tenths) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});
