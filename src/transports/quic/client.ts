/**
 * The UDP socket that dials of one IP family leave from. The addon cannot interrupt a dial, and one that is under way keeps
 * the process alive; so when nobody wants anything of the socket any more but dials are under way, it is closed, and the
 * next dial gets another. @source bridge sheet T5, Q4, Q5
 */
import type { NativeClient, NativeConnection } from './addon.js';

export class DialSocket {
  private client: NativeClient | undefined;
  /** Dials that are waited for, and connections. */
  private users = 0;
  private abandoned = 0;

  constructor(private readonly make: () => NativeClient) {}

  /** Calls one of the two, once, unless what this returns was called before. Throws what making a socket does. */
  dial(
    host: string,
    port: number,
    connected: (connection: NativeConnection) => void,
    failed: (error: unknown) => void,
  ): () => void {
    const client = (this.client ??= this.make());
    let wanted = true;
    this.users += 1;
    const leave = (): void => {
      this.users -= 1;
      this.tidy(client);
    };
    client.outboundConnection(host, port).then(
      (connection) => {
        if (wanted) {
          wanted = false;
          connection.closed().then(leave, leave);
          connected(connection);
        } else {
          this.abandoned -= 1;
          // It finished when nobody waited any more.
          connection.abort();
        }
      },
      (error: unknown) => {
        if (wanted) {
          wanted = false;
          leave();
          failed(error);
        } else this.abandoned -= 1;
      },
    );
    return () => {
      if (!wanted) return;
      wanted = false;
      this.abandoned += 1;
      leave();
    };
  }

  private tidy(client: NativeClient): void {
    if (this.users > 0 || this.abandoned === 0 || this.client !== client) return;
    this.client = undefined;
    client.abort();
  }
}
