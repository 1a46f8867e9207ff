/** What a store says of its changes: in order, never nested, to whoever is subscribed. */
import { defer, distinctUntilChanged, finalize, map, startWith, Subject, type Observable } from 'rxjs';
import { asError } from '../core/errors.js';
import type { PeerRecord } from '../core/peer-store-contract.js';
import { Emissions } from '../rx/emissions.js';
import { guard } from '../rx/guarded.js';

export interface PeerChange {
  readonly type: 'update' | 'remove';
  readonly peer: string;
}

export class StoreNews {
  readonly change$: Observable<PeerChange>;
  readonly warning$: Observable<Error>;
  private readonly changes = new Subject<PeerChange>();
  private readonly warnings = new Subject<Error>();
  /** One for each peer that somebody watches. */
  private readonly watched = new Map<string, Subject<void>>();
  private readonly emissions: Emissions;
  private looking = 0;
  private isClosed = false;
  private readonly report = (error: unknown): void => {
    this.warn(asError(error));
  };

  /** `onLook`: the first has subscribed, or the last has left. */
  constructor(private readonly onLook: () => void) {
    this.emissions = new Emissions(this.report);
    this.warning$ = guard(this.warnings, () => undefined);
    const seen$ = defer(() => {
      this.looked(1);
      return this.changes.pipe(
        finalize(() => {
          this.looked(-1);
        }),
      );
    });
    this.change$ = guard(seen$, this.report);
  }

  /** Whether somebody would see a change. */
  get isObserved(): boolean {
    return this.looking > 0;
  }

  /** `read` gives the same object while nothing has changed. */
  watch(peer: string, read: () => PeerRecord | undefined): Observable<PeerRecord | undefined> {
    const seen$ = defer(() =>
      this.watching(peer).pipe(
        startWith(undefined),
        map(read),
        distinctUntilChanged(),
        finalize(() => {
          this.unwatch(peer);
        }),
      ),
    );
    return guard(seen$, this.report);
  }

  tell(change: PeerChange): void {
    const watched = this.watched.get(change.peer);
    if (!this.changes.observed && watched === undefined) return;
    this.emissions.run(() => {
      this.changes.next(change);
      watched?.next();
    });
  }

  warn(error: Error): void {
    this.emissions.run(() => {
      this.warnings.next(error);
    });
  }

  close(): void {
    this.isClosed = true;
    this.emissions.run(() => {
      this.changes.complete();
      for (const subject of [...this.watched.values()]) subject.complete();
      this.warnings.complete();
    });
  }

  private watching(peer: string): Subject<void> {
    const subject = this.watched.get(peer) ?? new Subject<void>();
    if (this.isClosed) subject.complete();
    else this.watched.set(peer, subject);
    this.looked(1);
    return subject;
  }

  private unwatch(peer: string): void {
    if (this.watched.get(peer)?.observed === false) this.watched.delete(peer);
    this.looked(-1);
  }

  private looked(by: 1 | -1): void {
    this.looking += by;
    this.onLook();
  }
}
