import { Flag } from '../../src/rx/flag.js';

function watch(flag: Flag): unknown[] {
  const seen: unknown[] = [];
  flag.$.subscribe({ next: (value) => seen.push(value), complete: () => seen.push('complete') });
  return seen;
}

describe('a flag', () => {
  it('tells its value at once, then changes, and not what is no change', () => {
    const flag = new Flag(true);
    const seen = watch(flag);
    for (const value of [true, false, false, true]) flag.set(value);
    expect(seen).toEqual([true, false, true]);
  });

  it('tells a late watcher what is true now, whether or not somebody looked before', () => {
    const flag = new Flag(true);
    flag.set(false);
    expect([flag.value, watch(flag), watch(flag)]).toEqual([false, [false], [false]]);
  });

  it('completes its watchers once, early and late ones, and then changes no more', () => {
    const flag = new Flag(true);
    const early = watch(flag);
    flag.complete();
    flag.complete();
    flag.set(false);
    expect([flag.value, early]).toEqual([true, [true, 'complete']]);
    expect(watch(flag)).toEqual(['complete']);
  });

  it('completes at once for whoever looks first after the end', () => {
    const flag = new Flag(false);
    flag.complete();
    expect(watch(flag)).toEqual(['complete']);
  });

  it('does not hand out its subject', () => {
    expect('next' in new Flag(true).$).toBe(false);
  });
});
