/** Tells connected peers of our changes: each at most once of each state, and never two at a time. @source go-libp2p identify (ID-9) */
import { catchError, defer, EMPTY, finalize, type Observable } from 'rxjs';
import type { Snapshot } from '../protocols/identify/snapshot.js';
import { Permits } from '../rx/permits.js';
import { withPermit } from '../rx/with-permit.js';
import type { IdentifyLink } from './identify-link.js';

/** Pushes at once, to all peers. @source ID-9; reliability limits, counts */
const MAX_AT_ONCE = 32;

export interface PushesOwner {
  readonly current: Snapshot;
  push(link: IdentifyLink, snapshot: Snapshot): Observable<never>;
  failed(link: IdentifyLink, error: unknown): void;
}

export class Pushes {
  private readonly permits = new Permits(MAX_AT_ONCE);

  constructor(private readonly owner: PushesOwner) {}

  /** To this peer, unless it knows all or takes no pushes; what changes meanwhile goes in one more, behind this. */
  update(link: IdentifyLink): void {
    const { owner } = this;
    if (!link.wantsPush(owner.current.seq)) return;
    link.hasMissed = link.isPushing;
    if (link.isPushing) return;
    link.isPushing = true;
    const pushing$ = defer(() => {
      const snapshot = owner.current;
      // Also if it fails: the next change is the next attempt.
      link.sent = snapshot.seq;
      return owner.push(link, snapshot);
    }).pipe(
      withPermit(this.permits),
      catchError((error: unknown) => {
        owner.failed(link, error);
        return EMPTY;
      }),
      finalize(() => {
        link.isPushing = false;
        if (link.hasMissed) this.update(link);
      }),
    );
    link.run(pushing$.subscribe());
  }
}
