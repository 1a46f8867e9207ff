import { backOff, PendingWrites } from '../../src/peerstore/pending-writes.js';

function waiting(count: number): PendingWrites {
  const pending = new PendingWrites();
  for (let n = 0; n < count; n += 1) pending.changed(`p${String(n)}`);
  return pending;
}

it('a peer that changes often waits once, and keeps its place', () => {
  const pending = waiting(2);
  pending.changed('p0');
  expect(pending.take()).toEqual(['p0', 'p1']);
});

it('256 go in one batch, one batch at a time', () => {
  const pending = waiting(300);
  expect(pending.take()).toHaveLength(256);
  expect(pending.take()).toEqual([]);
  expect(pending.nextAt(0)).toBeUndefined();
  pending.written();
  expect(pending.take()).toHaveLength(44);
});

it('what changes while it is written is written again', () => {
  const pending = waiting(1);
  pending.take();
  pending.changed('p0');
  pending.written();
  expect(pending.isStored(1)).toBe(true);
  expect(pending.isStored(pending.latest)).toBe(false);
  expect(pending.take()).toEqual(['p0']);
});

it('what failed waits again, in front, until its back-off ends; or until somebody asks', () => {
  const pending = waiting(1);
  pending.take();
  pending.changed('later');
  pending.changed('p0');
  pending.failed(100);
  expect(pending.nextAt(100)).toBe(1_100);
  expect(pending.nextAt(5_000)).toBe(5_000);
  expect(pending.isStored(1)).toBe(false);
  pending.hurry();
  expect(pending.nextAt(100)).toBe(100);
  expect(pending.take()).toEqual(['p0', 'later']);
});

it('the back-off doubles to a minute, and a success ends it', () => {
  expect([0, 1, 2, 5, 6, 100].map(backOff)).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000]);
  const pending = waiting(1);
  pending.take();
  pending.failed(0);
  pending.take();
  pending.failed(0);
  expect(pending.nextAt(0)).toBe(2_000);
  pending.take();
  pending.written();
  pending.changed('x');
  expect(pending.nextAt(7)).toBe(7);
});
