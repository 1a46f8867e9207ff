import { BehaviorSubject, type Observable, type Subscription } from 'rxjs';

/**
 * An async iterator over a channel that is read only while somebody waits for the next item: window is granted by asking.
 * `return` (a `break` out of the loop) pauses the channel.
 */
export function iterate<T>(read: (room$: Observable<boolean>) => Observable<T>): AsyncIterableIterator<T> {
  return new ChannelIterator(read);
}

interface Waiting<T> {
  readonly resolve: (result: IteratorResult<T>) => void;
  readonly reject: (error: unknown) => void;
}

class ChannelIterator<T> implements AsyncIterableIterator<T> {
  private readonly room = new BehaviorSubject(false);
  private reading: Subscription | undefined;
  private waiting: Waiting<T>[] = [];
  private over: { readonly error?: unknown } | undefined;

  constructor(private readonly read: (room$: Observable<boolean>) => Observable<T>) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T>> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      if (this.over !== undefined) this.settleAll();
      else this.start();
    });
  }

  return(): Promise<IteratorResult<T>> {
    this.over = {};
    this.reading?.unsubscribe();
    this.settleAll();
    return Promise.resolve({ done: true, value: undefined });
  }

  private start(): void {
    this.reading ??= this.read(this.room).subscribe({
      next: (value) => {
        const waiting = this.waiting.shift();
        this.room.next(this.waiting.length > 0);
        waiting?.resolve({ done: false, value });
      },
      error: (error: unknown) => {
        this.over = { error };
        this.settleAll();
      },
      complete: () => {
        this.over = {};
        this.settleAll();
      },
    });
    if (this.waiting.length > 0 && !this.room.value) this.room.next(true);
  }

  private settleAll(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const { resolve, reject } of waiting) {
      if (this.over !== undefined && 'error' in this.over) {
        reject(this.over.error);
        // An error is told once; whoever asks again gets the end.
        this.over = {};
      } else resolve({ done: true, value: undefined });
    }
  }
}
