import { Subject } from 'rxjs';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import type { PeerId } from '../../src/index.js';
import type { ManagedConnection } from '../../src/swarm/connection-manager.js';

export interface Closed {
  readonly id: string;
  readonly code: number | undefined;
  readonly message: string;
}

/** A registry of connections that only have what a connection manager asks of them. */
export class FakeRegistry {
  // Tests speak for the registry.
  /* eslint-disable rxjs-x/no-exposed-subjects */
  readonly opened$ = new Subject<ManagedConnection>();
  readonly closed$ = new Subject<ManagedConnection>();
  /* eslint-enable rxjs-x/no-exposed-subjects */
  readonly aborted: Closed[] = [];
  readonly open: ManagedConnection[] = [];

  /** A new connection, registered. */
  connect(peer: PeerId | string, facts: Partial<ManagedConnection> = {}): ManagedConnection {
    const text = peer.toString();
    const connection = {
      id: `${text}-${String(this.open.length + this.aborted.length + 1)}`,
      direction: 'outbound',
      remotePeer: typeof peer === 'string' ? idOf(peer) : peer,
      remoteAddr: parseMultiaddr('/ip4/192.0.2.1/tcp/4001'),
      streamCount: 0,
      abort: (reason: Error, code?: number) => {
        this.aborted.push({ id: text, code, message: reason.message });
        this.lose(connection);
      },
      ...facts,
    } as unknown as ManagedConnection;
    this.open.push(connection);
    this.opened$.next(connection);
    return connection;
  }

  lose(connection: ManagedConnection): void {
    this.open.splice(this.open.indexOf(connection), 1);
    this.closed$.next(connection);
  }

  ofPeer(peer: PeerId): ManagedConnection[] {
    return this.open.filter(({ remotePeer }) => remotePeer.equals(peer));
  }
}

/** Stands in for a peer id in unit tests: a name. */
function idOf(name: string): PeerId {
  return { toString: () => name, equals: (other: PeerId | string) => other.toString() === name } as PeerId;
}
