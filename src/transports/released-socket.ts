/** What goes with a socket when its duplex gives it away, and how it is destroyed. */
import type { Socket } from 'node:net';
import type { SchedulerLike } from 'rxjs';

export interface SocketTiming {
  readonly scheduler: SchedulerLike;
  /** A socket that takes nothing for so long while bytes wait is dead; left out where somebody else watches. */
  readonly writeStallMs?: number | undefined;
}
export interface SocketOptions extends SocketTiming {
  /** For messages. */
  readonly name?: string | undefined;
  /** Destroys what is below so that the remote notices, by a plain end if ours was said; TCP's own reset if left out. */
  readonly reset?: ((error: Error, hasEnded: boolean) => void) | undefined;
}
/** A socket that its duplex has given away. */
export class ReleasedSocket {
  constructor(
    readonly socket: Socket,
    readonly timing: SocketTiming,
  ) {}
}

/** The system knows no reset after an end: Node would say nothing, and keep the socket for ever. */
export function resetSocket(socket: Socket, hasEnded: boolean): void {
  if (hasEnded) socket.destroy();
  else socket.resetAndDestroy();
}
