/** One connection, as identify sees it. */
import { Observable, Subject, Subscription } from 'rxjs';
import type { HostConnection } from '../connection/connection.js';
import type { RemoteProtocols } from '../connection/remote-protocols.js';
import type { IdentifyEvent } from './contract.js';
import type { KnownProtocols } from './known-protocols.js';

/** Whether the remote takes pushes: not before it has been identified; for ever open where that failed. @source ID-9, ID-18 */
export type PushSupport = 'pending' | 'yes' | 'no' | 'unknown';

export class IdentifyLink implements RemoteProtocols {
  /** What runs for this connection, while something does; unsubscribed when it closes. */
  private working: Subscription | undefined;
  private running = 0;
  private isEnded = false;
  /** The number of our state that the remote was told last; 0 before the first. */
  sent = 0;
  pushSupport: PushSupport = 'pending';
  isPushing = false;
  /** There was news while a push was under way. */
  hasMissed = false;
  private asking: Subject<IdentifyEvent> | undefined;
  private settling: Subject<void> | undefined = new Subject<void>();

  constructor(
    readonly connection: HostConnection,
    private readonly known: KnownProtocols,
  ) {}

  get peer(): string {
    return this.connection.remotePeer.toString();
  }
  get isOver(): boolean {
    return this.isEnded || this.connection.isClosed;
  }

  /** Runs until it is over, or the connection is. */
  run(work: Subscription): void {
    if (this.isEnded) work.unsubscribe();
    if (work.closed) return;
    this.working ??= new Subscription();
    this.running += 1;
    this.working.add(work);
    work.add(() => {
      this.running -= 1;
      if (this.running === 0) this.working = undefined;
    });
  }

  /** The connection is gone. */
  end(): void {
    this.isEnded = true;
    this.working?.unsubscribe();
  }
  get settling$(): Observable<unknown> | undefined {
    return this.settling;
  }

  supports(protocol: string): boolean {
    return this.known.supports(this.peer, protocol);
  }

  get takesEarlyEnd(): boolean {
    return this.known.takesEarlyEnd(this.peer);
  }

  agreed(protocol: string): void {
    if (!this.isOver) this.known.add(this.peer, protocol);
  }

  /** Whether somebody waits for the answer to the question that is under way. */
  get isAwaited(): boolean {
    return this.asking?.observed === true;
  }

  /** The answer to the question that is under way, or to one that `begin` puts. */
  answer(begin: () => void): Observable<IdentifyEvent> {
    return new Observable<IdentifyEvent>((subscriber) => {
      const isNew = this.asking === undefined;
      this.asking ??= new Subject<IdentifyEvent>();
      subscriber.add(this.asking.subscribe(subscriber));
      if (isNew) begin();
    });
  }

  answered(event: IdentifyEvent): void {
    this.asking?.next(event);
  }

  /** The question is over; a new one may be put. */
  endAnswer(): Pick<Subject<IdentifyEvent>, 'complete' | 'error'> | undefined {
    const { asking } = this;
    this.asking = undefined;
    return asking;
  }

  /** Identified, or not: whoever waits goes on. */
  settle(pushSupport: PushSupport): void {
    this.pushSupport = pushSupport;
    const { settling } = this;
    this.settling = undefined;
    settling?.next();
    settling?.complete();
  }

  wantsPush(seq: number): boolean {
    const isOpen = this.pushSupport === 'yes' || this.pushSupport === 'unknown';
    return isOpen && !this.isOver && this.sent < seq;
  }
}
