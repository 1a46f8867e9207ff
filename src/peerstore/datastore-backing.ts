/**
 * Keeps a store in a datastore: reads it once, in slices, then writes what changes, one batch at a time. Nobody who dials
 * waits for it; what fails is told and tried again. @source reliability checklist, 5.17, F1 to F4
 */
import {
  BehaviorSubject,
  EMPTY,
  filter,
  ignoreElements,
  map,
  merge,
  Observable,
  Subject,
  Subscription,
  take,
  type SchedulerLike,
} from 'rxjs';
import { asError, Libp2pError, TimeoutError } from '../core/errors.js';
import { peerIdFrom } from '../core/peer-id.js';
import type { DatastorePort, StoredValue } from '../promises/datastore-port.js';
import { withLimits } from '../rx/call-limits.js';
import type { Backing } from './backing.js';
import type { StoreCore } from './store-core.js';
import { backOff, PendingWrites } from './pending-writes.js';
import { decodeStoredPeer, encodeStoredPeer } from './stored-peer-message.js';

/** A peer's name in base 32: file systems that do not tell upper case from lower keep them apart. */
const PEERS_PREFIX = '/rx-libp2p/peers/';
/** Records read in one turn, and how long the process has for others between. @source reliability promises, P6 */
const SLICE = 128;
const BETWEEN_SLICES_MS = 1;
/** How long a call waits for the datastore, and a host's stop. The work itself goes on. @source F4, P23 */
const CALL_MS = 5_000;
const CLOSE_MS = 2_000;
/** From when on a write is said to hang. */
const SLOW_MS = 10_000;
/** Records that cannot be read and are told one by one; of the rest the number is. */
const MAX_TOLD = 16;
/** What is remembered as taken away while the store is being read. Beyond, it may come back. */
const MAX_TOMBSTONES = 100_000;

export class DatastoreBacking implements Backing {
  private readonly pending = new PendingWrites();
  private readonly working = new Subscription();
  /** Something was written, or failed to be; the error where it did. */
  private readonly outcome = new Subject<Error | undefined>();
  private readonly loaded = new BehaviorSubject(false);
  private forgottenWhat = new Set<string>();
  private phase: 'new' | 'loading' | 'open' | 'closed' = 'new';
  private loadFailures = 0;
  private timer: Subscription | undefined;

  constructor(
    private readonly store: StoreCore,
    private readonly port: DatastorePort,
    private readonly scheduler: () => SchedulerLike,
  ) {}

  begin(): void {
    if (this.phase !== 'new') return;
    this.phase = 'loading';
    this.load();
  }

  changed(peer: string): void {
    this.pending.changed(peer);
    this.arm();
  }

  forgotten(peer: string, what: string): void {
    const isUnread = this.phase === 'new' || this.phase === 'loading';
    if (!isUnread || this.forgottenWhat.size === MAX_TOMBSTONES) return;
    this.forgottenWhat.add(what);
    this.pending.changed(peer);
  }

  ready(): Observable<never> {
    this.begin();
    // A failure is tried again in time; whoever asks meanwhile hears of it.
    const read$ = merge(this.loaded, this.outcome.pipe(map(thrownIfAny))).pipe(
      filter(() => this.loaded.value),
      take(1),
      ignoreElements(),
    );
    return withLimits(read$, { timeoutMs: CALL_MS }, 'reading the datastore', this.scheduler());
  }

  flush(timeoutMs = CALL_MS): Observable<never> {
    const upTo = this.pending.latest;
    if (this.phase === 'closed' || this.pending.isStored(upTo)) return EMPTY;
    this.begin();
    this.pending.hurry();
    const stored$ = merge(this.loaded, this.outcome.pipe(map(thrownIfAny))).pipe(
      filter(() => this.pending.isStored(upTo)),
      take(1),
      ignoreElements(),
    );
    const asked$ = new Observable<never>((subscriber) => {
      const waiting = stored$.subscribe(subscriber);
      // Now, and not in its turn: a clock that has stopped would never come to it.
      if (this.phase === 'open') this.write();
      return waiting;
    });
    return withLimits(asked$, { timeoutMs }, 'writing to the datastore', this.scheduler());
  }

  close(): Observable<never> {
    const end = (): void => {
      this.phase = 'closed';
      this.working.unsubscribe();
      this.timer?.unsubscribe();
    };
    return new Observable<never>((subscriber) =>
      this.flush(CLOSE_MS).subscribe({
        error: (error: unknown) => {
          end();
          this.store.news.warn(asError(error));
          subscriber.complete();
        },
        complete: () => {
          end();
          subscriber.complete();
        },
      }),
    );
  }

  // ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────────
  private load(): void {
    const room$ = new BehaviorSubject(true);
    let read = 0;
    let unread = 0;
    const reading = this.port.read(PEERS_PREFIX, room$).subscribe({
      next: ({ key, value }) => {
        if (!this.take(key.toString(), value, unread < MAX_TOLD)) unread += 1;
        read += 1;
        if (read % SLICE === 0) this.pause(room$);
      },
      error: (error: unknown) => {
        this.loadFailed(error);
      },
      complete: () => {
        const more = unread - MAX_TOLD;
        if (more > 0) this.store.news.warn(storeError(`${String(more)} more stored peers cannot be read`));
        this.opened();
      },
    });
    this.working.add(reading);
  }

  /** Whether the record could be read. One that cannot is left where it is: a later version may have written it. */
  private take(key: string, value: Uint8Array, isTold: boolean): boolean {
    try {
      const stored = decodeStoredPeer(value, this.store.clock.wallClock());
      if (key !== keyOf(stored.peerId.toCid())) throw storeError('a stored peer lies under another’s name');
      const isAsStored = this.store.restore(stored, (what) => this.forgottenWhat.has(what));
      if (!isAsStored) this.pending.changed(stored.peerId.toString());
      return true;
    } catch (error) {
      if (isTold) this.store.news.warn(asError(error));
      return false;
    }
  }

  private pause(room$: BehaviorSubject<boolean>): void {
    room$.next(false);
    this.working.add(
      this.scheduler().schedule(() => {
        room$.next(true);
      }, BETWEEN_SLICES_MS),
    );
  }

  private opened(): void {
    this.phase = 'open';
    this.forgottenWhat = new Set();
    this.loaded.next(true);
    this.outcome.next(undefined);
    this.arm();
  }

  /** Writing over what was not read would lose it, so nothing is written before all is read. */
  private loadFailed(thrown: unknown): void {
    this.tellFailure('reading', thrown);
    this.timer = this.scheduler().schedule(() => {
      this.load();
    }, backOff(this.loadFailures));
    this.loadFailures += 1;
  }

  // ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────────
  /** What changes before the timer fires is written together. */
  private arm(): void {
    if (this.phase !== 'open') return;
    const now = this.scheduler().now();
    const at = this.pending.nextAt(now);
    this.timer?.unsubscribe();
    this.timer =
      at === undefined
        ? undefined
        : this.scheduler().schedule(() => {
            this.write();
          }, at - now);
  }

  private write(): void {
    const peers = this.pending.take();
    if (peers.length === 0) return;
    const slow = this.scheduler().schedule(() => {
      this.store.news.warn(new TimeoutError('writing to the datastore', SLOW_MS, 'local'));
    }, SLOW_MS);
    this.working.add(slow);
    const done = (): void => {
      slow.unsubscribe();
      this.working.remove(slow);
    };
    const writing = this.port.write(peers.map((peer) => this.valueOf(peer))).subscribe({
      error: (error: unknown) => {
        done();
        this.pending.failed(this.scheduler().now());
        this.tellFailure('writing to', error);
        this.arm();
      },
      complete: () => {
        done();
        this.pending.written();
        this.outcome.next(undefined);
        this.arm();
      },
    });
    this.working.add(writing);
  }

  private valueOf(peer: string): StoredValue {
    const entry = this.store.known.get(peer);
    const { now, wallClock } = this.store.clock;
    const key = keyOf((entry?.peerId ?? peerIdFrom(peer)).toCid());
    const moment = { now: now(), wallClock: wallClock() };
    return { key, value: entry === undefined ? undefined : encodeStoredPeer(entry, moment) };
  }

  private tellFailure(doing: string, thrown: unknown): void {
    const cause = asError(thrown);
    const error = storeError(`${doing} the datastore failed: ${cause.message}`, { cause });
    this.store.news.warn(error);
    this.outcome.next(error);
  }
}

function keyOf(cid: string): string {
  return PEERS_PREFIX + cid;
}

function storeError(message: string, options?: ErrorOptions): Libp2pError {
  return new Libp2pError('ERR_STORE', 'local', message, options);
}

function thrownIfAny(error: Error | undefined): void {
  if (error !== undefined) throw error;
}
