import { EMPTY, Subject, type Observable } from 'rxjs';

/** Tells whoever waits for a stream that there may be one now. Nobody waits on most connections: then it is nothing. */
export class Slots {
  private subject: Subject<void> | undefined;
  private closed = false;

  get freed$(): Observable<void> {
    if (this.closed) return EMPTY;
    this.subject ??= new Subject<void>();
    return this.subject.asObservable();
  }

  free(): void {
    if (this.subject?.observed === true) this.subject.next();
  }

  close(): void {
    this.closed = true;
    this.subject?.complete();
  }
}
