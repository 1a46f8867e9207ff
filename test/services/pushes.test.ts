import { NEVER, Subject, Subscription, throwError, type Observable } from 'rxjs';
import type { Snapshot } from '../../src/protocols/identify/snapshot.js';
import type { IdentifyLink } from '../../src/services/identify-link.js';
import { Pushes } from '../../src/services/pushes.js';

/** As much of a link as pushes look at. */
class FakeLink {
  readonly working = new Subscription();
  sent = 0;
  isPushing = false;
  hasMissed = false;
  isWanted = true;
  run(work: Subscription): void {
    this.working.add(work);
  }
  wantsPush(seq: number): boolean {
    return this.isWanted && !this.working.closed && this.sent < seq;
  }
}
interface Bench {
  readonly pushes: Pushes;
  /** What was begun, in order: to whom, of which state. */
  readonly begun: { readonly link: FakeLink; readonly seq: number }[];
  readonly failures: unknown[];
  seq: number;
}
function bench(push: (link: FakeLink) => Observable<never>): Bench {
  const made: Bench = {
    seq: 1,
    begun: [],
    failures: [],
    pushes: new Pushes({
      // Pushes read the number alone.
      get current() {
        return { seq: made.seq } as Snapshot;
      },
      push: (link, { seq }) => {
        const fake = link as unknown as FakeLink;
        made.begun.push({ link: fake, seq });
        return push(fake);
      },
      failed: (_, error) => made.failures.push(error),
    }),
  };
  return made;
}
const update = ({ pushes }: Bench, link: FakeLink): void => {
  pushes.update(link as unknown as IdentifyLink);
};

describe('ID-9: pushes', () => {
  it('are 32 at a time, and the next when one is over', () => {
    const ends: Subject<never>[] = [];
    const all = bench(() => {
      const end = new Subject<never>();
      ends.push(end);
      return end;
    });
    for (let i = 0; i < 40; i += 1) update(all, new FakeLink());
    expect(all.begun).toHaveLength(32);
    ends[0]?.complete();
    ends[1]?.error(new Error('no'));
    expect(all.begun).toHaveLength(34);
    expect(all.failures).toHaveLength(1);
  });

  it('are one at a time to each, and one more behind it, of the newest, if there was news', () => {
    const end = new Subject<never>();
    const one = bench(() => end);
    const link = new FakeLink();
    update(one, link);
    for (one.seq = 2; one.seq < 5; one.seq += 1) update(one, link);
    expect(one.begun.map(({ seq }) => seq)).toEqual([1]);
    end.complete();
    expect(one.begun.map(({ seq }) => seq)).toEqual([1, 5]);
    expect(link.isPushing).toBe(false);
  });

  it('are not repeated for the same state, also where they failed', () => {
    const one = bench(() => throwError(() => new Error('no')));
    const link = new FakeLink();
    update(one, link);
    update(one, link);
    expect([one.begun.length, one.failures.length]).toEqual([1, 1]);
    one.seq = 2;
    update(one, link);
    expect(one.begun).toHaveLength(2);
  });

  it('are none to who wants none, and end with the connection, without another', () => {
    const one = bench(() => NEVER);
    const link = new FakeLink();
    link.isWanted = false;
    update(one, link);
    expect(one.begun).toEqual([]);
    link.isWanted = true;
    update(one, link);
    one.seq = 2;
    update(one, link);
    link.working.unsubscribe();
    expect([one.begun.length, link.isPushing]).toEqual([1, false]);
  });
});
