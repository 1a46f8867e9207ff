import fc from 'fast-check';
import {
  EMPTY,
  finalize,
  merge,
  NEVER,
  Observable,
  range,
  Subject,
  Subscription,
  take,
  throwError,
} from 'rxjs';
import { TestScheduler, type RunHelpers } from 'rxjs/testing';
import { Permits } from '../../src/rx/permits.js';
import { withPermit } from '../../src/rx/with-permit.js';

const marbles = (test: (helpers: RunHelpers) => void) => (): void => {
  new TestScheduler((actual, expected) => {
    expect(actual).toEqual(expected);
  }).run(test);
};
const counts = ({ inUse, waiting }: Permits): number[] => [inUse, waiting];
const refused = new Error('refused');

describe('withPermit', () => {
  it(
    'LIM-4: the first come are served at once, the others wait in order',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const permits = new Permits(2);
      const sources = [cold('---a|'), cold('-b|'), cold('c|'), cold('-d--|')];
      expectObservable(merge(...sources.map((source$) => source$.pipe(withPermit(permits))))).toBe(
        '-bcad--|',
      );
      expectSubscriptions(sources[0]!.subscriptions).toBe('^---!');
      expectSubscriptions(sources[1]!.subscriptions).toBe('^-!');
      expectSubscriptions(sources[2]!.subscriptions).toBe('--^!');
      expectSubscriptions(sources[3]!.subscriptions).toBe('---^---!');
    }),
  );

  it(
    'LIM-5: a source that errors makes room, and only its own subscriber hears of it',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const permits = new Permits(1);
      const [failing, next] = [cold('--#'), cold('--a|')];
      expectObservable(failing.pipe(withPermit(permits))).toBe('--#');
      expectObservable(next.pipe(withPermit(permits))).toBe('----a|');
      expectSubscriptions(failing.subscriptions).toBe('^-!');
      expectSubscriptions(next.subscriptions).toBe('--^--!');
    }),
  );

  it(
    'LIM-6: who leaves while it runs makes room, who leaves while it waits is passed over',
    marbles(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const permits = new Permits(1);
      const [held, left, last] = [cold('-a--'), cold('b'), cold('-c|')];
      expectObservable(held.pipe(withPermit(permits)), '^---!').toBe('-a--');
      expectObservable(left.pipe(withPermit(permits)), '^-!').toBe('-');
      expectObservable(last.pipe(withPermit(permits))).toBe('-----c|');
      expectSubscriptions(held.subscriptions).toBe('^---!');
      expectSubscriptions(left.subscriptions).toBe([]);
      expectSubscriptions(last.subscriptions).toBe('----^-!');
      flush();
      expect(counts(permits)).toEqual([0, 0]);
    }),
  );

  it.each([0, -1, NaN])('LIM-2: a limit of %p grants nobody', (limit) => {
    const permits = new Permits(limit);
    const seen: string[] = [];
    const waiting = EMPTY.pipe(withPermit(permits)).subscribe({ complete: () => seen.push('complete') });
    expect([...seen, ...counts(permits)]).toEqual([0, 1]);
    waiting.unsubscribe();
    expect(counts(permits)).toEqual([0, 0]);
  });

  it('one operator value serves many sources, and a source many subscribers: each has its own permit', () => {
    const permits = new Permits(3);
    const limited = withPermit<never>(permits);
    const source$ = NEVER.pipe(limited);
    const all = [source$.subscribe(), source$.subscribe(), NEVER.pipe(limited).subscribe()];
    expect(counts(permits)).toEqual([3, 0]);
    for (const one of all) one.unsubscribe();
    expect(counts(permits)).toEqual([0, 0]);
  });

  it.each([
    [
      'completes',
      (end: Subject<void>) => {
        end.complete();
      },
    ],
    [
      'errors',
      (end: Subject<void>) => {
        end.error(refused);
      },
    ],
    [
      'is left',
      (_: Subject<void>, running: Subscription) => {
        running.unsubscribe();
      },
    ],
  ])('LIM-10: when a source %s, its teardown is done before the next one lives', (_, end) => {
    const permits = new Permits(1);
    const told: string[] = [];
    const over = new Subject<void>();
    const living = (name: string): Observable<void> =>
      new Observable((subscriber) => {
        told.push(`${name} lives`);
        over.subscribe(subscriber);
        return () => told.push(`${name} is gone`);
      });
    const running = living('one')
      .pipe(withPermit(permits))
      .subscribe({ error: () => undefined });
    living('two')
      .pipe(withPermit(permits))
      .subscribe({ error: () => undefined });
    end(over, running);
    expect(told.slice(0, 3)).toEqual(['one lives', 'one is gone', 'two lives']);
  });

  it('LIM-5: of two pools, the inner permit is back before the outer, also where the source waited in between', () => {
    const [outer, inner] = [new Permits(1), new Permits(1)];
    const told: unknown[] = [];
    const living = (name: string): Observable<never> =>
      new Observable<never>(() => {
        told.push(`${name} lives`);
        return () => told.push(`${name} is gone`, counts(inner), counts(outer));
      }).pipe(withPermit(inner), withPermit(outer));
    const holder = NEVER.pipe(withPermit(inner)).subscribe();
    const one = living('one').subscribe();
    living('two').subscribe();
    holder.unsubscribe();
    one.unsubscribe();
    expect(told).toEqual(['one lives', 'one is gone', [1, 0], [1, 1], 'two lives']);
  });

  it('a source that would not end stops when its subscriber has had enough, and gives its permit back', () => {
    const permits = new Permits(1);
    const seen: number[] = [];
    range(0, Infinity)
      .pipe(withPermit(permits), take(3))
      .subscribe({ next: (value) => seen.push(value) });
    expect([seen, counts(permits)]).toEqual([
      [0, 1, 2],
      [0, 0],
    ]);
  });

  it('LIM-10: a source that ends inside its own subscribe is torn down before the next one lives', () => {
    const permits = new Permits(1);
    const told: string[] = [];
    const brief = (name: string): Observable<never> =>
      new Observable((subscriber) => {
        told.push(`${name} lives`);
        subscriber.complete();
        return () => told.push(`${name} is gone`);
      });
    const holder = new Subject<never>();
    holder.pipe(withPermit(permits)).subscribe();
    for (const name of ['one', 'two']) brief(name).pipe(withPermit(permits)).subscribe();
    holder.complete();
    expect(told).toEqual(['one lives', 'one is gone', 'two lives', 'two is gone']);
  });

  it('a source that throws in subscribe errors, and gives its permit back', () => {
    const permits = new Permits(1);
    const seen: unknown[] = [];
    const thrower = new Observable<never>(() => {
      throw refused;
    });
    // As a source that is no plain Observable may do it.
    const worse = Object.assign(new Observable<never>(), {
      subscribe: () => {
        throw refused;
      },
    });
    for (const source$ of [thrower, worse])
      source$.pipe(withPermit(permits)).subscribe({ error: (error: unknown) => seen.push(error) });
    expect(seen).toEqual([refused, refused]);
    expect(counts(permits)).toEqual([0, 0]);
  });

  it('a teardown that throws gives its permit back and keeps nobody waiting', () => {
    const permits = new Permits(1);
    const throws = (): void => {
      throw refused;
    };
    const broken = new Observable<never>(() => throws);
    const first = broken.pipe(withPermit(permits)).subscribe();
    // Two where the error's way out throws as well, inside their start, and one behind them.
    const worst = Object.assign(new Observable<never>(), { subscribe: throws });
    const seen: string[] = [];
    for (let i = 0; i < 2; i += 1)
      worst.pipe(withPermit(permits), finalize(throws)).subscribe({ error: () => seen.push('error') });
    EMPTY.pipe(withPermit(permits)).subscribe({ complete: () => seen.push('complete') });
    expect(() => {
      first.unsubscribe();
    }).toThrow('refused');
    expect(seen).toEqual(['error', 'error', 'complete']);
    expect(counts(permits)).toEqual([0, 0]);

    const holder = NEVER.pipe(withPermit(permits)).subscribe();
    worst.pipe(withPermit(permits), finalize(throws)).subscribe({ error: () => undefined });
    // Who made room hears what was thrown then: nobody else is there.
    expect(() => {
      holder.unsubscribe();
    }).toThrow('refused');
  });

  it('who comes while another is being started is started behind it, and what it starts behind that', () => {
    const permits = new Permits(5);
    const told: string[] = [];
    const nesting = (depth: number): Observable<never> => {
      const source$ = new Observable<never>(() => {
        told.push(`${String(depth)} begins`);
        if (depth < 2) nesting(depth + 1).subscribe();
        told.push(`${String(depth)} has begun`);
      });
      return source$.pipe(withPermit(permits));
    };
    nesting(0).subscribe();
    expect(told).toEqual(['0 begins', '0 has begun', '1 begins', '1 has begun', '2 begins', '2 has begun']);
  });

  it('LIM-6: of many that leave under `hold`, none is started on its way out', () => {
    const permits = new Permits(1);
    const started: number[] = [];
    const source = (id: number): Observable<never> =>
      new Observable<never>(() => void started.push(id)).pipe(withPermit(permits));
    const dial = merge(source(1), source(2), source(3)).subscribe();
    source(4).subscribe();
    permits.hold(() => {
      permits.hold(() => {
        dial.unsubscribe();
      });
      expect(counts(permits)).toEqual([0, 1]);
    });
    expect(started).toEqual([1, 4]);
    expect(() => {
      permits.hold(() => {
        throw refused;
      });
    }).toThrow(refused);
    expect(counts(permits)).toEqual([1, 0]);
  });
});

describe('a hundred thousand that wait', () => {
  const MANY = 100_000;

  it('and each fail inside subscribe: all are told, in order, and the stack bears it', () => {
    const [outer, inner] = [new Permits(1), new Permits(1)];
    const holder = new Subject<never>();
    holder.pipe(withPermit(inner), withPermit(outer)).subscribe();
    const failing$ = throwError(() => refused).pipe(withPermit(inner), withPermit(outer));
    const failed: number[] = [];
    for (let id = 0; id < MANY; id += 1) failing$.subscribe({ error: () => failed.push(id) });
    expect([...counts(outer), ...counts(inner)]).toEqual([1, MANY, 1, 0]);
    holder.complete();
    expect(failed).toHaveLength(MANY);
    expect(failed.every((id, at) => id === at)).toBe(true);
    expect([...counts(outer), ...counts(inner)]).toEqual([0, 0, 0, 0]);
  });

  it('and leave, from the middle, the front and the back: none is searched for', () => {
    const permits = new Permits(1);
    const holder = NEVER.pipe(withPermit(permits)).subscribe();
    const waiting = Array.from({ length: MANY }, () => NEVER.pipe(withPermit(permits)).subscribe());
    for (let at = 1; at < MANY; at += 2) waiting[at]!.unsubscribe();
    expect(counts(permits)).toEqual([1, MANY / 2]);
    // From the front each one leaves its permit to the next.
    holder.unsubscribe();
    for (let at = 0; at < MANY; at += 2) waiting[at]!.unsubscribe();
    expect(counts(permits)).toEqual([0, 0]);
  });
});

// ── two pools, as the dialer has them ────────────────────────────────────────────────────────────────────────────────
type Step =
  | { readonly type: 'dial'; readonly peer: number; readonly how: 'waits' | 'succeeds' | 'fails' }
  | { readonly type: 'succeed' | 'fail' | 'cancel'; readonly pick: number };
interface Job {
  readonly peer: number;
  readonly subscription: Subscription;
  readonly end: Subject<never>;
}
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('dial' as const),
      peer: fc.nat(2),
      how: fc.constantFrom('waits' as const, 'waits' as const, 'succeeds' as const, 'fails' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constantFrom('succeed' as const, 'fail' as const, 'cancel' as const),
      pick: fc.nat(30),
    }),
  },
);

/** Jobs of three peers, watched: who waits for what, who lives. */
class Watched {
  readonly descriptors: Permits;
  readonly perPeer: readonly Permits[];
  private readonly jobs = new Map<number, Job>();
  private readonly forPeer = new Set<number>();
  private readonly forDescriptor = new Set<number>();
  private readonly living = new Map<number, number>();
  /** What a stream would swallow as its own error. */
  private readonly broken: string[] = [];
  private nextId = 0;

  constructor(
    private readonly descriptorLimit: number,
    private readonly peerLimit: number,
  ) {
    this.descriptors = new Permits(descriptorLimit);
    this.perPeer = [0, 1, 2].map(() => new Permits(peerLimit));
  }

  take(step: Step): void {
    if (step.type === 'dial') {
      this.dial(step.peer, step.how);
      return;
    }
    const [id, job] = [...this.jobs][step.pick % this.jobs.size] ?? [];
    if (id === undefined || job === undefined) return;
    if (step.type === 'cancel') {
      for (const queue of [this.forPeer, this.forDescriptor]) queue.delete(id);
      this.jobs.delete(id);
      job.subscription.unsubscribe();
    } else if (this.living.has(id)) {
      if (step.type === 'succeed') job.end.complete();
      else job.end.error(refused);
    }
  }

  cancelAll(): void {
    while (this.jobs.size > 0) this.take({ type: 'cancel', pick: 0 });
  }

  /** What has to be true whenever nothing is under way. */
  check(): void {
    expect(this.broken).toEqual([]);
    expect(this.descriptors.inUse).toBe(this.living.size);
    expect(this.descriptors.waiting).toBe(this.forDescriptor.size);
    expect(this.descriptors.waiting === 0 || this.descriptors.inUse === this.descriptorLimit).toBe(true);
    for (const [peer, permits] of this.perPeer.entries()) {
      const holding = [...this.living.keys(), ...this.forDescriptor].filter(
        (id) => this.jobs.get(id)?.peer === peer,
      );
      expect(permits.inUse).toBe(holding.length);
      expect(permits.waiting).toBe([...this.forPeer].filter((id) => this.jobs.get(id)?.peer === peer).length);
      expect(permits.waiting === 0 || permits.inUse === this.peerLimit).toBe(true);
    }
  }

  private dial(peer: number, how: 'waits' | 'succeeds' | 'fails'): void {
    const id = this.nextId;
    this.nextId += 1;
    const end = new Subject<never>();
    this.forPeer.add(id);
    const attempt$ = new Observable<never>((subscriber) => {
      this.arrives(id, this.forDescriptor, () => true);
      this.living.set(id, peer);
      this.neverAbove(peer);
      if (how === 'waits') end.subscribe(subscriber);
      else if (how === 'succeeds') subscriber.complete();
      else subscriber.error(refused);
      return () => {
        this.living.delete(id);
      };
    });
    const descriptor$ = new Observable<never>((subscriber) => {
      this.arrives(id, this.forPeer, (other) => this.jobs.get(other)?.peer === peer);
      this.forDescriptor.add(id);
      attempt$.pipe(withPermit(this.descriptors)).subscribe(subscriber);
    });
    const over = (): void => {
      this.jobs.delete(id);
    };
    // Registered before it is subscribed, for it may be over within.
    const subscription = new Subscription();
    this.jobs.set(id, { peer, end, subscription });
    subscription.add(
      descriptor$.pipe(withPermit(this.perPeer[peer]!)).subscribe({ error: over, complete: over }),
    );
  }

  /** First come, first served: nobody stands before it in its queue. */
  private arrives(id: number, queue: Set<number>, same: (other: number) => boolean): void {
    if ([...queue].find(same) !== id) this.broken.push(`${String(id)} overtook`);
    queue.delete(id);
  }

  private neverAbove(peer: number): void {
    const ofPeer = [...this.living.values()].filter((other) => other === peer);
    if (this.living.size > this.descriptorLimit) this.broken.push('more descriptors than there are');
    if (ofPeer.length > this.peerLimit) this.broken.push('more of a peer than may be');
  }
}

it('LIM-10: two pools stay within their limits, serve in order, leave nobody waiting without need, and empty', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      fc.array(step, { maxLength: 80 }),
      (d, p, steps) => {
        const watched = new Watched(d, p);
        for (const one of steps) {
          watched.take(one);
          watched.check();
        }
        watched.cancelAll();
        watched.check();
        expect([watched.descriptors, ...watched.perPeer].map(counts)).toEqual(Array(4).fill([0, 0]));
      },
    ),
    { numRuns: 500 },
  );
});
