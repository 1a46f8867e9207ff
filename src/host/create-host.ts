/** Hosts on Node: the one file that names the platform's transports, clock and chance. */
import { platformRandom } from '../crypto/random.js';
import { debugLog } from '../logging/debug-log.js';
import { machine } from '../platform/machine.js';
import { nodeLookup } from '../platform/node-lookup.js';
import { monotonicScheduler } from '../platform/monotonic-scheduler.js';
import { writeStderr } from '../platform/stderr.js';
import { wallClock } from '../platform/wall-clock.js';
import { warn } from '../platform/warn.js';
import { noise } from '../protocols/noise/noise.js';
import { plaintext } from '../protocols/plaintext/plaintext.js';
import { yamux } from '../protocols/yamux/yamux.js';
import { quic, quicIsHere } from '../transports/quic/quic.js';
import { tcp } from '../transports/tcp.js';
import { tls } from '../transports/tls/tls.js';
import { webSocket } from '../transports/websocket/websocket.js';
import { buildHost } from './build-host.js';
import { descriptorLimit } from './dial-options.js';
import type { Host, HostOptions, NoServices, ServiceMap } from './contract.js';

/** @source OPT-53 */
const EVERYWHERE = ['/ip4/0.0.0.0', '/ip6/::'];

/**
 * A host that listens. All has a default: a fresh Ed25519 key, TCP (and QUIC, where its optional package is installed) on
 * free ports of every interface, WebSocket, TLS before noise, and yamux.
 * Rejects with ERR_INVALID_OPTION, which names the option and its value, or with ERR_LISTEN_FAILED if not one address
 * could be opened (one that failed beside others is a `listen:error` event). Leaves nothing behind when it rejects.
 *
 * @example
 * ```ts
 * import { createHost, noise, tcp, yamux } from 'rx-libp2p';
 *
 * // All of it has a default; these are some of the options.
 * const host = await createHost({
 *   listen: ['/ip4/127.0.0.1/tcp/0'],
 *   transports: [tcp()],
 *   security: [noise()],
 *   muxers: [yamux()],
 *   events: { next: ({ type }) => console.log(type) },
 * });
 * console.log(host.addrs.map(String));
 * await host.stop();
 * ```
 */
export function createHost<const S extends ServiceMap = NoServices>(
  options: HostOptions<S> = {},
): Promise<Host<S>> {
  const withQuic =
    options.transports === undefined && options.psk === undefined && quicIsHere(options.privateKey);
  const ways = withQuic ? ['tcp/0', 'udp/0/quic-v1'] : ['tcp/0'];
  return buildHost(options, {
    // @source OPT-41
    transports: withQuic ? [tcp(), quic(), webSocket()] : [tcp(), webSocket()],
    security: [tls(), noise()],
    insecure: [plaintext()],
    muxers: [yamux()],
    scheduler: monotonicScheduler,
    wallClock,
    random: platformRandom,
    warn,
    debug: debugLog(process.env['DEBUG'], writeStderr),
    lookup: nodeLookup(),
    descriptors: descriptorLimit(process.env),
    machine: machine(),
    // Who brings other transports knows where they listen.
    listen:
      options.transports === undefined
        ? EVERYWHERE.flatMap((host) => ways.map((way) => `${host}/${way}`))
        : [],
    forcePrivate: process.env['LIBP2P_FORCE_PNET'] === '1',
  });
}
