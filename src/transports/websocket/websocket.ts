import { from, Observable, switchMap, throwError } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { checkedNumbers } from '../../core/checked-numbers.js';
import { Libp2pError } from '../../core/errors.js';
import { protocolNames } from '../../core/multiaddr.js';
import type { ListenEvent, PartContext, RawConnection, Transport, TransportPart } from '../../core/parts.js';
import { sharedPortsOf } from '../shared-ports.js';
import { NUMBERS, type WebSocketNumbers } from './limits.js';
import { placeOf, type Place } from './place.js';
import type { CertificateOptions, TrustOptions } from './secure-options.js';

/** Bounds and times of the transport, each with a default, and what is secure. */
export type WebSocketOptions = { readonly [K in keyof WebSocketNumbers]?: number | undefined } & {
  /** What listeners for `/tls/ws` show; without it they cannot listen. */
  readonly certificate?: CertificateOptions | undefined;
  /** Whom dials to `/tls/ws` believe; the platform's authorities, if left out. */
  readonly trust?: TrustOptions | undefined;
  /** Which pages may connect, by their origin (programs have none); all, if left out. The others are answered with 403. */
  readonly allowOrigin?: ((origin: string | undefined) => boolean) | undefined;
};
const OTHERS = ['certificate', 'trust', 'allowOrigin'] as const;

/**
 * The transport for `/ip4|ip6|dns*\/…/tcp/…` and then `/ws`, `/tls/ws`, `/wss` or `/tls/sni/<name>/ws`; its own addresses
 * are written `/ws` and `/tls/ws`. Every message is binary; boundaries of messages mean nothing. Names are resolved by the
 * system. What asks a listener for no WebSocket is answered in HTTP, and is a `connection:refuse` event. Errors:
 * ERR_TRANSPORT, ERR_TIMEOUT, ERR_LISTEN_FAILED, ERR_WRITE_STALLED. Throws ERR_INVALID_OPTION.
 *
 * @source RFC 6455; libp2p WebSockets specification
 */
export function webSocket(options: WebSocketOptions = {}): TransportPart {
  const numbers = checkedNumbers('webSocket', NUMBERS, options, OTHERS);
  const { certificate, trust = {}, allowOrigin } = options;
  return {
    kind: 'transport',
    name: 'websocket',
    create: (context) => new WebSocketTransport({ numbers, certificate, trust, allowOrigin }, context),
  };
}

type Settings = Pick<WebSocketOptions, 'certificate' | 'allowOrigin'> & {
  readonly numbers: WebSocketNumbers;
  readonly trust: TrustOptions;
};

/** What speaks HTTP is loaded when it is first used. */
class WebSocketTransport implements Transport {
  readonly name = 'websocket';

  constructor(
    private readonly settings: Settings,
    private readonly context: PartContext,
  ) {}

  canDial(addr: Multiaddr): boolean {
    return placeOf(addr) !== undefined;
  }

  canListen(addr: Multiaddr): boolean {
    const place = placeOf(addr);
    return place?.kind === 'ip' && !protocolNames(addr).includes('http-path');
  }

  dial(addr: Multiaddr): Observable<RawConnection> {
    const place = placeOf(addr);
    if (place === undefined) return throwError(() => unsupported('dial', addr));
    const { scheduler, random } = this.context;
    const { numbers, trust } = this.settings;
    return from(import('./dial.js')).pipe(
      switchMap(({ dialWebSocket }) => dialWebSocket(place, addr, { numbers, trust, scheduler, random })),
    );
  }

  listen(addr: Multiaddr): Observable<ListenEvent> {
    const place = this.canListen(addr) ? placeOf(addr) : undefined;
    return place === undefined
      ? throwError(() => unsupported('listen on', addr))
      : this.listenAt(place, addr);
  }

  private listenAt(place: Place, addr: Multiaddr): Observable<ListenEvent> {
    const { scheduler } = this.context;
    const { numbers, certificate, allowOrigin } = this.settings;
    const deps = { numbers, scheduler, allowOrigin, certificate };
    const ports = sharedPortsOf(this.context);
    return from(import('./listen.js')).pipe(
      switchMap(({ listenForWebSockets }) => listenForWebSockets(place, addr, deps, ports)),
    );
  }
}

function unsupported(what: string, addr: Multiaddr): Libp2pError {
  return new Libp2pError('ERR_ADDR_UNSUPPORTED', 'local', `websocket cannot ${what} ${addr.toString()}`);
}
