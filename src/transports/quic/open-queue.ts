/** Streams of ours that wait for the remote to allow one more: the addon cannot be told that one of them no longer does. */
import type { NativeConnection, NativeStream } from './addon.js';

interface Waiting {
  begin(native: NativeStream): void;
}

export class OpenQueue {
  private readonly waiting = new Set<Waiting>();
  /** Asked for, and not come. */
  private asked = 0;
  /**
   * Come when nobody wanted one any more. The remote does not know of them until something is sent; then it takes all of
   * lower number for opened, so the oldest is given out first. @source RFC 9000, 2.1
   */
  private spare: NativeStream[] = [];
  private closed = false;

  constructor(private readonly connection: Pick<NativeConnection, 'outboundStream'>) {}

  ask(stream: Waiting): void {
    const native = this.spare.shift();
    if (native !== undefined) {
      stream.begin(native);
      return;
    }
    this.waiting.add(stream);
    if (this.asked >= this.waiting.size) return;
    this.asked += 1;
    this.connection.outboundStream().then(this.onOpened, this.onFailed);
  }

  withdraw(stream: Waiting): void {
    this.waiting.delete(stream);
  }

  close(): void {
    this.closed = true;
    this.waiting.clear();
    this.spare = [];
  }

  private readonly onOpened = (native: NativeStream): void => {
    this.asked -= 1;
    if (this.closed) return;
    const [first] = this.waiting;
    if (first === undefined) {
      this.spare.push(native);
      return;
    }
    this.waiting.delete(first);
    first.begin(native);
  };

  /** The connection is over, which its session hears by itself. */
  private readonly onFailed = (): void => {
    this.asked -= 1;
  };
}
