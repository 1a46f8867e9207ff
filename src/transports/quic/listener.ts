/**
 * A UDP port that takes connections: as many handshakes at once as are asked for. Closing the port would close what came
 * through it as well, so that waits for the last of them; who comes meanwhile is sent away. @source ADR 8
 */
import type { NativeConnection, NativeServer } from './addon.js';

export class QuicListener {
  private readonly open = new Set<NativeConnection>();
  private closing = false;

  constructor(
    private readonly server: NativeServer,
    private readonly accept: (connection: NativeConnection) => void,
    handshakes: number,
  ) {
    for (let count = 0; count < handshakes; count += 1) this.next();
  }

  close(): void {
    this.closing = true;
    this.release();
  }

  private next(): void {
    this.server.inboundConnection().then(
      (connection) => {
        this.take(connection);
        this.next();
      },
      () => {
        // A handshake that came to nothing: the addon does not say whose.
        if (!this.over) this.next();
      },
    );
  }

  private over = false;

  private take(connection: NativeConnection): void {
    if (this.closing) {
      connection.abort();
      return;
    }
    this.open.add(connection);
    const closed = (): void => {
      this.open.delete(connection);
      this.release();
    };
    connection.closed().then(closed, closed);
    this.accept(connection);
  }

  private release(): void {
    if (!this.closing || this.over || this.open.size > 0) return;
    this.over = true;
    this.server.abort().catch(() => undefined);
  }
}
