import { Observable } from 'rxjs';
import type { Socket } from 'node:net';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Duplex } from '../core/duplex.js';
import type { RawConnection } from '../core/parts.js';

export interface Ends {
  readonly localAddr: Multiaddr;
  readonly remoteAddr: Multiaddr;
}

/** A channel over a socket. What lies between the two may be known only later, and then its addresses say so. */
export class LaterConnection implements RawConnection {
  scope: RawConnection['scope'];

  constructor(
    readonly duplex: Duplex,
    private readonly socket: Socket,
    private ends: Ends,
  ) {}

  get localAddr(): Multiaddr {
    return this.ends.localAddr;
  }
  get remoteAddr(): Multiaddr {
    return this.ends.remoteAddr;
  }
  get released$(): Observable<never> {
    const { socket } = this;
    return new Observable<never>((subscriber) => {
      const done = (): void => {
        subscriber.complete();
      };
      if (socket.closed) done();
      else socket.once('close', done);
      return () => socket.off('close', done);
    });
  }

  heardBytes(): number {
    return this.socket.bytesRead;
  }

  /** What its addresses are, now that it is known. */
  settle(change: (addr: Multiaddr) => Multiaddr): void {
    this.ends = { localAddr: change(this.ends.localAddr), remoteAddr: change(this.ends.remoteAddr) };
  }
}
