import { Libp2pError } from '../../core/errors.js';
import type { MuxerPart } from '../../core/parts.js';
import { Slab } from './batch.js';
import { INITIAL_WINDOW_BYTES } from './frame.js';
import { Heartbeats } from './heartbeat.js';
import { DEFAULT_LIMITS, type YamuxLimits } from './limits.js';
import { YamuxSession } from './session.js';

export type YamuxOptions = { readonly [K in keyof YamuxLimits]?: YamuxLimits[K] | undefined };

/**
 * The muxer `/yamux/1.0.0`: many streams over one channel, each with its own window, so that a reader that stops holds
 * back its own writer and nobody else. Throws ERR_INVALID_OPTION for an option that is unknown or not a count.
 *
 * @source yamux specification (libp2p/specs, yamux)
 */
export function yamux(options: YamuxOptions = {}): MuxerPart {
  const limits = checked(options);
  return {
    kind: 'muxer',
    protocol: '/yamux/1.0.0',
    create: ({ scheduler }) => {
      const shared = { scheduler, limits, slab: new Slab(), heartbeats: new Heartbeats(scheduler) };
      return {
        protocol: '/yamux/1.0.0',
        mux: (duplex, role, observer) => new YamuxSession(duplex, role, observer, shared),
      };
    },
  };
}

function checked(options: YamuxOptions): YamuxLimits {
  const limits: Record<string, number> = { ...DEFAULT_LIMITS };
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const least = name === 'maxStreamWindowBytes' ? INITIAL_WINDOW_BYTES : 0;
    if (!(name in DEFAULT_LIMITS))
      throw new Libp2pError(
        'ERR_INVALID_OPTION',
        'local',
        `yamux has no option "${name}" (its value: ${String(value)})`,
      );
    if (!Number.isSafeInteger(value) || value < least) {
      throw new Libp2pError(
        'ERR_INVALID_OPTION',
        'local',
        `yamux: ${name} is ${String(value)}; it takes a whole number from ${String(least)} on`,
      );
    }
    limits[name] = value;
  }
  return { ...DEFAULT_LIMITS, ...limits };
}
