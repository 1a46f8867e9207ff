/** Hosts in browsers: nothing here names a Node module. There is no TCP. */
import { platformRandom } from '../crypto/random.js';
import { dnsOverHttps } from '../platform/https-lookup.js';
import { monotonicScheduler } from '../platform/monotonic-scheduler.js';
import { BROWSER_LIMITS } from '../peerstore/limits.js';
import { wallClock } from '../platform/wall-clock.js';
import { warn } from '../platform/warn.js';
import { noise } from '../protocols/noise/noise.js';
import { plaintext } from '../protocols/plaintext/plaintext.js';
import { yamux } from '../protocols/yamux/yamux.js';
import { memory } from '../transports/memory.js';
import { webSocket } from '../transports/websocket/websocket.browser.js';
import { buildHost } from './build-host.js';
import type { Host, HostOptions, NoServices, ServiceMap } from './contract.js';

/** As on Node, but for the transports: WebSocket, which only dials, and memory. */
export function createHost<const S extends ServiceMap = NoServices>(
  options: HostOptions<S> = {},
): Promise<Host<S>> {
  return buildHost(options, {
    transports: [webSocket(), memory()],
    security: [noise()],
    insecure: [plaintext()],
    muxers: [yamux()],
    scheduler: monotonicScheduler,
    wallClock,
    random: platformRandom,
    storeLimits: BROWSER_LIMITS,
    warn,
    lookup: dnsOverHttps(),
    machine: { small: true },
    listen: [],
  });
}
