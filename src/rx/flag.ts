import { BehaviorSubject, type Observable } from 'rxjs';
import type { RoomWatcher } from '../core/duplex.js';

/** A boolean that can be watched; the subject is made when somebody first looks, since most are never looked at. */
export class Flag {
  private subject: BehaviorSubject<boolean> | undefined;
  private watcher: RoomWatcher | undefined;
  private done = false;

  constructor(private current: boolean) {}

  get value(): boolean {
    return this.current;
  }

  /** The current value, then every change; completes with the flag's owner. */
  get $(): Observable<boolean> {
    if (this.subject === undefined) {
      this.subject = new BehaviorSubject(this.current);
      if (this.done) this.subject.complete();
    }
    return this.subject.asObservable();
  }

  /** The same by plain calls, for one at a time. */
  watch(watcher: RoomWatcher): void {
    if (this.done) return;
    this.watcher = watcher;
    watcher.onRoom(this.current);
  }

  set(value: boolean): void {
    if (value === this.current || this.done) return;
    this.current = value;
    this.watcher?.onRoom(value);
    this.subject?.next(value);
  }

  /** No change will come any more. */
  complete(): void {
    if (this.done) return;
    this.done = true;
    this.watcher = undefined;
    this.subject?.complete();
  }
}
