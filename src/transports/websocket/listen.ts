import { mergeMap, Observable } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { asError } from '../../core/errors.js';
import type { ListenEvent } from '../../core/parts.js';
import { acceptSockets, discard, endsOf, listenFailed, type PortEvent } from '../accept-sockets.js';
import { LaterConnection } from '../later-connection.js';
import { LaterDuplex } from '../later-duplex.js';
import { resetSocket } from '../released-socket.js';
import type { SharedPorts, Taker } from '../shared-ports.js';
import { Front, type FrontDeps } from './front.js';
import { withTail, type Place } from './place.js';

/**
 * Listens. A connection is told of when it is accepted, before anything of it is read, so that the gater and the limits
 * judge it as they would one of plain TCP (8.3, stages 3 and 4); it has bytes once it is a WebSocket.
 */
export function listenForWebSockets(
  place: Place,
  addr: Multiaddr,
  deps: FrontDeps,
  ports: SharedPorts,
): Observable<ListenEvent> {
  return new Observable<ListenEvent>((subscriber) => {
    const options = {
      name: 'websocket',
      addr,
      scheduler: deps.scheduler,
      keepAliveMs: deps.numbers.keepAliveMs,
      backlog: deps.numbers.backlog,
    };
    const front = frontFor(place, addr, deps);
    if (front instanceof Error) {
      subscriber.error(front);
      return;
    }
    const taker: Taker = {
      kind: place.secure ? 'tls' : 'http',
      take: (socket, later) => {
        front.take(socket, later);
      },
      tail: (bound) => withTail(bound, place),
      toEnd: (end) => withTail(end, { tail: place.secure ? '/tls/ws' : '/ws' }),
    };
    const events$ = ports.areShared
      ? ports.listen(place, options, taker)
      : acceptSockets(place, options).pipe(mergeMap((event) => toListenEvents(event, taker)));
    subscriber.add(events$.subscribe(subscriber));
  });
}

function toListenEvents(event: PortEvent, { take, tail, toEnd }: Taker): readonly ListenEvent[] {
  if (event.type === 'bound') return [{ type: 'listening', addrs: event.addrs.map(tail) }];
  if (event.type === 'warning') return [event];
  const { socket } = event;
  const ends = endsOf(socket);
  if (ends === undefined) {
    discard(socket);
    return [];
  }
  const later = new LaterDuplex(() => {
    resetSocket(socket, false);
  });
  const connection = new LaterConnection(later, socket, ends);
  connection.settle(toEnd);
  take(socket, later);
  return [{ type: 'inbound', connection }];
}

/** Why there is none, if so. */
function frontFor(place: Place, addr: Multiaddr, deps: FrontDeps): Front | Error {
  const { certificate } = deps;
  if (place.secure && certificate === undefined)
    return listenFailed(
      { name: 'websocket', addr },
      'it takes a certificate: webSocket({ certificate: { cert, key } })',
    );
  try {
    return new Front({ ...deps, certificate: place.secure ? certificate : undefined });
  } catch (cause) {
    return listenFailed({ name: 'websocket', addr }, `the certificate: ${asError(cause).message}`, cause);
  }
}
