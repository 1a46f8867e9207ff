/** Who is connected: the one place that knows, and says so in order: snapshots first, then streams of them, then events. */
import { BehaviorSubject, map, Subject, type Observable } from 'rxjs';
import type { CloseReason } from '../core/duplex.js';
import { codeOf } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import type { Connection } from '../core/stream-contract.js';
import type { HostConnection } from '../connection/connection.js';
import { guard } from '../rx/guarded.js';
import { acceptableConnection } from './best-connection.js';
import type { EventLog } from './event-log.js';

/** Every stream that is opened asks for the best connection: an answer costs no array. */
const NONE: readonly HostConnection[] = [];

interface KnownPeer {
  /** As it stands among the peers. */
  readonly peer: PeerId;
  readonly connections: readonly HostConnection[];
}

export class ConnectionRegistry {
  readonly connections$: Observable<readonly Connection[]>;
  readonly peers$: Observable<readonly PeerId[]>;
  /** A connection that was registered: behind the snapshots, before its events and its first stream. Plain calls, for the host's own parts. */
  readonly opened$: Observable<HostConnection>;
  /** A connection that is gone from the snapshots. */
  readonly closed$: Observable<HostConnection>;
  private readonly opened = new Subject<HostConnection>();
  private readonly closed = new Subject<HostConnection>();
  private readonly byPeer = new Map<string, KnownPeer>();
  private connectionList: readonly HostConnection[] = [];
  private peerList: readonly PeerId[] = [];
  private readonly connectionsSubject = new BehaviorSubject<readonly Connection[]>([]);
  private readonly peersSubject = new BehaviorSubject<readonly PeerId[]>([]);

  constructor(private readonly log: EventLog) {
    const report = (error: unknown): void => {
      log.unhandled(error);
    };
    this.opened$ = this.opened.asObservable();
    this.closed$ = this.closed.asObservable();
    this.connections$ = guard(this.connectionsSubject, report);
    this.peers$ = guard(this.peersSubject, report);
  }

  get connections(): readonly HostConnection[] {
    return this.connectionList;
  }
  get peers(): readonly PeerId[] {
    return this.peerList;
  }

  add(connection: HostConnection): void {
    const peer = connection.remotePeer.toString();
    const entry = this.byPeer.get(peer);
    const known = entry?.connections ?? NONE;
    const { remotePeer } = connection;
    this.byPeer.set(peer, { peer: entry?.peer ?? remotePeer, connections: [...known, connection] });
    this.connectionList = [...this.connectionList, connection];
    const isFirst = known.length === 0;
    if (isFirst) this.peerList = [...this.peerList, remotePeer];
    // All of it, before anybody answers: whoever closes it at its first news ends it behind its last.
    this.log.emissions.run(() => {
      this.publish(isFirst);
      this.tellParts(this.opened, connection);
      this.tellOpened(connection);
      if (isFirst || (!connection.limited && areLimited(known)))
        this.tellConnected(connection, connection.limited);
    });
  }

  remove(connection: HostConnection, reason: CloseReason): void {
    const peer = connection.remotePeer.toString();
    const known = this.byPeer.get(peer);
    if (known?.connections.includes(connection) !== true) return;
    const left = without(known.connections, connection);
    this.connectionList = without(this.connectionList, connection);
    const wasLast = left.length === 0;
    if (wasLast) {
      this.byPeer.delete(peer);
      this.peerList = without(this.peerList, known.peer);
    } else this.byPeer.set(peer, { ...known, connections: left });
    this.log.emissions.run(() => {
      this.publish(wasLast);
      this.tellParts(this.closed, connection);
      this.tellClosed(connection, reason);
      if (wasLast) this.log.say({ type: 'peer:disconnect', peer }, { peerId: connection.remotePeer });
      else if (!connection.limited && areLimited(left)) this.tellConnected(connection, true);
    });
  }

  /** The connection to use: the best of the open ones, or none if it has to be direct and is not (CONN-43, CONN-44). */
  best(peer: PeerId, options?: { readonly forceDirect?: boolean | undefined }): HostConnection | undefined {
    return acceptableConnection(this.ofPeer(peer), options);
  }

  /** The open connections of a peer, oldest first. */
  ofPeer(peer: PeerId): readonly HostConnection[] {
    return this.byPeer.get(peer.toString())?.connections ?? NONE;
  }

  /** The open connections of a peer, oldest first, now and on every change. */
  ofPeer$(peer: PeerId): Observable<readonly HostConnection[]> {
    return this.connectionsSubject.pipe(map(() => this.ofPeer(peer)));
  }

  complete(): void {
    this.log.emissions.run(() => {
      this.connectionsSubject.complete();
      this.peersSubject.complete();
    });
  }

  private tellParts(subject: Subject<HostConnection>, connection: HostConnection): void {
    this.log.emissions.run(() => {
      subject.next(connection);
    });
  }

  private tellOpened(connection: HostConnection): void {
    const {
      id: connectionId,
      remotePeer: peerId,
      direction,
      encryption,
      muxer,
      earlyMuxer,
      limited,
    } = connection;
    const addr = connection.remoteAddr.toString();
    const facts = { direction, addr, encryption, muxer, earlyMuxer, limited };
    this.log.say(
      { type: 'connection:open', peer: peerId.toString(), connectionId, ...facts },
      { peerId, connection },
    );
  }

  private tellClosed(connection: HostConnection, { by, error }: CloseReason): void {
    const { id: connectionId, remotePeer: peerId, bytesRead, bytesWritten } = connection;
    const code = error === undefined ? undefined : codeOf(error);
    this.log.say(
      { type: 'connection:close', peer: peerId.toString(), connectionId, by, bytesRead, bytesWritten, code },
      { peerId, connection },
    );
  }

  /** Also when all that is left of a peer's connections is limited, or no longer is. @source CONN-13 */
  private tellConnected({ remotePeer: peerId }: HostConnection, limited: boolean): void {
    this.log.say({ type: 'peer:connect', peer: peerId.toString(), limited }, { peerId });
  }

  private publish(peersChanged: boolean): void {
    const { connectionList, peerList } = this;
    this.log.emissions.run(() => {
      this.connectionsSubject.next(connectionList);
    });
    if (!peersChanged) return;
    this.log.emissions.run(() => {
      this.peersSubject.next(peerList);
    });
  }
}

/** A copy without the item, which is there. Among ten thousand this takes 12 us, and asking each of them 280. */
function without<T>(list: readonly T[], item: T): readonly T[] {
  const rest = list.slice();
  rest.splice(list.indexOf(item), 1);
  return rest;
}

function areLimited(connections: readonly HostConnection[]): boolean {
  return connections.every(({ limited }) => limited);
}
